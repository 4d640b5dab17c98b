//! Where a pytest session reports, and that it came to its end.

use std::ops::Range;

use super::scan::{counted, lines, lines_back, number, spans, spans_with, uncoloured};
use super::{Sign, Status};

const SUMMARY: &str = "short test summary info";
const START: &str = "test session starts";

/// The last line of the form `== 3 passed, 1 failed in 0.12s ==`.
pub(super) fn sign(log: &str) -> Sign {
    lines_back(log)
        .filter(|line| line.contains(" in "))
        .find_map(|line| closing(&uncoloured(line)))
        .unwrap_or(Sign::Missing)
}

/// The last summary, where it lists what passed. Else, for versions that print each test as it ends, from
/// the beginning of the session to its first section, since the sections quote what tests have printed.
pub(super) fn report_range(log: &str) -> Range<usize> {
    let summary = summary(log);
    let lists = |range: &Range<usize>| lines(&log[range.clone()]).any(lists_a_pass);
    if let Some(summary) = summary.clone().filter(lists) {
        return summary;
    }
    let ends_in_status = |line: &str| {
        let line = uncoloured(line);
        let line = line.trim_end();
        Status::ALL.iter().any(|status| line.ends_with(status.word())) || line.ends_with("%]")
    };
    let shows = |range: &Range<usize>| lines(&log[range.clone()]).any(ends_in_status);
    progress(log).filter(shows).or(summary).unwrap_or(0..log.len())
}

fn lists_a_pass(line: &str) -> bool {
    uncoloured(line).starts_with("PASSED ")
}

/// From the last heading of a summary to the session's last line.
fn summary(log: &str) -> Option<Range<usize>> {
    let (start, _) = spans_with(log, SUMMARY)
        .filter(|(_, line)| is_heading(line, SUMMARY))
        .last()?;
    let end = spans(&log[start..])
        .find(|(_, line)| closing(&uncoloured(line)).is_some())
        .map_or(log.len(), |(at, line)| start + at + line.len());
    Some(start..end)
}

/// From the session's first line to its first section.
fn progress(log: &str) -> Option<Range<usize>> {
    let (start, _) = spans_with(log, START).find(|(_, line)| is_heading(line, START))?;
    let end = spans(&log[start..])
        .skip(1)
        .find(|(_, line)| heading(line).is_some())
        .map_or(log.len(), |(at, _)| start + at);
    Some(start..end)
}

fn is_heading(line: &str, words: &str) -> bool {
    heading(line).as_deref() == Some(words)
}

/// What stands in `===== words =====`.
fn heading(line: &str) -> Option<String> {
    if !line.contains("==") {
        return None;
    }
    let line = uncoloured(line);
    let line = line.trim();
    let words = line.strip_prefix("==")?.trim_start_matches('=');
    let words = words.strip_suffix("==")?.trim_end_matches('=');
    Some(words.trim().to_owned())
}

/// The counts of a session's last line, with or without its frame.
fn closing(line: &str) -> Option<Sign> {
    let (list, time) = line.trim().trim_matches('=').trim().rsplit_once(" in ")?;
    let (_, rest) = number(time)?;
    let rest = rest
        .strip_prefix('.')
        .and_then(number)
        .map_or(rest, |(_, rest)| rest);
    let rest = rest.trim_start();
    if !(rest == "s" || rest == "seconds" || rest.starts_with("s (")) {
        return None;
    }
    if list == "no tests ran" {
        return Some(counts(0, 0, 0, 0));
    }
    let (mut passed, mut failed, mut errors, mut others) = (0, 0, 0, 0u32);
    let mut parts = 0;
    for (count, word) in counted(list) {
        match word {
            "passed" => passed = count,
            "failed" => failed = count,
            "error" | "errors" => errors = count,
            "skipped" | "xfailed" | "xpassed" => others = others.saturating_add(count),
            "deselected" | "warning" | "warnings" | "rerun" | "reruns" => {}
            _ if word.ends_with("subtests passed") => {}
            _ => return None,
        }
        parts += 1;
    }
    (parts > 0 && parts == list.split(',').count()).then(|| counts(passed, failed, errors, others))
}

fn counts(passed: u32, failed: u32, errors: u32, others: u32) -> Sign {
    Sign::Ended {
        passed: Some(passed),
        failed: Some(failed),
        errors: Some(errors),
        total: Some(
            [failed, errors, others]
                .into_iter()
                .fold(passed, u32::saturating_add),
        ),
    }
}
