//! The failures that a framework tells a second time: the lists that end a run, and parts of tests.
//!
//! They only take away. What a test printed to look like one can make a test fail, and no test pass.

use std::collections::HashSet;

use super::registry::Grammar;
use super::scan::{lines, lines_with, uncoloured, word};
use super::{Parser, browser, cpp, ctest, gtest, javascript, minitest, pytest, rspec, rust};

/// What failed, by its names in the log.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Failures {
    /// Tests that failed.
    pub tests: HashSet<String>,
    /// Tests of which a part failed, for which the framework may tell that the test itself passed.
    pub parts: HashSet<String>,
    /// What tests that failed say of themselves, by which some runners name them. Several may say the same.
    pub described: HashSet<String>,
}

/// All failures that the log tells of beside its lines on single tests.
pub fn failures(parser: Parser, log: &str) -> Failures {
    let log = uncoloured(log);
    let log = log.as_ref();
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    let mut failures = Failures::default();
    match parser.grammar() {
        grammar if grammar.is_pytest() => failures.parts = subtests(log),
        grammar if grammar.is_unittest() => unittest(log, &mut failures),
        Grammar::Sympy => failures.tests = sympy(log),
        Grammar::CargoTest | Grammar::Cargo => failures.tests = owned(rust::listed(log)),
        Grammar::Cpp => failures.tests = cpp::failed(log).into_iter().collect(),
        Grammar::Check | Grammar::Make | Grammar::Googletest => {
            failures.tests = gtest::listed(log)
                .chain(ctest::listed(log))
                .map(str::to_owned)
                .collect();
        }
        Grammar::Jest => failures.tests = owned(javascript::jest_listed(log).collect()),
        Grammar::Vitest => failures.tests = owned(browser::vitest_listed(log).collect()),
        Grammar::Minitest => failures.tests = minitest::listed(log).into_iter().collect(),
        Grammar::Rspec | Grammar::RspecJson => failures.tests = owned(rspec::listed(log).collect()),
        _ => {}
    }
    failures
}

/// So many words of one line are looked at as names.
const CANDIDATES: usize = 8;

/// pytest 9 says `SUBFAILED[part] (i=1) t.py::test - why`, pytest-subtests `[part] (i=1) SUBFAIL t.py::test - why`.
/// Whatever in such a line could be the test's name is taken for one.
fn subtests(log: &str) -> HashSet<String> {
    let mut names = HashSet::new();
    for line in lines_with(log, "SUBFAIL") {
        let (mut rest, mut found) = (line, 0);
        while !rest.is_empty() && found < CANDIDATES {
            let (first, after) = word(rest);
            if first.contains("::") {
                names.insert(first.to_owned());
                names.insert(pytest::whole_name(rest.trim_start()).to_owned());
                found += 1;
            }
            rest = after;
        }
    }
    names
}

/// `FAIL: test_a (mod.C)`, `ERROR: test_a (mod.C) [part] (i=1)`, and below it the first line of what the test
/// says of itself, which some runners have for its name.
fn unittest(log: &str, failures: &mut Failures) {
    let mut all = lines(log).peekable();
    while let Some(line) = all.next() {
        let headed = line
            .strip_prefix("FAIL: ")
            .or_else(|| line.strip_prefix("ERROR: "));
        let Some((test, rest)) = headed.and_then(|test| Some(test.split_at(test.find(')')? + 1))) else {
            continue;
        };
        let kind = if rest.trim_start().starts_with(['[', '(']) {
            &mut failures.parts
        } else {
            &mut failures.tests
        };
        kind.insert(test.to_owned());
        let described = all.peek().map(|next| next.trim());
        let described = described.filter(|text| !text.is_empty() && !text.starts_with("-----"));
        failures.described.extend(described.map(str::to_owned));
    }
}

/// `____ sympy/core/tests/test_a.py:test_b ____`: the name in the file, as the lines on single tests have it.
fn sympy(log: &str) -> HashSet<String> {
    let named = |line: &str| {
        let (_, name) = line
            .trim()
            .strip_prefix('_')?
            .trim_matches('_')
            .split_once(".py:")?;
        Some(name.trim().to_owned())
    };
    lines_with(log, ".py:").filter_map(named).collect()
}
