//! Rust source as words and signs, without comments and texts.

/// Names, `::`, and all other signs one by one.
pub(super) struct Tokens(pub(super) Vec<String>);

impl Tokens {
    /// Is this what stands there?
    pub(super) fn is(&self, at: usize, token: &str) -> bool {
        self.0.get(at).is_some_and(|found| found == token)
    }

    /// Does the code use this name by itself?
    pub(super) fn has_name(&self, name: &str) -> bool {
        let declared = |at: usize| {
            ["mod", "::", "."]
                .iter()
                .any(|before| at > 0 && self.is(at - 1, before))
        };
        (0..self.0.len()).any(|at| self.is(at, name) && !declared(at))
    }

    /// Every `a::b::c`.
    pub(super) fn paths(&self) -> Vec<Vec<String>> {
        let (mut paths, mut at) = (Vec::new(), 0);
        while at < self.0.len() {
            let mut path = Vec::new();
            while self.0.get(at).is_some_and(|token| is_name(token)) {
                path.push(self.0[at].clone());
                if !self.is(at + 1, "::") {
                    break;
                }
                at += 2;
            }
            if path.len() > 1 {
                paths.push(path);
            }
            at += 1;
        }
        paths
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Takes a source apart.
pub(super) fn tokens(text: &str) -> Tokens {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let name = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let used = match c {
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            '"' => quoted(rest),
            '\'' => letter(rest),
            _ if name > 0 => raw(rest).unwrap_or_else(|| {
                found.push(rest[..name].to_owned());
                name
            }),
            _ if rest.starts_with("::") => {
                found.push("::".to_owned());
                2
            }
            _ => {
                if !c.is_whitespace() {
                    found.push(c.to_string());
                }
                c.len_utf8()
            }
        };
        rest = &rest[used..];
    }
    Tokens(found)
}

/// The length of a text in quotes.
fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    rest.len()
}

/// The length of a raw text, if one begins here.
fn raw(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let inner = body.trim_start_matches('#');
    let hashes = body.len() - inner.len();
    let inner = inner.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let at = inner.find(&end)?;
    Some(rest.len() - inner.len() + at + end.len())
}

/// The length of a character in quotes; of a lifetime, its quote alone.
fn letter(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), _) => rest[3..].find('\'').map_or(1, |at| at + 4),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}
