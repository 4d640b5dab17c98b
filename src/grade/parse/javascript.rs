//! Jest and mocha.

use serde_json::Value;
use sha1::{Digest as _, Sha1};

use super::scan::{counted, lines, lines_back, lines_with};
use super::{Results, Sign, Status};

/// `✓ name (3 ms)`: the name without the blocks around it.
pub(super) fn jest(log: &str) -> Results {
    let mut results = Results::default();
    for line in lines(log) {
        let line = line.trim();
        let mut rest = line.chars();
        let status = match rest.next() {
            Some('✓') => Status::Passed,
            Some('✕') => Status::Failed,
            Some('○') => Status::Skipped,
            _ => continue,
        };
        if let Some(name) = rest.as_str().strip_prefix(char::is_whitespace) {
            results.set(untimed(name), status);
        }
    }
    results
}

/// The name without ` (3 ms)`.
fn untimed(name: &str) -> &str {
    let time = || {
        let (rest, time) = name.strip_suffix(')')?.rsplit_once('(')?;
        let digits = time.strip_suffix('s')?;
        let digits = digits.strip_suffix('m').unwrap_or(digits).trim_end();
        let shorter = rest.strip_suffix(char::is_whitespace)?;
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        (is_number && !shorter.is_empty()).then_some(shorter)
    };
    time().unwrap_or(name)
}

/// `● Suite › name`, above what went wrong: the last part.
pub(super) fn jest_listed(log: &str) -> impl Iterator<Item = &str> {
    const OTHERS: [&str; 3] = ["Console", "Test suite failed to run", "Validation Warning"];
    lines_with(log, "●").filter_map(|line| {
        let name = line.trim().strip_prefix("● ")?;
        let name = name.rsplit_once(" › ").map_or(name, |(_, name)| name).trim();
        (!OTHERS.contains(&name)).then_some(name)
    })
}

/// `[PASSED] whole name`, which is what a filter makes of jest's own JSON.
pub(super) fn jest_json(log: &str) -> Results {
    let mut results = Results::default();
    for line in lines(log).map(str::trim) {
        let passed = line.strip_prefix("[PASSED]").map(|rest| (rest, Status::Passed));
        let found = passed.or_else(|| Some((line.strip_prefix("[FAILED]")?, Status::Failed)));
        if let Some((rest, status)) = found
            && let Some(name) = rest.strip_prefix(char::is_whitespace)
        {
            results.set(name, status);
        }
    }
    results
}

/// `["pass", {"title": …, "file": …}]`. The name has five digits of the file's hash before the title.
pub(super) fn mocha_json(log: &str) -> Results {
    let mut results = Results::default();
    for (kind, test) in lines(log).filter_map(stream) {
        let status = match kind.as_str() {
            "pass" => Status::Passed,
            "fail" => Status::Failed,
            _ => continue,
        };
        if let (Some(Value::String(title)), Some(Value::String(file))) = (test.get("title"), test.get("file"))
        {
            results.set(format!("[{}] {title}", fingerprint(file)), status);
        }
    }
    results
}

fn fingerprint(file: &str) -> String {
    let digest = Sha1::digest(file.as_bytes());
    let mut text = format!("{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2]);
    text.truncate(5);
    text
}

/// A line of mocha's `json-stream`.
fn stream(line: &str) -> Option<(String, Value)> {
    let line = line.trim();
    let items: Vec<Value> = line
        .starts_with('[')
        .then(|| serde_json::from_str(line).ok())
        .flatten()?;
    let mut items = items.into_iter();
    match (items.next()?, items.next()?) {
        (Value::String(kind), value) => Some((kind, value)),
        _ => None,
    }
}

/// `["end", {"passes": …, "failures": …}]`.
pub(super) fn mocha_sign(log: &str) -> Sign {
    lines_back(log)
        .filter_map(stream)
        .find(|(kind, _)| kind == "end")
        .map_or(Sign::Missing, |(_, stats)| {
            let count = |name: &str| stats.get(name)?.as_u64()?.try_into().ok();
            Sign::Ended {
                passed: count("passes"),
                failed: count("failures"),
                errors: None,
                total: count("tests"),
            }
        })
}

/// `Tests:       1 failed, 2 passed, 3 total`, of all runs together.
pub(super) fn jest_sign(log: &str) -> Sign {
    let mut all = Sign::Missing;
    for line in lines_with(log, "Tests:") {
        let Some(list) = line.trim_start().strip_prefix("Tests:") else {
            continue;
        };
        let count = |name| counted(list).find(|(_, word)| *word == name).map(|(n, _)| n);
        if let Some(total) = count("total") {
            all = all.and(Sign::Ended {
                passed: Some(count("passed").unwrap_or(0)),
                failed: Some(count("failed").unwrap_or(0)),
                errors: None,
                total: Some(total),
            });
        }
    }
    all
}
