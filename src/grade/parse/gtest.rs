//! Google Test's lines.

use super::cpp::numbered;
use super::scan::{after_blank, lines, lines_with, number};
use super::{Results, Status};

/// `[       OK ] Suite.test (1 ms)`; where there is none, the counts of the last lines.
pub(super) fn parse(log: &str) -> Results {
    let mut results = Results::default();
    for line in lines(log) {
        if let Some((name, status)) = test(line) {
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

fn test(line: &str) -> Option<(&str, Status)> {
    let last = line.rfind('(')?;
    line.match_indices('[')
        .take_while(|(at, _)| *at < last)
        .find_map(|(at, _)| {
            let (status, rest) = verdict(&line[at + 1..])?;
            let (name, _) = after_blank(rest)?.split_once('(')?;
            // The value of a parameter is not part of the name.
            let name = name.split(", where ").next().unwrap_or(name).trim_end();
            (!name.is_empty()).then_some((name, status))
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
