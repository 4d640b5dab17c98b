//! The vectors that were got by running the original parsers, or from real files.

use super::{head, read};

const NOTHING: [&str; 0] = [];

#[test]
fn pytest_v3_reads_as_the_original() {
    let v3 = |log| read("python/parse_log_pytest_v3", log);
    assert_eq!(v3("PASSED t.py::p[a b]"), ["t.py::p[a PASSED"]);
    assert_eq!(v3("XFAIL t.py::d - r"), ["t.py::d XFAIL"]);
    assert_eq!(v3("ERROR tests/b.py - ImportError"), ["tests/b.py ERROR"]);
    assert_eq!(v3("t.py::q PASSED"), ["t.py::q PASSED"]);
    assert_eq!(v3("t.py::q PASSED   [ 50%]"), NOTHING);
    assert_eq!(v3("SKIPPED [1] f.py:12: r"), ["[1] SKIPPED"]);
    assert_eq!(v3("\x1b[32mPASSED\x1b[0m t.py::c"), ["t.py::c PASSED"]);
    for log in [
        "PASSED t.py::p[a b]",
        "t.py::q PASSED",
        "\x1b[32mPASSED\x1b[0m t.py::c",
    ] {
        assert_eq!(
            head("python/parse_log_pytest", log),
            v3(log),
            "the same in the harness"
        );
    }
}

#[test]
fn unittest_reads_as_the_clients_original() {
    let unittest = |log| read("python/parse_log_unittest", log);
    assert_eq!(unittest("test_a (mod.C) ... ok"), ["mod.C.test_a PASSED"]);
    assert_eq!(
        unittest("test_c (mod.C.test_c) ... ok"),
        ["mod.C.test_c.test_c PASSED"]
    );
    assert_eq!(unittest("test_b (mod.C)\nDoc ... ok"), ["mod.C.test_b PASSED"]);
    assert_eq!(unittest("test_d (mod.C) ... FAIL"), ["mod.C.test_d FAILED"]);
    assert_eq!(unittest("test_e (mod.C) ... ERROR"), ["test_e ERROR"]);
    assert_eq!(
        unittest("test_s (mod.C) ... skipped 'why'"),
        ["mod.C.test_s SKIPPED"]
    );
}

#[test]
fn words_of_a_test_are_not_its_verdict() {
    let unittest = |log| read("python/parse_log_unittest", log);
    // The original takes the " ok" of the body, and so a failure for a pass.
    assert_eq!(
        unittest("test_a (m.C) ... all is ok so far\nFAIL"),
        ["m.C.test_a FAILED"]
    );
    assert_eq!(
        unittest("test_a (m.C) ... ok then\nok\nFAIL"),
        ["m.C.test_a FAILED"]
    );
    assert_eq!(unittest("test_a (m.C) ... x ... ok\nFAIL"), ["m.C.test_a FAILED"]);
    assert_eq!(
        unittest("test_a (m.C) ... \nok\nno newlineFAIL"),
        ["m.C.test_a FAILED"]
    );
}

#[test]
fn unittest_of_the_harness_wants_one_line() {
    let unittest = |log| head("python/parse_log_unittest", log);
    assert_eq!(unittest("test_a (tests.X) ... ok"), ["test_a (tests.X) PASSED"]);
    assert_eq!(
        unittest("test_a (tests.X) ... skipped 'no'"),
        ["test_a (tests.X) SKIPPED"]
    );
    assert_eq!(unittest("test_a (tests.X) ... \nok"), NOTHING);
}

#[test]
fn cargo_reads_as_the_original() {
    let cargo = |log| read("rust/parse_log_cargo_test", log);
    assert_eq!(cargo("test a::b ... ok"), ["a::b PASSED"]);
    assert_eq!(cargo("test d ... FAILED"), ["d FAILED"]);
    assert_eq!(cargo("test e ... ignored"), NOTHING);
    assert_eq!(cargo("test c - should panic ... ok"), NOTHING);
}

#[test]
fn minitest_reads_as_the_original() {
    for id in ["ruby/parse_log_minitest", "parsers/ruby_minitest_parser.py"] {
        assert_eq!(read(id, "A::B#test_x = 0.05 s = ."), ["A::B#test_x PASSED"]);
        assert_eq!(read(id, "A#test_z [SKIP]"), ["A#test_z SKIPPED"]);
        assert_eq!(read(id, "test_q (M::N) = 0.01 s = E"), ["M::N#test_q ERROR"]);
        assert_eq!(read(id, "A#test_w? = 0.1 s = ."), NOTHING);
    }
}

#[test]
fn phpunit_reads_as_the_original() {
    let log = "Meta Command (App\\Tests\\MetaTest)\n ✔ Command works\n ✘ Fails hard\n";
    let expected = [
        "App\\Tests\\MetaTest::testCommandWorks PASSED",
        "App\\Tests\\MetaTest::testFailsHard FAILED",
    ];
    assert_eq!(read("php/parse_log_phpunit", log), expected);
    assert_eq!(head("php/parse_log_phpunit", log), expected);
}

#[test]
fn the_tables_and_streams_of_java_javascript_and_go_read_as_the_originals() {
    assert_eq!(
        read("java/parse_log_junit", "com.x.A,testB,pass"),
        ["\"com.x.A.testB\" PASSED"]
    );
    let jest = "✓ adds (3 ms)\n○ skipped later";
    assert_eq!(
        read("javascript/parse_log_jest", jest),
        ["adds PASSED", "skipped later SKIPPED"]
    );
    assert_eq!(
        read("javascript/parse_log_jest_json", "[PASSED] suite adds"),
        ["suite adds PASSED"]
    );
    assert_eq!(
        read(
            "javascript/parse_log_mocha_json",
            r#"["pass",{"title":"adds","file":"/a/t.js"}]"#
        ),
        ["[c6d1e] adds PASSED"]
    );
    let go = r#"
        {"Action":"pass","Package":"p/q","Test":"TestA/sub"}
{"Action":"skip","Package":"p/q","Test":"TestB"}
{"Action":"pass","Package":"p/q","Elapsed":0.1}"#;
    assert_eq!(read("go/parse_log_gotest_json", go), ["p/q/TestA/sub PASSED"]);
}

#[test]
fn the_forms_of_c_and_cpp_read_as_the_originals() {
    let cpp = |log| read("cpp/parse_log_google_test", log);
    assert_eq!(cpp("[       OK ] S.A (1 ms)"), ["S.A PASSED"]);
    assert_eq!(
        cpp("PASS: t1\n====\nTestsuite summary for proj 1.0\n====\n"),
        ["proj.t1 PASSED"]
    );
    assert_eq!(cpp("ok 1 - addition: adds"), ["addition PASSED"]);
    let boost = "Running 3 test cases...\nt.cpp(7): error: in \"S/T\": check a == b has failed";
    assert_eq!(cpp(boost), ["S.T FAILED", "S.test_0 PASSED", "S.test_1 PASSED"]);
    assert_eq!(
        cpp("1/3 Test #1: alpha .......   Passed    0.01 sec"),
        ["alpha PASSED"]
    );
    assert_eq!(
        cpp("[doctest] test cases:  3 | 2 passed | 1 failed | 0 skipped"),
        ["test_0 PASSED", "test_1 PASSED", "test_2 FAILED"]
    );
}

#[test]
fn real_lines_of_pytests_summary_are_read() {
    let log = "\
=========================== short test summary info ============================
PASSED tests/test_a.py::test_p[a b]
SKIPPED [1] tests/test_a.py:4: needs net
XFAIL tests/test_a.py::test_x - known
XPASS tests/test_a.py::test_y - known
ERROR tests/test_b.py
FAILED tests/test_a.py::test_bad - assert 0
== 1 failed, 1 passed, 1 skipped, 1 xfailed, 1 xpassed, 1 error in 0.12s ==
";
    assert_eq!(
        read("python/parse_log_pytest_v3", log),
        [
            "tests/test_a.py::test_p[a PASSED",
            "[1] SKIPPED",
            "tests/test_a.py::test_x XFAIL",
            "tests/test_a.py::test_y XPASS",
            "tests/test_b.py ERROR",
            "tests/test_a.py::test_bad FAILED",
        ]
    );
}

#[test]
fn real_lines_of_unittest_are_read() {
    let log = "\
test_a (__main__.T.test_a) ... ok
test_b (__main__.T.test_b)
Doc line ... ok
test_c (__main__.T.test_c) ... FAIL
test_d (__main__.T.test_d) ... ERROR

======================================================================
ERROR: test_d (__main__.T.test_d)
----------------------------------------------------------------------
Traceback (most recent call last):
ValueError: this is ok

----------------------------------------------------------------------
Ran 4 tests in 0.001s

FAILED (failures=1, errors=1)
";
    assert_eq!(
        read("python/parse_log_unittest", log),
        [
            "__main__.T.test_a.test_a PASSED",
            "__main__.T.test_b.test_b PASSED",
            "__main__.T.test_c.test_c FAILED",
            "test_d ERROR",
        ]
    );
}
