//! Configuration that is for the test runner and for others: its sections taken from before the patch, the rest from after.
//! Pure, and by lines where lines are enough: what cannot be told apart is said to be unclear.

mod blocks;
mod merged;
mod package;
mod project;

pub(super) use merged::Merged;

use blocks::{blocks, texts};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// `tox.ini`, `setup.cfg`.
    Ini,
    /// `pyproject.toml`.
    Toml,
    /// `package.json`.
    Json,
}

/// The later state with the runner's sections of the earlier one.
pub(super) fn merge(format: Format, before: &str, after: &str) -> Merged {
    match format {
        Format::Ini => by_blocks(before, after, ini_steers),
        Format::Toml if project::is_unclear(before, after) => Merged::Unclear,
        Format::Toml => by_blocks(before, after, project::steers),
        Format::Json => package::merge(before, after),
    }
}

/// Words by which a solution that changes such a section can be told.
const WORDS: &[&str] = &[
    "pytest", "tox", "testenv", "nose", "unittest", "jest", "mocha", "vitest", "\"test", "aliases",
];

/// Does this patch speak of the runner where it changes this file?
pub(super) fn are_meant(diff: &str, path: &str) -> bool {
    let mut inside = false;
    for line in diff.lines() {
        if let Some(names) = line.strip_prefix("diff --git ") {
            inside = names.ends_with(path);
        } else if let Some(name) = line.strip_prefix("+++ ") {
            inside = name.trim_end().ends_with(path);
        } else if inside && !line.starts_with("--- ") && WORDS.iter().any(|word| line.contains(word)) {
            return true;
        }
    }
    false
}

fn by_blocks(before: &str, after: &str, steers: fn(&str) -> bool) -> Merged {
    let (old, new) = (blocks(before, steers), blocks(after, steers));
    let (was, is) = (texts(&old, true), texts(&new, true));
    let said = |texts: &[&str]| -> Vec<String> {
        let mut said: Vec<String> = texts.iter().map(|text| text.trim().to_owned()).collect();
        said.sort();
        said
    };
    if said(&was) == said(&is) {
        return Merged::Same;
    }
    let mut text = texts(&new, false).concat();
    for block in was {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(block);
    }
    Merged::Text(text)
}

fn ini_steers(header: &str) -> bool {
    matches!(
        header,
        "pytest" | "tool:pytest" | "tox" | "nosetests" | "unittest" | "aliases"
    ) || header.starts_with("testenv")
        || header.starts_with("tox:")
}

#[cfg(test)]
mod tests;
