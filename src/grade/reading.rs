//! Which part of a log is believed: what the test framework itself reports, not what the code under test
//! prints between.
//!
//! Pytest repeats every result at its end, below `short test summary info`. Where it lists the passed tests
//! there (`-rA`), only that list counts, and a `PASSED …` line elsewhere is taken for the output of other code.
//! Where it does not, the line that it prints for each test as it ends counts. Where the command may run pytest
//! several times, the reports of all runs count. Other frameworks tell their results as they go; their whole log is
//! read.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::command::Command;
use super::parse::{self, Kinds, Parser, Results, Sign, Status};

/// What a session says at its start.
const START: &str = "= test session starts =";

/// What a log says.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The tests that are believed to have run, in the log's order, by their whole names.
    pub(super) tests: Vec<(String, Status)>,
    /// Names that the reference parsers cut off at a blank, each with the worst that became of one that it
    /// stands for.
    pub(super) short: Vec<(String, Status)>,
    /// Tests that failed by one line of a run and did not by another.
    pub(super) torn: HashSet<String>,
    /// What the log says of tests outside of the framework's report; only where that report is complete.
    pub(super) outside: HashMap<String, Vec<Status>>,
    /// The framework's own end of each believed part, with the number of passed tests read from that part.
    pub(super) ends: Vec<(Sign, usize)>,
    /// Is the believed part the framework's own, and nothing but that?
    pub(super) listed: bool,
    /// The lines of pytest's one final list, by their kinds.
    pub(super) kinds: Option<Kinds>,
    /// Why pytest's one final list cannot be its own.
    pub(super) unlike: Option<&'static str>,
}

/// Reads a log of pytest's.
pub(super) fn pytest(parser: Parser, log: &str, command: Command) -> Reading {
    let parts: Vec<Report> = if command.once {
        last_report(parser, log).into_iter().collect()
    } else {
        reports(log)
    };
    // Where several runs may be meant, only their final lists can be told apart.
    if parts.is_empty() || !command.once && !parts.iter().all(|part| lists_passes(parser, log, part)) {
        return whole(parser, log);
    }
    let mut reading = Reading {
        listed: true,
        ..Reading::default()
    };
    let (mut places, mut short_places) = (HashMap::new(), HashMap::new());
    for part in &parts {
        let read = Reading::of(parse::parse(parser, slice(log, &part.list)));
        reading.ends.push((sign(parser, log, part), passed(&read.tests)));
        merge(&mut reading.tests, &mut places, read.tests);
        if command.once {
            reading.torn.extend(read.torn);
        }
        merge(&mut reading.short, &mut short_places, read.short);
    }
    if command.once
        && let Some(part) = parts.first()
    {
        for outside in [0..part.list.start, part.list.end..log.len()] {
            let read = Reading::of(parse::parse(parser, slice(log, &outside)));
            for (name, status) in read.tests.into_iter().chain(read.short) {
                reading.outside.entry(name).or_default().push(status);
            }
        }
        let list = slice(log, &part.list);
        if is_final(list) {
            reading.kinds = Some(parse::kinds(list));
            reading.unlike = unlike(parser, log, command, part, &reading);
        }
    }
    reading
}

/// Reads a log as it is.
pub(super) fn whole(parser: Parser, log: &str) -> Reading {
    let read = Reading::of(parse::parse(parser, log));
    Reading {
        ends: vec![(parse::sign(parser, log), passed(&read.tests))],
        ..read
    }
}

impl Reading {
    /// What a parser has read, with each test by its whole name.
    fn of(results: Results) -> Reading {
        let mut torn: HashSet<String> = results.torn().map(str::to_owned).collect();
        if results.whole.is_empty() {
            return Reading {
                tests: results.tests,
                torn,
                ..Reading::default()
            };
        }
        let mut short: HashMap<String, Status> = HashMap::new();
        let mut order: Vec<String> = Vec::new();
        let mut tests: Vec<(String, Status)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for test in results.whole {
            if let Some(worst) = short.get_mut(&test.short) {
                *worst = worse(*worst, test.status);
            } else {
                order.push(test.short.clone());
                // What several tests are called cannot contradict itself.
                torn.remove(&test.short);
                short.insert(test.short, test.status);
            }
            if let Some(&at) = places.get(&test.name) {
                if tests
                    .get(at)
                    .is_some_and(|(_, status)| status.is_bad() != test.status.is_bad())
                {
                    torn.insert(test.name.clone());
                }
                tests[at].1 = test.status;
            } else {
                places.insert(test.name.clone(), tests.len());
                tests.push((test.name, test.status));
            }
        }
        let cut_off = |name: &String| short.contains_key(name);
        tests.extend(results.tests.into_iter().filter(|(name, _)| !cut_off(name)));
        let short = order.into_iter().filter_map(|name| short.remove_entry(&name));
        Reading {
            short: short.collect(),
            tests,
            torn,
            ..Reading::default()
        }
    }
}

/// Adds what a later run says, which holds for the tests that it names.
fn merge(
    tests: &mut Vec<(String, Status)>,
    places: &mut HashMap<String, usize>,
    later: Vec<(String, Status)>,
) {
    for (name, status) in later {
        if let Some(&at) = places.get(&name) {
            tests[at].1 = status;
        } else {
            places.insert(name.clone(), tests.len());
            tests.push((name, status));
        }
    }
}

/// The worse of two, for a name that stands for both.
fn worse(one: Status, other: Status) -> Status {
    let rank = |status: &Status| match status {
        Status::Error => 5,
        Status::Failed => 4,
        Status::Skipped => 3,
        Status::Xfail => 2,
        Status::Xpass => 1,
        Status::Passed => 0,
    };
    std::cmp::max_by_key(one, other, rank)
}

/// Why pytest's last list cannot be its own, if it cannot: pytest lists its results once, at its very end.
fn unlike(
    parser: Parser,
    log: &str,
    command: Command,
    report: &Report,
    reading: &Reading,
) -> Option<&'static str> {
    if parse::is_interrupted(slice(log, &report.list)) {
        return Some(
            "pytest's list of results is followed by results that are still to come: a test has printed it",
        );
    }
    let earlier = parse::lists(slice(log, &(0..report.list.start))).pop()?;
    let between = slice(log, &(earlier.start..report.list.start));
    let below = between.split_once('\n').map_or("", |(_, below)| below);
    if !parse::parts_sections(below) {
        return Some(
            "pytest's list of results begins twice: something in the list has printed the second one",
        );
    }
    // A test that prints a list of its own is followed by the progress of the others, and by its own.
    if command.bare && !parse::is_interrupted(between) {
        return Some("pytest's list of results stands twice, and what tests print was not to be shown");
    }
    // What a test of a plug-in prints of a run within it has other names than the tests of this run.
    let names: HashSet<&str> = reading.tests.iter().map(|(name, _)| name.as_str()).collect();
    let told = parse::parse(parser, slice(log, &earlier)).tests;
    told.iter()
        .any(|(name, _)| name.contains("::") && names.contains(name.as_str()))
        .then_some("pytest lists the same tests twice, and it does so once a run")
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
fn reports(log: &str) -> Vec<Report> {
    let lists = parse::lists(log);
    let ends: Vec<usize> = lists
        .iter()
        .skip(1)
        .map(|list| list.start)
        .chain([log.len()])
        .collect();
    let all = lists
        .into_iter()
        .zip(ends)
        .map(|(list, end)| Report { list, end });
    last_of_each_session(all.collect(), log)
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
    let none_passed = || matches!(sign(parser, log, report), Sign::Ended { passed: Some(0), .. });
    is_final(list) && (none_passed() || passed(&parse::parse(parser, list).tests) > 0)
}

fn is_final(list: &str) -> bool {
    let first = list.lines().next();
    first.is_some_and(|line| line.contains("short test summary info"))
}

fn passed(tests: &[(String, Status)]) -> usize {
    tests
        .iter()
        .filter(|(_, status)| *status == Status::Passed)
        .count()
}
