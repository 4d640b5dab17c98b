//! Google Test's lines.

use super::results::numbered;
use super::scan::{after_blank, lines, lines_with, number};
use super::{Results, Status};

/// `[       OK ] Suite.test (1 ms)`; where there is none, the counts of the last lines.
pub(super) fn parse(log: &str) -> Results {
    let mut results = Results::default();
    for line in lines(log) {
        for (name, status) in tests(line) {
            results.set(name, status);
        }
    }
    if results.is_empty() {
        let sum = |word| {
            lines_with(log, "[  ")
                .filter_map(|line| counted(line, word))
                .fold(0, u32::saturating_add)
        };
        numbered(&mut results, "", 0, [sum("PASSED"), sum("FAILED"), 0]);
    }
    results
}

/// All that a line says: a test may have printed the beginning of it, so that no verdict is passed over.
fn tests(line: &str) -> impl Iterator<Item = (&str, Status)> {
    let last = line.rfind('(').unwrap_or(0);
    line.match_indices('[')
        .take_while(move |(at, _)| *at < last)
        .filter_map(|(at, _)| {
            let (status, rest) = verdict(&line[at + 1..])?;
            // A name has neither bracket in it.
            let end = rest.find(['(', '['])?;
            Some((name(&rest[..end])?, status))
        })
}

/// The name at the beginning of this. The value of a parameter is not part of it.
fn name(text: &str) -> Option<&str> {
    let text = after_blank(text)?;
    let name = text.split(", where ").next().unwrap_or(text).trim_end();
    (!name.is_empty()).then_some(name)
}

/// Those of the list below `[  FAILED  ] 2 tests, listed below:`, where a name stands without a time.
pub(super) fn listed(log: &str) -> impl Iterator<Item = &str> {
    lines_with(log, "[  FAILED  ] ").filter_map(|line| {
        let (_, rest) = line.rsplit_once("[  FAILED  ]")?;
        counted(line, "FAILED").is_none().then(|| name(rest)).flatten()
    })
}

/// `       OK ]`, and what follows.
fn verdict(text: &str) -> Option<(Status, &str)> {
    let words = [
        ("OK", Status::Passed),
        ("FAILED", Status::Failed),
        ("SKIPPED", Status::Skipped),
    ];
    let text = text.trim_start();
    words.iter().find_map(|(word, status)| {
        let rest = text.strip_prefix(word)?.trim_start().strip_prefix(']')?;
        Some((*status, rest))
    })
}

/// `[  PASSED  ] 3 tests.`
pub(super) fn counted(line: &str, word: &str) -> Option<u32> {
    let at = line.find("[  ")?;
    let rest = line[at + 3..].strip_prefix(word)?.strip_prefix("  ]")?;
    let (count, rest) = number(after_blank(rest)?)?;
    rest.starts_with(" test").then_some(count)
}
