//! pytest, unittest, and the forms of single projects.

use super::{head, read};

#[test]
fn a_status_in_the_middle_of_a_sentence_is_no_test() {
    let log = "the test PASSED yesterday\nPASSEDt.py::a\n FAILED t.py::b\nPASSED\nINFO: 3 FAILED.";
    for id in [
        "python/parse_log_pytest_v3",
        "python/parse_log_pytest",
        "python/parse_log_tox",
    ] {
        assert!(read(id, log).is_empty(), "{id}: {:?}", read(id, log));
    }
}

#[test]
fn the_last_status_of_a_test_holds_at_its_first_place() {
    let log = "PASSED t.py::a\nPASSED t.py::b\nERROR t.py::a - teardown";
    assert_eq!(
        read("python/parse_log_pytest_v3", log),
        ["t.py::a ERROR", "t.py::b PASSED"]
    );
}

#[test]
fn colours_of_any_length_are_taken_off() {
    let log =
        "\x1b[1;31mFAILED\x1b[0m t.py::\x1b[1mtest_a\x1b[0m - boom\r\n\x1b[38;5;2mPASSED\x1b[0m t.py::b\r\n";
    assert_eq!(
        read("python/parse_log_pytest_v3", log),
        ["t.py::test_a FAILED", "t.py::b PASSED"]
    );
}

#[test]
fn the_public_harness_takes_pytest_for_what_it_does_not_know() {
    let go = "--- PASS: TestA (0.00s)\nPASSED t.py::a";
    assert_eq!(head("go/parse_log_gotest_json", go), ["t.py::a PASSED"]);
    assert_eq!(
        head("go/parse_log_gotest_json", "\x1b[1;31mFAILED t.py::a"),
        [""; 0]
    );
}

#[test]
fn the_older_forms_of_pytest_differ_where_they_should() {
    let log = "t.py::a PASSED [ 50%]\nFAILED - t.py::b - no\nt.py::c FAILED\nXPASS t.py::d";
    assert_eq!(
        read("python/parse_log_pytest", log),
        ["t.py::b FAILED", "t.py::d XPASS"]
    );
    assert_eq!(
        read("python/parse_log_pytest_v2", log),
        ["t.py::b FAILED", "t.py::c FAILED", "t.py::d XPASS"]
    );
    assert_eq!(
        read("python/parse_log_pytest_swesmith", log),
        ["t.py::a PASSED", "t.py::c FAILED"]
    );
}

#[test]
fn a_path_as_parameter_is_cut_to_its_last_part() {
    let log = "PASSED t.py::a[/x/y/z]\nPASSED t.py::b[//x/y]\nPASSED t.py::c[/x/*]\nPASSED t.py::d[1-2]";
    assert_eq!(
        read("python/parse_log_pytest_options", log),
        [
            "t.py::a[/z] PASSED",
            "t.py::b[//x/y] PASSED",
            "t.py::c[/x/*] PASSED",
            "t.py::d[1-2] PASSED",
        ]
    );
}

#[test]
fn unittest_waits_for_a_verdict_behind_what_a_test_prints() {
    let log = "\
test_log (m.C) ... ERROR:root:could not open
WARNING:root:still trying
ok
test_glued (m.C) ... downloadingok
test_x (m.C) ... expected failure
test_y (m.C) ... unexpected success
test_cut (m.C) ...";
    assert_eq!(
        read("python/parse_log_unittest", log),
        [
            "m.C.test_log PASSED",
            "m.C.test_glued PASSED",
            "m.C.test_x XFAIL",
            "m.C.test_y XPASS",
        ]
    );
}

#[test]
fn what_is_printed_after_the_verdict_does_not_change_it() {
    let log = "test_a (m.C) ... FAIL\nsetting up the next class: ok\nok\ntest_b (m.D) ... ok\n";
    assert_eq!(
        read("python/parse_log_unittest", log),
        ["m.C.test_a FAILED", "m.D.test_b PASSED"]
    );
}

#[test]
fn django_is_read_with_its_interruptions() {
    let log = "\
test_a (admin.tests.T) ... ok
test_b (admin.tests.T) ... skipped 'no db'
test_c (admin.tests.T) ... Testing against Django installed in '/x' with 4 processes silenced).
ok
test_d (admin.tests.T) ... FAIL
ok
FAIL: test_e (admin.tests.T)
test_f (admin.tests.T) ... ERROR
";
    assert_eq!(
        read("python/parse_log_django", log),
        [
            "test_a (admin.tests.T) PASSED",
            "test_b (admin.tests.T) SKIPPED",
            "test_c (admin.tests.T) PASSED",
            "test_d (admin.tests.T) FAILED",
            "test_e FAILED",
            "test_f (admin.tests.T) ERROR",
        ]
    );
}

#[test]
fn sympy_is_read_with_its_headings() {
    let log = "test_a ok\ntest_b F\ntest_c E\n____ sympy/t/test_x.py:test_b ____\n  File x.py:3 in f\n";
    assert_eq!(
        read("python/parse_log_sympy", log),
        [
            "test_a PASSED",
            "test_b FAILED",
            "test_c ERROR",
            "sympy/t/test_x.py:test_b FAILED",
        ]
    );
}

#[test]
fn seaborn_matplotlib_and_paramiko_are_read() {
    assert_eq!(
        read(
            "python/parse_log_seaborn",
            "FAILED t.py::a - x\nt.py::b PASSED [ 2%]\nPASSED t.py::c"
        ),
        ["t.py::a FAILED", "t.py::b PASSED", "t.py::c PASSED"]
    );
    assert_eq!(
        read(
            "python/parse_log_matplotlib",
            "PASSED t.py::a[MouseButton.LEFT-MouseButton.RIGHT]"
        ),
        ["t.py::a[1-3] PASSED"]
    );
    assert_eq!(
        read(
            "python/log_parser_paramiko_paramiko",
            "PASSED t.py::a\nPASSED  t.py::b"
        ),
        ["t.py::a PASSED"]
    );
}

#[test]
fn autograd_slugify_tornado_and_mypy_are_read() {
    assert_eq!(
        read(
            "python/log_parser_hips_autograd",
            "[gw3] PASSED t.py::a\n[main] PASSED t.py::b"
        ),
        ["t.py::a PASSED"]
    );
    assert_eq!(
        read(
            "python/log_parser_un33k_python_slugify",
            "test_a (test.T) ... ok\ntest_b (test.T) ... FAIL\ntest_c: (x) ... ok"
        ),
        ["test_a (test.T) PASSED", "test_b (test.T) FAILED"]
    );
    assert_eq!(
        read(
            "python/log_parser_tornadoweb_tornado",
            "test_a (t.T) ... ok\ntest_b (t.T) ... skipped 'x'\nFAIL: test_c (t.T)\n"
        ),
        [
            "test_a (t.T) PASSED",
            "test_b (t.T) SKIPPED",
            "test_c (t.T) FAILED"
        ]
    );
    assert_eq!(
        read(
            "python/log_parser_python_mypy",
            "[gw0] PASSED mypy/test/a.test::b\nnothing"
        ),
        ["mypy/test/a.test::b PASSED"]
    );
}
