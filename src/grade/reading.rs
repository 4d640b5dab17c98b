//! Which part of a log is believed: what the test framework itself reports, not what the code under test
//! prints between.
//!
//! Pytest repeats every result at its end, below `short test summary info`. Where it lists the passed tests
//! there (`-rA`), that list is all that counts, and a `PASSED …` line elsewhere is somebody else's; where it
//! does not, what it says of each test as it ends. Where the command may run pytest several times, the
//! reports of all runs count. Other frameworks tell their results as they go; their whole log is read.

use std::collections::HashMap;
use std::ops::Range;

use super::command::Command;
use super::parse::{self, Parser, Sign, Status};

/// So many reports are looked for in one log, from its end.
const REPORTS: usize = 64;

/// What a session says at its start.
const START: &str = "= test session starts =";

/// What a log says.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The tests that are believed to have run, in the log's order.
    pub(super) tests: Vec<(String, Status)>,
    /// What the log says of tests outside of the framework's report; only where that report is complete.
    pub(super) outside: HashMap<String, Vec<Status>>,
    /// The framework's own end of each believed part, with the number of passed tests read from that part.
    pub(super) ends: Vec<(Sign, usize)>,
    /// Is the believed part the framework's own, and nothing but that?
    pub(super) listed: bool,
}

/// Reads a log of pytest's.
pub(super) fn pytest(parser: Parser, log: &str, command: Command) -> Reading {
    let parts: Vec<Report> = if command.once {
        last_report(parser, log).into_iter().collect()
    } else {
        reports(parser, log)
    };
    // Where several runs may be meant, only their final lists can be told apart.
    if parts.is_empty() || !command.once && !parts.iter().all(|part| lists_passes(parser, log, part)) {
        return whole(parser, log);
    }
    let mut reading = Reading {
        listed: true,
        ..Reading::default()
    };
    let mut places: HashMap<String, usize> = HashMap::new();
    for part in &parts {
        let results = parse::parse(parser, slice(log, &part.list)).tests;
        reading.ends.push((sign(parser, log, part), passed(&results)));
        for (name, status) in results {
            if let Some(&at) = places.get(&name) {
                reading.tests[at].1 = status;
            } else {
                places.insert(name.clone(), reading.tests.len());
                reading.tests.push((name, status));
            }
        }
    }
    if command.once
        && let Some(part) = parts.first()
    {
        for outside in [0..part.list.start, part.list.end..log.len()] {
            for (name, status) in parse::parse(parser, slice(log, &outside)).tests {
                reading.outside.entry(name).or_default().push(status);
            }
        }
    }
    reading
}

/// Reads a log as it is.
pub(super) fn whole(parser: Parser, log: &str) -> Reading {
    let tests = parse::parse(parser, log).tests;
    Reading {
        ends: vec![(parse::sign(parser, log), passed(&tests))],
        tests,
        ..Reading::default()
    }
}

/// One report: its list of results, and how far its run reaches.
struct Report {
    list: Range<usize>,
    end: usize,
}

fn last_report(parser: Parser, log: &str) -> Option<Report> {
    let list = parse::report_range(parser, log);
    let proper = !list.is_empty() && list != (0..log.len()) && log.get(list.clone()).is_some();
    proper.then_some(Report { list, end: log.len() })
}

/// All reports, first to last.
fn reports(parser: Parser, log: &str) -> Vec<Report> {
    let mut all = Vec::new();
    let mut end = log.len();
    while let Some(report) = last_report(parser, slice(log, &(0..end))) {
        end = report.list.start;
        all.push(report);
        if all.len() == REPORTS {
            break;
        }
    }
    all.reverse();
    last_of_each_session(all, log)
}

/// A session reports once, at its end: a report that is followed by another without a session's start between
/// them was printed by a test. Sessions that are told to be quiet say nothing at their start.
fn last_of_each_session(reports: Vec<Report>, log: &str) -> Vec<Report> {
    let starts = |range: Range<usize>| slice(log, &range).contains(START);
    if !starts(0..log.len()) {
        return reports;
    }
    let next: Vec<usize> = reports.iter().skip(1).map(|report| report.list.start).collect();
    let followed =
        |i: usize, report: &Report| next.get(i).is_some_and(|next| !starts(report.list.end..*next));
    let kept = reports
        .into_iter()
        .enumerate()
        .filter(|(i, report)| !followed(*i, report));
    kept.map(|(_, report)| report).collect()
}

fn slice<'a>(log: &'a str, range: &Range<usize>) -> &'a str {
    log.get(range.clone()).unwrap_or_default()
}

fn sign(parser: Parser, log: &str, report: &Report) -> Sign {
    parse::sign(parser, slice(log, &(report.list.start..report.end)))
}

/// Is this a final list, and does it hold the passed tests, as the numbers below it say?
fn lists_passes(parser: Parser, log: &str, report: &Report) -> bool {
    let list = slice(log, &report.list);
    let is_final = list
        .lines()
        .next()
        .is_some_and(|line| line.contains("short test summary info"));
    let none_passed = || matches!(sign(parser, log, report), Sign::Ended { passed: Some(0), .. });
    is_final && (none_passed() || passed(&parse::parse(parser, list).tests) > 0)
}

fn passed(tests: &[(String, Status)]) -> usize {
    tests
        .iter()
        .filter(|(_, status)| *status == Status::Passed)
        .count()
}
