//! Our reading of honest logs beside that of SWE-bench's own parsers, and beside what a recorder in the framework saw. What was read by
//! them is kept in `tests/data/agreement`, and the table there says why readings differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Deserialize;

use super::real::graded;
use crate::grade::Judged;
use crate::grade::parse::{Parser, Results, Status, parse};

/// A log, by its name there.
macro_rules! data {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../../tests/data/agreement/", $name, ".txt")),
        )
    };
}

const READ: &str = include_str!("../../../tests/data/agreement/swebench.jsonl");
const TABLE: &str = include_str!("../../../tests/data/agreement/README.md");
const LOGS: &[(&str, &str)] = &[
    data!("../test-logs/cargo-coloured"),
    data!("../test-logs/django"),
    data!("../test-logs/gtest"),
    data!("../test-logs/jest-verbose"),
    data!("../test-logs/jest"),
    data!("../test-logs/minitest"),
    data!("../test-logs/mocha-tap"),
    data!("../test-logs/phpunit-testdox"),
    data!("../test-logs/phpunit-dots"),
    data!("../test-logs/pytest-3"),
    data!("../test-logs/pytest-4"),
    data!("../test-logs/pytest-8-subtests"),
    data!("../test-logs/pytest-9-rap"),
    data!("../test-logs/pytest-9-rp"),
    data!("../test-logs/pytest-9-subtests"),
    data!("../test-logs/vitest"),
    data!("../test-logs/catch2"),
    data!("../test-logs/ctest"),
    data!("../test-logs/meson"),
    data!("../test-logs/mocha-json"),
    data!("../test-logs/unittest-3.13"),
    data!("../test-logs/unittest-3.9"),
    data!("pytest-recorded"),
    data!("unittest-recorded"),
];
/// What one of them does not know.
const NOTHING: &str = "–";

/// A log, and what others made of it.
#[derive(Debug, Deserialize)]
struct Entry {
    log: String,
    parser: String,
    command: String,
    theirs: Option<String>,
    read: Option<BTreeMap<String, String>>,
    truth: Option<BTreeMap<String, String>>,
}

/// A test, by the three.
struct Row {
    name: String,
    ours: String,
    theirs: Option<String>,
    truth: Option<String>,
}

impl Row {
    fn differs(&self) -> bool {
        self.theirs.as_ref().is_some_and(|theirs| *theirs != self.ours) || self.errs()
    }

    fn errs(&self) -> bool {
        self.truth.as_ref().is_some_and(|truth| *truth != self.ours)
    }
}

impl Entry {
    fn rows(&self) -> Vec<Row> {
        let log = log(&self.log);
        let parser = Parser::named(&self.parser).unwrap();
        let ours = whole(parse(parser, log));
        // Unittest's parser has names of its own, which stand for those that a recorder sees.
        let ours = ours
            .iter()
            .filter(|_| self.read.is_some() || self.truth.is_none());
        let others = self.read.iter().chain(&self.truth).flat_map(BTreeMap::keys);
        let names: BTreeSet<&str> = ours.chain(others).map(String::as_str).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let judged = graded(&self.parser, &self.command, 1, log, [&names, &[]]).fail_to_pass;
        let of = |others: &Option<BTreeMap<String, String>>, name: &str| {
            let others = others.as_ref()?;
            Some(others.get(name).cloned().unwrap_or_else(|| NOTHING.to_owned()))
        };
        judged
            .iter()
            .map(|test| Row {
                name: test.name.clone(),
                ours: word(test),
                theirs: of(&self.read, &test.name),
                truth: of(&self.truth, &test.name),
            })
            .collect()
    }
}

fn log(name: &str) -> &'static str {
    let known = LOGS.iter().find(|(known, _)| *known == name);
    known.unwrap_or_else(|| panic!("{name} is not among LOGS")).1
}

/// The names of all tests, each whole.
fn whole(results: Results) -> Vec<String> {
    let cut: BTreeSet<String> = results.whole.iter().map(|test| test.short.clone()).collect();
    let plain = results
        .tests
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| !cut.contains(name));
    plain
        .chain(results.whole.into_iter().map(|test| test.name))
        .collect()
}

/// What becomes of a test that is expected.
fn word(test: &Judged) -> String {
    match test.status {
        Some(Status::Passed) if !test.passed => "doubted".to_owned(),
        Some(status) => status.word().to_uppercase(),
        None => NOTHING.to_owned(),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The two tables, without reasons: each log, and each difference.
fn tables() -> (Vec<String>, Vec<String>) {
    let (mut logs, mut differences) = (Vec::new(), Vec::new());
    for line in READ.lines() {
        let entry: Entry = serde_json::from_str(line).unwrap();
        let rows = entry.rows();
        let name = entry.log.trim_start_matches("../test-logs/");
        let count = |fits: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| fits(row)).count();
        let (agree, differ) = match entry.read {
            Some(_) => (
                count(&|row| row.theirs.as_ref() == Some(&row.ours)).to_string(),
                count(&|row| row.theirs.as_ref() != Some(&row.ours)).to_string(),
            ),
            None => (NOTHING.to_owned(), NOTHING.to_owned()),
        };
        let right = entry.truth.as_ref().map_or_else(
            || NOTHING.to_owned(),
            |_| format!("{} of {}", count(&|row| !row.errs()), rows.len()),
        );
        let theirs = entry.theirs.as_deref().unwrap_or("no parser of its own");
        logs.push(format!(
            "| {name} | `{}` | {theirs} | {} | {agree} | {differ} | {right} |",
            entry.parser,
            rows.len()
        ));
        for row in rows.iter().filter(|row| row.differs()) {
            let mut text = format!("| {name} | `{}` | {}", cell(&row.name), row.ours);
            for other in [&row.theirs, &row.truth] {
                let _ = write!(text, " | {}", other.as_deref().unwrap_or(""));
            }
            differences.push(format!("{text} |"));
        }
    }
    (logs, differences)
}

#[test]
fn the_table_of_agreement_is_what_is_read_and_has_a_reason_for_each_difference() {
    let (logs, differences) = tables();
    let missing: Vec<&String> = logs
        .iter()
        .filter(|row| !TABLE.lines().any(|line| line == **row))
        .collect();
    let unexplained: Vec<&String> = differences
        .iter()
        .filter(|row| {
            let mut reasons = TABLE.lines().filter_map(|line| line.strip_prefix(row.as_str()));
            !reasons.any(|why| why.trim_matches([' ', '|']).len() > 3)
        })
        .collect();
    assert!(
        missing.is_empty() && unexplained.is_empty(),
        "not in tests/data/agreement/README.md:\n{missing:#?}\nand, each with its reason:\n{unexplained:#?}"
    );
    // And nothing there that is not so any more.
    let rows = TABLE
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| log |"));
    assert_eq!(rows.count(), logs.len() + differences.len());
}
