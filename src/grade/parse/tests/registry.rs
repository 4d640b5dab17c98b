//! Ids, results, and logs that are no logs.

use crate::grade::parse::{
    Counts, Flavour, Parser, Status, failures, is_interrupted, kinds, lists, parse, parts_sections,
    report_range, sign,
};

#[test]
fn a_parser_is_found_by_its_id_and_nothing_else() {
    for parser in Parser::all().filter(|parser| parser.flavour() == Flavour::Fleet) {
        assert_eq!(Parser::named(parser.id()), Some(parser));
    }
    assert_eq!(
        Parser::named("Python/Parse_Log_Pytest").map(Parser::id),
        Some("python/parse_log_pytest")
    );
    assert_eq!(
        Parser::named("parse_log_unittest").map(Parser::id),
        Some("python/parse_log_unittest")
    );
    assert_eq!(
        Parser::named("typescript/parse_log_jest").map(Parser::id),
        Some("javascript/parse_log_jest")
    );
    for unknown in [
        "",
        "python",
        "python/",
        "/",
        "python/parse_log_nose",
        "parse_log",
        "python/parse_log_pytest_v33",
    ] {
        assert_eq!(Parser::named(unknown), None, "{unknown}");
    }
}

#[test]
fn the_public_harness_knows_ten_ids() {
    assert_eq!(
        Parser::all()
            .filter(|parser| parser.flavour() == Flavour::VeloraHead)
            .count(),
        10
    );
    assert_eq!(
        Parser::head("rust/parse_log_cargo_test").id(),
        "rust/parse_log_cargo_test"
    );
    assert_eq!(
        Parser::head("java/parse_log_junit").id(),
        "python/parse_log_pytest_v3"
    );
    assert_ne!(
        Parser::named("python/parse_log_pytest"),
        Some(Parser::head("python/parse_log_pytest"))
    );
}

#[test]
fn results_find_every_test_among_many() {
    let log: Vec<String> = (0..10_000).map(|n| format!("PASSED t.py::test_{n}")).collect();
    let log = log.join("\n");
    let results = parse(Parser::head(""), &format!("{log}\nFAILED t.py::test_7\nXFAIL x"));
    assert_eq!(results.len(), 10_001);
    assert_eq!(results.get("t.py::test_9999"), Some(Status::Passed));
    assert_eq!(results.get("t.py::test_7"), Some(Status::Failed));
    assert_eq!(results.get("t.py::test_10000"), None);
    assert_eq!(results.tests[7].0, "t.py::test_7");
    let expected = Counts {
        passed: 9_999,
        failed: 1,
        xfail: 1,
        ..Counts::default()
    };
    assert_eq!(results.counts(), expected);
}

#[test]
fn a_status_has_the_word_of_pytest_and_a_name_in_our_files() {
    for status in Status::ALL {
        assert_eq!(status.to_string(), status.word());
    }
    assert_eq!(serde_json::to_string(&Status::Xfail).expect("plain"), "\"xfail\"");
}

#[test]
fn no_parser_trips_over_what_is_no_log() {
    let logs = [
        "",
        "\n",
        "\n\n\r\n",
        "\u{0}",
        "\x1b",
        "\x1b[",
        "\x1b[31",
        "é\x1b[31mé",
        "[",
        "[]",
        "{}",
        "[[[[[[",
        "<?xml",
        "<?xml?><",
        "<?xml?><testsuite/>",
        "PASSED",
        "PASSED \u{a0}",
        "test_",
        "test_(",
        "test_ ... ",
        "::",
        "a::::b",
        "1/",
        "1/2 ",
        "1/2 Test #",
        "ok 1",
        "not ok ",
        "(",
        "✔",
        "✓ ",
        "= =",
        "#",
        "A#",
        "Ran 1 tests in ",
        " in ",
        "== in 3s ==",
        "Running 3 test cases",
        "SUBFAILED[",
        "SUBFAIL ::[]]",
        "FAIL: (",
        "ERROR: )\n",
        "failures:\n    ",
        "The following tests FAILED:\n\t1 - (",
        "[  FAILED  ] ",
        "rspec  # ",
        "  1) Failure:\n(",
        "● › ",
        "____.py:____",
        "PASSED t[",
        "PASSED t[a b] c]",
        "FAILED t[a - ] - [",
        "== short test summary info ==\n%]",
        "Starting browser\n  ✔",
        "\x1b(",
        "test cases: 1 | 1 failed\ntest cases: 9999999999 | 1 passed",
        "[junit]",
        "PASSED\n > \nPASSED",
    ];
    for log in logs {
        for list in lists(log) {
            let list = &log[list];
            let _ = (kinds(list), is_interrupted(list), parts_sections(list));
        }
    }
    for parser in Parser::all() {
        for log in logs {
            let results = parse(parser, log);
            assert!(
                results.tests.iter().all(|(name, _)| !name.is_empty()),
                "{}: {log:?}",
                parser.id()
            );
            sign(parser, log);
            failures(parser, log);
            assert!(
                log.get(report_range(parser, log)).is_some(),
                "{}: {log:?}",
                parser.id()
            );
        }
    }
}
