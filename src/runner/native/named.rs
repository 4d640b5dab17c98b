//! The paths that a patch names, and whether it may name them. Pure.
//!
//! Invariant: a path from here is relative, stays in the repository, leads through no link of the patch's
//! own, is not git's own, and holds no character that could end a line or steer a terminal.

use std::collections::BTreeSet;

/// Every path that the patch creates, changes, moves or removes; or why it must not be applied.
pub(super) fn named(patch: &str, repo: &str) -> Result<BTreeSet<String>, String> {
    let mut reading = Reading::default();
    for line in patch.split('\n') {
        if !reading.content(line) {
            reading.header(line)?;
        }
    }
    reading.end_block()?;
    let mut links = BTreeSet::new();
    for (path, target) in &reading.links {
        if leaves(path, target, repo) {
            return Err(format!("the link {} leads out of the repository", path.escape_debug()));
        }
        links.insert(path.as_str());
    }
    for path in &reading.paths {
        let mut parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        if let Some(link) = parents.find(|parent| links.contains(parent)) {
            return Err(format!(
                "{} is written through the link {}",
                path.escape_debug(),
                link.escape_debug()
            ));
        }
    }
    Ok(reading.paths)
}

/// What is known at a line of the patch.
#[derive(Default)]
struct Reading {
    paths: BTreeSet<String>,
    /// Links, and what they lead to.
    links: Vec<(String, String)>,
    /// Of the block that is being read.
    block: Block,
    /// Lines of content that the hunk still has: old ones, new ones.
    left: (u64, u64),
}

#[derive(Default)]
struct Block {
    /// What `diff --git` says, for blocks that say nothing else.
    first: Option<String>,
    names: Vec<String>,
    link: bool,
    added: String,
}

impl Reading {
    /// Takes a line of a hunk; false if it is none.
    fn content(&mut self, line: &str) -> bool {
        let (old, new) = &mut self.left;
        if *old == 0 && *new == 0 {
            return false;
        }
        match line.as_bytes().first() {
            // Some tools trim the blank of an empty line.
            Some(b' ') | None => (*old, *new) = (old.saturating_sub(1), new.saturating_sub(1)),
            Some(b'+') => {
                *new = new.saturating_sub(1);
                if self.block.link {
                    self.block.added.push_str(&line[1..]);
                }
            }
            Some(b'-') => *old = old.saturating_sub(1),
            Some(b'\\') => {}
            Some(_) => {
                self.left = (0, 0);
                return false;
            }
        }
        true
    }

    fn header(&mut self, line: &str) -> Result<(), String> {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if let Some(names) = line.strip_prefix("diff --git ") {
            self.end_block()?;
            self.block.first = Some(names.to_owned());
        } else if let Some(name) = line.strip_prefix("--- ") {
            // A plain diff has no other sign that a block ends.
            if self.block.names.len() > 1 && self.block.first.is_none() {
                self.end_block()?;
            }
            self.name(name, true)?;
        } else if let Some(name) = line.strip_prefix("+++ ").or(line.strip_prefix("Index: ")) {
            self.name(name, true)?;
        } else if let Some(hunk) = line.strip_prefix("@@ -") {
            self.left = counts(hunk).unwrap_or((0, 0));
        } else {
            for word in ["rename from ", "rename to ", "copy from ", "copy to "] {
                if let Some(name) = line.strip_prefix(word) {
                    self.name(name, false)?;
                }
            }
            let mode = line.starts_with("new file mode ") || line.starts_with("new mode ") || line.starts_with("index ");
            self.block.link |= mode && line.ends_with(" 120000");
        }
        Ok(())
    }

    /// Takes a name as the patch writes it; `strip` its first part, as `-p1` does.
    fn name(&mut self, written: &str, strip: bool) -> Result<(), String> {
        let name = if written.starts_with('"') {
            unquoted(written)?.0
        } else {
            // A time may follow a tab.
            written.split('\t').next().unwrap_or_default().to_owned()
        };
        if strip && name == "/dev/null" {
            return Ok(());
        }
        let path = checked(&name, strip)?;
        self.block.names.push(path);
        Ok(())
    }

    fn end_block(&mut self) -> Result<(), String> {
        let mut block = std::mem::take(&mut self.block);
        self.left = (0, 0);
        if let (Some(first), true) = (&block.first, block.names.is_empty()) {
            for name in both(first)? {
                block.names.push(checked(&name, true)?);
            }
        }
        if block.link && !block.added.is_empty() {
            let target = block.added;
            self.links.extend(block.names.last().map(|path| (path.clone(), target)));
        }
        self.paths.extend(block.names);
        Ok(())
    }
}

/// Of `1,2 +3,4 @@ …`: 2 and 4. A count that is missing is 1.
fn counts(hunk: &str) -> Option<(u64, u64)> {
    let (old, rest) = hunk.split_once(" +")?;
    let new = rest.split(' ').next()?;
    let count = |range: &str| range.split_once(',').map_or(Some(1), |(_, count)| count.parse().ok());
    Some((count(old)?, count(new)?))
}

/// The two names of a `diff --git` line.
fn both(names: &str) -> Result<Vec<String>, String> {
    let unclear = || format!("a block names no file that can be told: {}", names.escape_debug());
    if names.starts_with('"') {
        let (one, rest) = unquoted(names)?;
        let rest = rest.trim_start();
        let two = if rest.starts_with('"') { unquoted(rest)?.0 } else { rest.to_owned() };
        return Ok(vec![one, two]);
    }
    if let Some(at) = names.find(" \"") {
        return Ok(vec![names[..at].to_owned(), unquoted(&names[at + 1..])?.0]);
    }
    // Both are the same but for their first letter, so the blank between them is in the middle.
    let middle = names.len() / 2;
    let halves = names.split_at_checked(middle).and_then(|(one, two)| Some((one, two.strip_prefix(' ')?)));
    let (one, two) = halves.or_else(|| names.split_once(' ')).ok_or_else(unclear)?;
    Ok(vec![one.to_owned(), two.to_owned()])
}

/// A name in quotes, as git and GNU tools write it, and what follows it.
fn unquoted(text: &str) -> Result<(String, &str), String> {
    let bad = || format!("a name in quotes that is not well written: {}", text.escape_debug());
    let bytes = text.as_bytes();
    let mut name = Vec::new();
    let mut at = 1;
    loop {
        match bytes.get(at).ok_or_else(bad)? {
            b'"' => break,
            b'\\' => {
                let escape = *bytes.get(at + 1).ok_or_else(bad)?;
                at += 1;
                name.push(match escape {
                    b'a' => 7,
                    b'b' => 8,
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 11,
                    b'f' => 12,
                    b'r' => b'\r',
                    b'"' | b'\\' => escape,
                    b'0'..=b'3' => {
                        let digits = text.get(at..at + 3).ok_or_else(bad)?;
                        at += 2;
                        u8::from_str_radix(digits, 8).map_err(|_| bad())?
                    }
                    _ => return Err(bad()),
                });
            }
            byte => name.push(*byte),
        }
        at += 1;
    }
    let name = String::from_utf8(name).map_err(|_| format!("a name that is not UTF-8: {}", text.escape_debug()))?;
    Ok((name, &text[at + 1..]))
}

/// A name that may be applied, without its first part if so asked.
fn checked(name: &str, strip: bool) -> Result<String, String> {
    let shown = name.escape_debug();
    if name.starts_with('/') {
        return Err(format!("{shown} is an absolute path"));
    }
    if name.chars().any(char::is_control) {
        return Err(format!("{shown} holds control characters"));
    }
    let path = name.split_once('/').filter(|_| strip).map_or(name, |(_, rest)| rest);
    for part in name.split('/') {
        match part {
            "" => return Err(format!("{shown} is no path of a file")),
            "." | ".." => return Err(format!("{shown} leads out of the tree")),
            part if part.eq_ignore_ascii_case(".git") => return Err(format!("{shown} is git's own")),
            _ => {}
        }
    }
    Ok(path.to_owned())
}

/// Does a link at `path` lead out of the repository?
fn leaves(path: &str, target: &str, repo: &str) -> bool {
    let repo = repo.trim_end_matches('/');
    let (mut depth, rest) = match target.strip_prefix('/') {
        None => (path.matches('/').count(), target),
        Some(_) => match target.strip_prefix(repo) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => (0, rest),
            _ => return true,
        },
    };
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            part if part.eq_ignore_ascii_case(".git") => return true,
            _ => depth += 1,
        }
    }
    false
}

#[cfg(test)]
mod tests;
