//! Java, JavaScript, Go, Rust, PHP, Ruby and SWE-Lancer.

use super::{head, read};

#[test]
fn a_junit_table_may_be_a_list_of_its_lines() {
    let rows = [
        "\"com.A,a,PASS\"",
        "\"com.A,b,fail\"",
        "\"com.A,c,ERROR\"",
        "\"com.A,d,ignored\"",
    ];
    let expected = [
        "\"com.A.a\" PASSED",
        "\"com.A.b\" FAILED",
        "\"com.A.c\" ERROR",
        "\"com.A.d\" SKIPPED",
    ];
    let header = "Test-class-name,Test-name,status";
    assert_eq!(
        read("java/parse_log_junit", &format!("{header}\n{}", rows.join("\n"))),
        expected
    );
    assert_eq!(
        read(
            "java/parse_log_junit",
            &format!("[\"{header}\",{}]", rows.join(","))
        ),
        expected
    );
    let prose = "First, we build, then we test.\na,b\na,b,c,d\n";
    assert!(read("java/parse_log_junit", prose).is_empty());
}

#[test]
fn maven_tells_of_the_test_that_was_asked_for() {
    let log = "$ mvn -q test -Dtest=FooTest#bar -B\n[INFO] BUILD SUCCESS\n$ mvn -Dtest=Baz test\n[INFO] BUILD FAILURE\n";
    assert_eq!(
        read("java/parse_log_maven", log),
        ["FooTest#bar PASSED", "Baz FAILED"]
    );
    assert!(read("java/parse_log_maven", "[INFO] BUILD SUCCESS").is_empty());
}

#[test]
fn a_name_that_is_a_sentence_is_kept_whole() {
    let name = "adds 1 + 1 - carefully (really), and says \"ok ... FAIL: no\"";
    assert_eq!(
        read(
            "javascript/parse_log_jest",
            &format!("    ✓ {name} (12 ms)\n    ✕ {name} twice\n")
        ),
        [format!("{name} PASSED"), format!("{name} twice FAILED")]
    );
    assert_eq!(
        read("javascript/parse_log_jest_json", &format!("[FAILED] {name}")),
        [format!("{name} FAILED")]
    );
    assert_eq!(
        read("ruby/parse_log_rspec", &format!("{name} - passed")),
        [format!("{name} PASSED")]
    );
    let title = name.replace('"', "\\\"");
    let line = format!(r#"["fail",{{"title":"{title}","file":"/a/t.js","err":"x"}}]"#);
    assert_eq!(
        read("javascript/parse_log_mocha_json", &line),
        [format!("[c6d1e] {name} FAILED")]
    );
}

#[test]
fn jest_and_mocha_refuse_what_only_looks_alike() {
    assert!(read("javascript/parse_log_jest", "all ✓ good\n✓\n✓adds\n● adds").is_empty());
    let log = "[\"start\",{\"total\":1}]\n[\"pass\",{\"title\":\"a\"}]\n[1,2]\n[]\n3\n[\"pass\"";
    assert!(read("javascript/parse_log_mocha_json", log).is_empty());
}

#[test]
fn go_events_are_read_and_their_output_is_not() {
    let log = r#"{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"TestZ\"}\n"}
{"Time":"2024-01-01T00:00:00Z","Action":"fail","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"pass","Package":"p","Test":"Test\u00e9"}
{"Action":"pass","Test":"TestB"}
{"Action":"pass","Package":"p","Test":"Tes"#;
    assert_eq!(
        read("go/parse_log_gotest_json", log),
        ["p/TestA FAILED", "p/Testé PASSED"]
    );
}

#[test]
fn go_text_is_read_with_subtests() {
    let log = "=== RUN   TestA\n    --- PASS: TestA/sub_1 (0.00s)\n--- FAIL: TestA (0.01s)\n--- SKIP: TestB (0.00s)\n--- BENCH: x\n";
    for id in ["go/parse_log_go_test", "go/parse_log_gotest"] {
        assert_eq!(
            read(id, log),
            ["TestA/sub_1 PASSED", "TestA FAILED", "TestB SKIPPED"]
        );
        assert_eq!(read(id, "FAIL\tp [build failed]\n"), ["BUILD_FAILED FAILED"]);
    }
}

#[test]
fn one_parser_of_cargo_keeps_what_is_ignored() {
    let log = "running 2 tests\ntest a ... ok\ntest b ... ignored, too slow\ntest result: ok. 1 passed\n";
    assert_eq!(read("rust/parse_log_cargo_test", log), ["a PASSED"]);
    assert_eq!(read("rust/parse_log_cargo", log), ["a PASSED", "b SKIPPED"]);
}

#[test]
fn lists_of_failures_have_the_last_word_in_phpunit() {
    let log = "\
Unnamed (App\\UnnamedTests)
 ✔ Runs [3.21 ms]

There was 1 error:

1) App\\BTest::testBroken with data set #0 (1, 2)
RuntimeException: no

There were 2 failures:

1) App\\ATest::testOne
Failed asserting that false is true.
2) App\\ATest::testTwo
";
    assert_eq!(
        read("php/parse_log_phpunit", log),
        [
            "App\\UnnamedTests::testRuns PASSED",
            "App\\Test::testRuns PASSED",
            "App\\Tests::testRuns PASSED",
            "App\\TestCase::testRuns PASSED",
            "App\\UnnamedTestsTest::testRuns PASSED",
            "App\\ATest::testOne FAILED",
            "App\\ATest::testTwo FAILED",
            "App\\BTest::testBroken ERROR",
        ]
    );
}

#[test]
fn the_name_of_a_class_says_nothing_of_its_tests() {
    let log = "App\\TokenTest::testA failed";
    assert_eq!(
        read("php/parse_log_phpunit", log),
        ["App\\TokenTest::testA FAILED"]
    );
    assert_eq!(
        head("php/parse_log_phpunit", log),
        ["App\\TokenTest::testA PASSED"],
        "as it is there"
    );
    assert!(read("php/parse_log_phpunit", "a::testX\n::test ok\n✔\n").is_empty());
}

#[test]
fn ruby_is_read() {
    let log = "A#test_a = 0.00 s = F\nA::B#test_b [ERROR] (0.1s)\nA#test_c = x\ntest_d (A) = 0.00 s = S\n#test = 0 s = .";
    assert_eq!(
        read("ruby/parse_log_minitest", log),
        ["A#test_a FAILED", "A::B#test_b ERROR", "A#test_d SKIPPED"]
    );
    for id in ["ruby/parse_log_rspec", "ruby/parse_log_rspec_transformed_json"] {
        assert_eq!(
            read(id, "A is good - passed\nB - failed\nC - pending\nD - passed away"),
            ["A is good PASSED", "B FAILED", "C SKIPPED"]
        );
    }
}

#[test]
fn one_exit_code_judges_all_tests_of_swelancer() {
    let ids = [
        "swelancer/parse_log_exitcode",
        "swelancer/parse_log_playwright",
        "javascript/parse_log_playwright",
    ];
    for id in ids {
        let log = |code| format!("issues/12155_1/test.py::test_expensify_0000 x\npytest_exit_code: {code}\n");
        let name = "issues/12155_1/test.py::test_expensify_0000";
        assert_eq!(read(id, &log(0)), [format!("{name} PASSED")]);
        assert_eq!(read(id, &log(1)), [format!("{name} FAILED")]);
        assert_eq!(read(id, &log(4)), [format!("{name} ERROR")]);
        assert_eq!(head(id, &log(0)), [format!("{name} PASSED")]);
        assert_eq!(read(id, "Exit Code: 0"), ["test_expensify_0000 PASSED"]);
        assert_eq!(
            read(id, "tests/a/test.py::test_b\n== 1 passed, 1 failed in 3.00s =="),
            ["test_b FAILED"]
        );
    }
}

#[test]
fn swelancer_without_any_code_is_no_pass() {
    let log = "the mood has passed";
    assert!(read("swelancer/parse_log_exitcode", log).is_empty());
    assert_eq!(
        head("swelancer/parse_log_exitcode", log),
        ["test_expensify_0000 PASSED"]
    );
    let forged = "pytest_exit_code: 0\nissues/a/test.py::t\npytest_exit_code: 1\n";
    assert_eq!(
        read("swelancer/parse_log_exitcode", forged),
        ["issues/a/test.py::t FAILED"]
    );
}
