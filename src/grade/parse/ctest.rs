//! `CTest`'s lines.

use super::results::numbered;
use super::scan::{after_blank, lines, number, word};
use super::{Results, Status};

/// Lines on single tests; else as many tests as the last line counts.
pub(super) fn parse(log: &str) -> Results {
    let mut results = Results::default();
    for line in lines(log) {
        if let Some((name, status)) = test(line) {
            results.set(name, status);
        }
    }
    if results.is_empty()
        && let Some((failed, total)) = lines(log).find_map(summary)
    {
        numbered(&mut results, "", 0, [total - failed, failed, 0]);
    }
    results
}

/// `1/3 Test #1: name .....   Passed    0.02 sec`, or `.....***Failed`.
pub(super) fn test(line: &str) -> Option<(&str, Status)> {
    let (_, rest) = number(line.trim_start())?;
    let (_, rest) = number(rest.strip_prefix('/')?)?;
    let rest = after_blank(rest)?.strip_prefix("Test").and_then(after_blank)?;
    let (_, rest) = number(rest.strip_prefix('#')?)?;
    let rest = after_blank(rest.strip_prefix(':')?)?;
    // The first dots that a verdict follows.
    rest.match_indices(" .").find_map(|(at, _)| {
        let after = rest[at + 1..].trim_start_matches('.').trim_start();
        let status = match word(after.trim_start_matches('*')).0 {
            "Passed" => Status::Passed,
            "Failed" => Status::Failed,
            "Skipped" => Status::Skipped,
            "Not" if after.contains("Not Run (Disabled)") => Status::Skipped,
            "Exception:" | "Timeout" | "Not" => Status::Error,
            _ => return None,
        };
        Some((rest[..at].trim_end(), status))
    })
}

/// Those of the list below `The following tests FAILED:`.
pub(super) fn listed(log: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in lines(log) {
        if line.trim_end() == "The following tests FAILED:" {
            inside = true;
        } else if inside {
            match entry(line) {
                Some(name) => names.push(name),
                None => inside = false,
            }
        }
    }
    names
}

/// `2 - name (Failed)`, behind a tab.
fn entry(line: &str) -> Option<&str> {
    let (_, rest) = number(after_blank(line)?)?;
    let (name, _) = rest.strip_prefix(" - ")?.rsplit_once(" (")?;
    Some(name.trim_end())
}

/// `67% tests passed, 1 tests failed out of 3`: failed, and all.
pub(super) fn summary(line: &str) -> Option<(u32, u32)> {
    let (_, rest) = number(line.trim_start())?;
    let rest = rest.strip_prefix("% tests passed, ")?;
    let (failed, rest) = number(rest)?;
    let rest = rest
        .strip_prefix(" tests failed out of ")
        .or_else(|| rest.strip_prefix(" test failed out of "))?;
    let (total, _) = number(rest)?;
    Some((failed.min(total), total))
}
