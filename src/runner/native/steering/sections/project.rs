//! The tables of a `pyproject.toml` that are a runner's. Keys can be written in many ways; those that no header shows make
//! a file unclear.

use super::blocks::header;

/// The tables of runners, and what makes a package a plug-in of pytest.
const TABLES: &[&[&str]] = &[
    &["tool", "pytest"],
    &["tool", "tox"],
    &["tool", "nox"],
    &["tool", "hatch", "envs"],
    &["project", "entry-points", "pytest11"],
    &["tool", "poetry", "plugins", "pytest11"],
];

/// Is the table of this header one of theirs?
pub(super) fn steers(header: &str) -> bool {
    let path = keys(header);
    TABLES.iter().any(|table| path.starts_with(&owned(table)))
}

/// Is there a key of a runner's outside of its own tables, in one state and not in the other? Or one that is written so that
/// it cannot be read here?
pub(super) fn is_unclear(before: &str, after: &str) -> bool {
    strays(before) != strays(after)
}

/// The lines that set a key of a runner's, or one that may hold one, below another header; and headers with escapes.
fn strays(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut theirs = false;
    for line in text.lines().map(str::trim) {
        if let Some(header) = header(line) {
            if header.contains('\\') {
                found.push(line);
            }
            (path, theirs) = (keys(header), steers(header));
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| !theirs && !line.starts_with('#')) else {
            continue;
        };
        let full: Vec<String> = path.iter().cloned().chain(keys(key)).collect();
        let is = TABLES.iter().any(|table| full.starts_with(&owned(table)));
        // `tool = { pytest = … }`
        let holds = value.contains('{') && TABLES.iter().any(|table| owned(table).starts_with(&full));
        if is || holds || key.contains('\\') {
            found.push(line);
        }
    }
    found.sort_unstable();
    found
}

/// `tool . "pytest"`: the keys, without blanks and quotes.
fn keys(dotted: &str) -> Vec<String> {
    let plain = |key: &str| key.trim().trim_matches(['"', '\'']).to_owned();
    dotted.split('.').map(plain).collect()
}

fn owned(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}
