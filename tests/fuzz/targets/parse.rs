//! Every parser reads the same text: none panics, none takes long (`-timeout`), and what they say is sane.

#![no_main]

use libfuzzer_sys::fuzz_target;

use parse::{
    Counts, Failures, Parser, Status, Whole, failures, is_interrupted, kinds, lists, parse, parts_sections,
    report_range, sign,
};

/// The sources themselves, since a build of the whole crate would take minutes for each change.
#[path = "../../../src/grade/parse/mod.rs"]
#[expect(dead_code, reason = "a part of the crate's face is not asked here")]
mod parse;

/// The largest number of tests that a log may only count, without naming them.
const MOST_COUNTED: usize = 100_000;

fuzz_target!(|bytes: &[u8]| {
    let log = String::from_utf8_lossy(bytes);
    for parser in Parser::all() {
        let results = parse(parser, &log);
        // A line of PHPUnit gives one test five names at most; others one or two.
        let most = 6 * log.lines().count().max(log.matches("test").count()) + log.matches('<').count() + 6;
        assert!(
            results.len() <= most.max(MOST_COUNTED),
            "{}: {} tests",
            parser.id(),
            results.len()
        );
        for (name, status) in &results.tests {
            assert!(!name.is_empty(), "{}: a test without a name", parser.id());
            assert_eq!(
                results.get(name),
                Some(*status),
                "{}: {name} is lost",
                parser.id()
            );
        }
        let counts: Counts = results.counts();
        let sum = counts.passed + counts.failed + counts.error + counts.skipped + counts.xfail + counts.xpass;
        assert_eq!(sum, results.len());
        assert!(
            results
                .tests
                .iter()
                .filter(|(_, status)| *status == Status::Passed)
                .count()
                == counts.passed
        );
        let _ = sign(parser, &log);
        let _: Failures = failures(parser, &log);
        let whole: &[Whole] = &results.whole;
        assert!(
            whole.iter().all(|test| !test.name.is_empty()),
            "{}: a whole name is empty",
            parser.id()
        );
        for name in results.torn() {
            assert!(results.get(name).is_some(), "{}: {name} is lost", parser.id());
        }
        let range = report_range(parser, &log);
        assert!(
            log.get(range.clone()).is_some(),
            "{}: {range:?} is no part of it",
            parser.id()
        );
    }
    for list in lists(&log) {
        let list = log.get(list).expect("a list is a part of the log");
        let _ = (kinds(list), is_interrupted(list), parts_sections(list));
    }
});
