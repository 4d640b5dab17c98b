//! What looks like a secret wherever it stands: a password in a URL, a signature in its query, an `Authorization`
//! header, a key of a well-known kind. It is for processes that do not know the values.

/// In place of what is hidden.
const HIDDEN: &str = "[hidden]";

/// Parts of names that say that the value is a secret. Names are compared without `-`, `_` and `.`, in lower case.
const TELLING: [&str; 8] = [
    "signature",
    "token",
    "secret",
    "password",
    "passwd",
    "credential",
    "apikey",
    "accesskey",
];

/// Ends of names that say so in the query of a URL, where nothing else is named like that.
const TELLING_IN_A_QUERY: [&str; 4] = ["key", "sig", "auth", "pwd"];

/// How keys of services begin.
const BEGINNINGS: [&str; 9] = [
    "sk-",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "AKIA",
    "ASIA",
];

/// The fewest characters of such a key after its beginning.
const KEY: usize = 16;

/// The fewest characters of a value that stands beside a telling name in prose.
const VALUE: usize = 8;

/// The most characters of a header that are looked at.
const LINE: usize = 4096;

/// The text with all of these hidden. What a mark stands for already is left alone.
pub(super) fn hidden(text: &str) -> String {
    let mut found = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b':' => {
                found.extend(userinfo(text, at));
                found.extend(named(text, at));
            }
            b'=' => {
                found.extend(parameter(text, at));
                found.extend(named(text, at));
            }
            b' ' => found.extend(bearer(text, at)),
            b's' | b'g' | b'x' | b'A' => found.extend(key(text, at)),
            _ => {}
        }
    }
    found.retain(|(from, to)| from < to && !text[*from..*to].ends_with(']'));
    found.sort_unstable();
    let (mut shown, mut copied) = (String::with_capacity(text.len()), 0);
    for (from, to) in found {
        // Two of them may overlap: they are hidden as one.
        if from >= copied {
            shown.push_str(&text[copied..from]);
            shown.push_str(HIDDEN);
        }
        copied = copied.max(to);
    }
    shown.push_str(&text[copied..]);
    shown
}

/// The secret parts of a value that is a URL: they may be quoted by themselves.
pub(super) fn parts(value: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for (at, byte) in value.bytes().enumerate() {
        let part = match byte {
            b':' => userinfo(value, at).map(|(from, to)| {
                let user = &value[from..to];
                user.split_once(':').map_or(user, |(_, password)| password)
            }),
            b'=' => parameter(value, at).map(|(from, to)| &value[from..to]),
            _ => None,
        };
        parts.extend(part);
    }
    parts
}

type Range = (usize, usize);

/// Who logs in where a URL leads to. The name alone is no secret where keys are, as with ssh.
fn userinfo(text: &str, colon: usize) -> Option<Range> {
    let from = colon + 3;
    text.get(colon..from).filter(|sign| *sign == "://")?;
    let end = |c: char| c.is_whitespace() || "/?#\"'<>`\\".contains(c);
    let authority = &text[from..from + text[from..].find(end).unwrap_or(text.len() - from)];
    let user = &authority[..authority.rfind('@')?];
    let scheme = word_before(text, colon);
    let by_key = ["ssh", "sftp", "rsync"]
        .iter()
        .any(|known| scheme.ends_with(known));
    (!by_key || user.contains(':')).then_some((from, from + user.len()))
}

/// The value of a telling parameter in the query of a URL.
fn parameter(text: &str, equals: usize) -> Option<Range> {
    let name = word_before(text, equals);
    let start = equals - name.len();
    let before = text[..start].chars().next_back();
    let (name, ours) = match (before, name.strip_prefix("u0026")) {
        // A `&` as JSON writes it.
        (Some('\\'), Some(name)) => (name, true),
        (before, _) => (name, matches!(before, Some('?' | '&' | ';'))),
    };
    let name = plain(name);
    let telling = is_telling(&name) || TELLING_IN_A_QUERY.iter().any(|end| name.ends_with(end));
    let end = |c: char| c.is_whitespace() || "?&#;\"'<>(){}\\`,".contains(c);
    let from = equals + 1;
    let to = from + text[from..].find(end).unwrap_or(text.len() - from);
    (ours && telling).then_some((from, to))
}

/// What stands beside a telling name: `"api_key": "…"`, `X-Api-Key: …`, `Authorization: Basic …`.
fn named(text: &str, sign: usize) -> Option<Range> {
    let name = text[..sign].trim_end_matches(['"', '\'', '\\', ' ']);
    let name = plain(word_before(name, name.len()));
    let header = name.ends_with("authorization");
    if !header && !is_telling(&name) {
        return None;
    }
    let rest = text[sign + 1..].trim_start_matches(['"', '\'', '\\', ' ']);
    let mut from = text.len() - rest.len();
    let end = |c: char| c.is_whitespace() || "\"'<>(){}\\`,;&:=".contains(c);
    let word = |from: usize| from + text[from..].find(end).unwrap_or(text.len() - from);
    let mut to = word(from);
    let scheme = text[from..to].to_ascii_lowercase();
    if header && ["basic", "bearer", "token", "digest", "apikey"].contains(&scheme.as_str()) {
        from = text.len() - text[to..].trim_start_matches(' ').len();
        to = word(from);
        return Some((from, to));
    }
    if header && scheme.starts_with("aws4-") {
        let rest = text[to..].char_indices();
        let end = rest.take(LINE).find(|(_, c)| "\n\r\"'\\".contains(*c));
        return Some((to, end.map_or(text.len(), |(len, _)| to + len)));
    }
    looks_made(&text[from..to], VALUE).then_some((from, to))
}

/// Is this no word of prose, and no number?
fn looks_made(value: &str, least: usize) -> bool {
    let has = |kind: fn(&u8) -> bool| value.as_bytes().iter().any(kind);
    value.len() >= least && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
}

/// `Bearer …`, wherever it stands.
fn bearer(text: &str, blank: usize) -> Option<Range> {
    let from = blank + 1;
    if !word_before(text, blank).eq_ignore_ascii_case("bearer") {
        return None;
    }
    let end = |c: char| !(c.is_ascii_alphanumeric() || "-._~+/=".contains(c));
    let to = from + text[from..].find(end).unwrap_or(text.len() - from);
    looks_made(&text[from..to], VALUE).then_some((from, to))
}

/// A key that says of which service it is.
fn key(text: &str, from: usize) -> Option<Range> {
    let rest = text.get(from..)?;
    let beginning = BEGINNINGS
        .iter()
        .find(|beginning| rest.starts_with(**beginning))?;
    let before = text[..from].chars().next_back();
    if before.is_some_and(|c| c.is_alphanumeric() || "-_".contains(c)) {
        return None;
    }
    let end = |c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c));
    let to = from + rest.find(end).unwrap_or(rest.len());
    looks_made(&text[from..to], beginning.len() + KEY).then_some((from, to))
}

fn is_telling(name: &str) -> bool {
    // What a model reads and writes is counted in tokens.
    TELLING.iter().any(|part| name.contains(part)) && !name.ends_with("tokens")
}

/// The word that ends here: a name, as headers, variables and parameters have them.
fn word_before(text: &str, end: usize) -> &str {
    let text = &text[..end];
    let word = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    &text[text.trim_end_matches(word).len()..]
}

fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| !"-_.".contains(*c));
    letters.map(|c| c.to_ascii_lowercase()).collect()
}
