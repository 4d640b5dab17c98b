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

/// The lists of all reports of a log, first to last: from each heading to the session's last line, or to the next
/// heading.
pub(super) fn lists(log: &str) -> Vec<Range<usize>> {
    let starts: Vec<usize> = spans_with(log, SUMMARY)
        .filter(|(_, line)| is_heading(line, SUMMARY))
        .map(|(start, _)| start)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([log.len()]);
    let list = |(start, end): (&usize, usize)| {
        let closes = spans(&log[*start..end]).find(|(_, line)| closing(&uncoloured(line)).is_some());
        *start..closes.map_or(end, |(at, line)| start + at + line.len())
    };
    starts.iter().zip(ends).map(list).collect()
}

/// How many lines of each kind a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds {
    /// Of passed tests.
    pub passed: u32,
    /// Of failed tests, and of failed parts of tests.
    pub failed: u32,
    /// Of errors.
    pub errors: u32,
    /// Of tests that were skipped, or ended otherwise than expected.
    pub others: u32,
    /// There are lines of parts of tests, whose others are not all counted.
    pub parts: bool,
}

/// Counts the lines of a list.
pub(super) fn kinds(list: &str) -> Kinds {
    let mut kinds = Kinds::default();
    for line in lines(list) {
        let line = uncoloured(line);
        // `SUBFAILED[part] (i=1) t.py::test`, or, by the plug-in, `[part] (i=1) SUBFAIL t.py::test`.
        let part = line.strip_prefix("SUB").or_else(|| {
            let described = line.starts_with(['[', '(']);
            described
                .then(|| line.split_once(" SUB"))
                .flatten()
                .map(|(_, part)| part)
        });
        if let Some(part) = part {
            kinds.parts = true;
            kinds.failed = kinds.failed.saturating_add(u32::from(part.starts_with("FAIL")));
            continue;
        }
        let Some((status, rest)) = Status::leading(&line).filter(|(_, rest)| rest.starts_with(' ')) else {
            continue;
        };
        let (count, most) = match status {
            Status::Passed => (&mut kinds.passed, 1),
            Status::Failed => (&mut kinds.failed, 1),
            Status::Error => (&mut kinds.errors, 1),
            Status::Xfail | Status::Xpass => (&mut kinds.others, 1),
            // One line for all that were skipped in one place: `SKIPPED [3] t.py:7: why`.
            Status::Skipped => {
                let folded = rest.trim_start().strip_prefix('[').and_then(number);
                (&mut kinds.others, folded.map_or(1, |(n, _)| n))
            }
        };
        *count = count.saturating_add(most);
    }
    kinds
}

/// Does a list have lines that pytest never writes into it: of its progress, or of a section that comes before it?
/// Then a test has printed it.
pub(super) fn is_interrupted(list: &str) -> bool {
    lines(list).skip(1).any(|line| {
        let line = uncoloured(line);
        let line = line.trim();
        let shown = line
            .strip_suffix("%]")
            .and_then(|rest| Some(rest.rsplit_once('[')?.1));
        let percent =
            shown.is_some_and(|shown| number(shown.trim_start()).is_some_and(|(_, rest)| rest.is_empty()));
        if Status::leading(line).is_some() {
            return false;
        }
        let dots = !line.is_empty() && line.bytes().all(|byte| b".FEsxXuR,".contains(&byte));
        percent
            || dots
            || heading(line).is_some_and(|words| matches!(words.as_str(), "FAILURES" | "ERRORS" | "PASSES"))
    })
}

/// Is there anything in a text by which a session ends, or parts its sections?
pub(super) fn parts_sections(text: &str) -> bool {
    lines(text).any(|line| {
        let line = uncoloured(line);
        let ruled = |sign: &str| line.trim().starts_with(sign) && line.trim().ends_with(sign);
        closing(&line).is_some() || heading(&line).is_some() || ruled("___") || ruled("---")
    })
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
    if !(rest == "s" || rest == "seconds" || rest.starts_with("s (") || rest.starts_with("s(")) {
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
            // Their failures are among the failed, too.
            _ if word.starts_with("subtests ") || word.starts_with("subtest ") => {}
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
