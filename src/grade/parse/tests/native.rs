//! C, C++, meson and make.

use super::read;

#[test]
fn the_check_framework_has_five_forms_of_a_line() {
    let log = "\
1/2 Test #1: unit tests ....   Passed    0.01 sec
2/2 Test #2: slow ..........***Failed    0.01 sec
check_money.c:25:P:Core:test_create:0: Passed
check_money.c:32:F:Core:test_add:0: Assertion failed
PASS: plain
ERROR: broken
passed 3: loosely
Test of sums failed
Failures: 2
";
    assert_eq!(
        read("c/parse_log_check_framework", log),
        [
            "unit tests PASSED",
            "slow FAILED",
            "check_money.c:25 PASSED",
            "check_money.c:32 FAILED",
            "plain PASSED",
            "broken ERROR",
            "loosely PASSED",
            "of sums FAILED",
        ]
    );
}

#[test]
fn counts_alone_become_numbered_tests() {
    let check = |log| read("c/parse_log_check_framework", log);
    assert_eq!(
        check("66%: Checks: 3, Failures: 1, Errors: 0"),
        ["test_1 PASSED", "test_2 PASSED", "test_3 FAILED"]
    );
    assert_eq!(
        check("50% tests passed, 1 tests failed out of 2"),
        ["test_1 PASSED", "test_2 FAILED"]
    );
    assert_eq!(
        check("# TOTAL: 2\n# PASS:  1\n# ERROR: 1"),
        ["test_1 PASSED", "test_2 ERROR"]
    );
    let cpp = |log| read("cpp/parse_log_catch2", log);
    assert_eq!(
        cpp("[  PASSED  ] 1 test.\n[  FAILED  ] 1 test, listed below:"),
        ["test_0 PASSED", "test_1 FAILED"]
    );
    assert_eq!(
        cpp("100% tests passed, 0 tests failed out of 2"),
        ["test_0 PASSED", "test_1 PASSED"]
    );
}

#[test]
fn a_count_beyond_reason_makes_no_tests() {
    assert!(
        read(
            "c/parse_log_check_framework",
            "Checks: 4294967295, Failures: 0, Errors: 0"
        )
        .is_empty()
    );
    assert!(read("c/parse_log_catch2", "Running 99999999999999999999 test cases...").is_empty());
}

#[test]
fn google_test_names_end_before_their_parameters() {
    let log = "\
[==========] Running 4 tests from 2 test suites.
[ RUN      ] S.A
[       OK ] S.A (0 ms)
3: [  FAILED  ] P/S.B/1, where GetParam() = (4, 2) (1 ms)
[  SKIPPED ] S.C (0 ms)
[  FAILED  ] 1 test, listed below:
[  FAILED  ] P/S.B/1, where GetParam() = (4, 2)
";
    assert_eq!(
        read("cpp/parse_log_google_test", log),
        ["S.A PASSED", "P/S.B/1 FAILED", "S.C SKIPPED"]
    );
}

#[test]
fn junit_xml_comes_before_every_other_form() {
    let log = r#"building [100%]
[       OK ] S.other (0 ms)
<?xml version="1.0" encoding="UTF-8"?>
<!-- a > comment -->
<testsuites tests="4" name="All">
  <testsuite name="S" tests="4">
    <testcase name="a" classname="S" time="0"/>
    <testcase name="b &lt;int&gt;" classname='S'><failure message="x &quot; > y"><![CDATA[a < b]]></failure></testcase>
    <testcase classname="S" name="c"><skipped/></testcase>
    <testcase name="d"></testcase>
  </testsuite>
</testsuites>
done
"#;
    assert_eq!(
        read("cpp/parse_log_google_test", log),
        ["S.a PASSED", "S.b <int> FAILED", "S.c SKIPPED", "d PASSED"]
    );
    let twice = format!("{log}{}", log.replace("classname=\"S\"", "classname=\"T\""));
    assert_eq!(read("cpp/parse_log_catch2", &twice).len(), 6);
}

#[test]
fn broken_xml_gives_way_to_the_next_form() {
    let ok = "[       OK ] S.A (0 ms)\n";
    let broken = [
        "<?xml?><testsuite><testcase name='x'></testsuite>",
        "<?xml?><testsuite><testcase name='x'/>",
        "<?xml?><html></html>",
        "<?xml?><testsuite><testcase name='x'><system-out>[ OK ]</system-out></testcase></testsuite>",
        "<?xml",
    ];
    for xml in broken {
        assert_eq!(
            read("cpp/parse_log_google_test", &format!("{ok}{xml}")),
            ["S.A PASSED"],
            "{xml}"
        );
    }
}

#[test]
fn automake_knows_more_words_than_pass_and_fail() {
    let log = "PASS: a\nFAIL: b\nSKIP: c\nXFAIL: d\nERROR: e\nPASSED: f\nTestsuite summary for pkg 1.2\n";
    assert_eq!(
        read("cpp/parse_log_catch2", log),
        [
            "pkg.a PASSED",
            "pkg.b FAILED",
            "pkg.c SKIPPED",
            "pkg.d XFAIL",
            "pkg.e ERROR"
        ]
    );
    assert_eq!(
        read("cpp/parse_log_catch2", "PASS: a\nERROR: no such file"),
        ["a PASSED"]
    );
}

#[test]
fn tap_tells_what_was_left_out() {
    let log =
        "1..5\nok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP no net\nnot ok 4 - d # TODO later\nok 5\nokay 6\n";
    assert_eq!(
        read("cpp/parse_log_google_test", log),
        [
            "a PASSED",
            "b FAILED",
            "c # SKIP no net SKIPPED",
            "d # TODO later XFAIL",
            "test_5 PASSED",
        ]
    );
}

#[test]
fn boost_counts_a_test_once_however_often_it_fails() {
    let log = "\
Running 2 test cases...
t.cpp(3): error: in \"T\": check a has failed
t.cpp(4): error: in \"T\": check b has failed
*** 2 failures are detected in the test module \"M\"
";
    assert_eq!(
        read("cpp/parse_log_google_test", log),
        ["BoostTests.T FAILED", "BoostTests.test_0 PASSED"]
    );
    assert!(read("cpp/parse_log_google_test", "included in \"a.h\"").is_empty());
}

#[test]
fn ctest_does_not_take_a_crash_for_a_pass() {
    let log = "\
      Start 1: a
1/4 Test  #1: a .................   Passed    0.00 sec
2/4 Test  #2: b .................***Exception: SegFault  0.10 sec
3/4 Test  #3: c .................***Timeout  10.00 sec
4/4 Test  #4: d .................***Skipped   0.00 sec
";
    assert_eq!(
        read("cpp/parse_log_google_test", log),
        ["a PASSED", "b ERROR", "c ERROR", "d SKIPPED"]
    );
}

#[test]
fn meson_and_make_are_read() {
    let log = "\
1/4 plain                 OK              0.12s
2/4 glib:core / array     FAIL            0.05s   exit status 1
3/4 slow                  TIMEOUT        30.00s
4/4 odd                   SKIP            0.01s
Ok:                 1
";
    let meson = [
        "plain PASSED",
        "glib:core / array FAILED",
        "slow FAILED",
        "odd SKIPPED",
    ];
    assert_eq!(read("c/parse_log_meson", log), meson);
    assert_eq!(read("cpp/parse_log_meson", log), meson);
    assert!(read("c/parse_log_meson", "1/2 OK\n12 OK OK\n3/4 building").is_empty());
    assert_eq!(
        read(
            "generic/parse_log_make",
            "--- PASS: TestA (0.1s)\n1/1 m OK 0.1s\nFAIL: c\nSKIP: d"
        ),
        ["TestA PASSED", "m PASSED", "c FAILED", "d SKIPPED"]
    );
}
