//! Reading a patch line by line: which blocks it has, and what each one names. Content that looks like a header
//! is none: hunks say how long they are.

use std::collections::BTreeSet;

use super::quoted::unquoted;

/// What is known at a line of the patch.
#[derive(Default)]
pub(super) struct Reading {
    /// Every path that is named.
    pub(super) paths: BTreeSet<String>,
    /// Of the paths, those that are there once the patch is applied.
    pub(super) written: BTreeSet<String>,
    /// Links, and what they lead to.
    pub(super) links: Vec<(String, String)>,
    /// Of the block that is being read.
    block: Block,
    /// Lines of content that the hunk still has: old ones, new ones.
    left: (u64, u64),
}

#[derive(Default)]
struct Block {
    /// What `diff --git` says, for blocks that say nothing else.
    first: Option<String>,
    /// Paths, and whether they are written.
    names: Vec<(String, bool)>,
    link: bool,
    deleted: bool,
    added: String,
}

impl Reading {
    /// Takes a line of a hunk; false if it is none.
    pub(super) fn content(&mut self, line: &str) -> bool {
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

    /// Takes a line that is none of a hunk.
    pub(super) fn header(&mut self, line: &str) -> Result<(), String> {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if let Some(names) = line.strip_prefix("diff --git ") {
            self.end_block()?;
            self.block.first = Some(names.to_owned());
        } else if let Some(name) = line.strip_prefix("--- ") {
            // A plain diff has no other sign that a block ends.
            if self.block.names.len() > 1 && self.block.first.is_none() {
                self.end_block()?;
            }
            self.name(name, true, false)?;
        } else if let Some(name) = line.strip_prefix("+++ ").or(line.strip_prefix("Index: ")) {
            self.name(name, true, true)?;
        } else if let Some(hunk) = line.strip_prefix("@@ -") {
            self.left = counts(hunk).unwrap_or((0, 0));
        } else {
            for word in ["rename from ", "rename to ", "copy from ", "copy to "] {
                if let Some(name) = line.strip_prefix(word) {
                    self.name(name, false, word.ends_with("to "))?;
                }
            }
            let mode = line.starts_with("new file mode ")
                || line.starts_with("new mode ")
                || line.starts_with("index ");
            self.block.deleted |= line.starts_with("deleted file mode ");
            self.block.link |= mode && line.ends_with(" 120000");
        }
        Ok(())
    }

    /// Takes a name as the patch writes it; `strip` its first part, as `-p1` does.
    fn name(&mut self, text: &str, strip: bool, written: bool) -> Result<(), String> {
        let name = if text.starts_with('"') {
            unquoted(text)?.0
        } else {
            // A time may follow a tab.
            text.split('\t').next().unwrap_or_default().to_owned()
        };
        if strip && name == "/dev/null" {
            return Ok(());
        }
        let path = checked(&name, strip)?;
        self.block.names.push((path, written));
        Ok(())
    }

    /// Ends the block that is being read.
    pub(super) fn end_block(&mut self) -> Result<(), String> {
        let mut block = std::mem::take(&mut self.block);
        self.left = (0, 0);
        if let (Some(first), true) = (&block.first, block.names.is_empty()) {
            for name in both(first)? {
                block.names.push((checked(&name, true)?, !block.deleted));
            }
        }
        if block.link && !block.added.is_empty() {
            let target = block.added;
            self.links
                .extend(block.names.last().map(|(path, _)| (path.clone(), target)));
        }
        for (path, written) in block.names {
            self.written.extend(written.then(|| path.clone()));
            self.paths.insert(path);
        }
        Ok(())
    }
}

/// Of `1,2 +3,4 @@ …`: 2 and 4. A count that is missing is 1.
fn counts(hunk: &str) -> Option<(u64, u64)> {
    let (old, rest) = hunk.split_once(" +")?;
    let new = rest.split(' ').next()?;
    let count = |range: &str| {
        range
            .split_once(',')
            .map_or(Some(1), |(_, count)| count.parse().ok())
    };
    Some((count(old)?, count(new)?))
}

/// The two names of a `diff --git` line.
fn both(names: &str) -> Result<Vec<String>, String> {
    let unclear = || format!("a block names no file that can be told: {}", names.escape_debug());
    if names.starts_with('"') {
        let (one, rest) = unquoted(names)?;
        let rest = rest.trim_start();
        let two = if rest.starts_with('"') {
            unquoted(rest)?.0
        } else {
            rest.to_owned()
        };
        return Ok(vec![one, two]);
    }
    if let Some(at) = names.find(" \"") {
        return Ok(vec![names[..at].to_owned(), unquoted(&names[at + 1..])?.0]);
    }
    // Both are the same but for their first letter, so the blank between them is in the middle.
    let middle = names.len() / 2;
    let halves = names
        .split_at_checked(middle)
        .and_then(|(one, two)| Some((one, two.strip_prefix(' ')?)));
    let (one, two) = halves.or_else(|| names.split_once(' ')).ok_or_else(unclear)?;
    Ok(vec![one.to_owned(), two.to_owned()])
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
    let path = name
        .split_once('/')
        .filter(|_| strip)
        .map_or(name, |(_, rest)| rest);
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
