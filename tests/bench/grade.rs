//! Reading large test logs: 50 MB of each form, parsed, asked for their end and for where they report.
//!
//! `FLEET_BENCH_MB` changes the size.

#![expect(
    clippy::disallowed_methods,
    reason = "benches are outside of the house and use no doors"
)]
#![expect(clippy::print_stdout, reason = "the table is what a bench is for")]

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::time::Instant;

use fleet::grade::parse::{Parser, parse, report_range, sign};

/// What a log may take, at most.
const SECONDS: f64 = 1.0;
/// Runs of each; the median counts.
const RUNS: usize = 5;

/// Writes the lines on one test of this number.
type Line = fn(&mut String, usize);

fn main() {
    let megabytes = std::env::var("FLEET_BENCH_MB")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(50);
    let size: usize = megabytes * 1_000_000;
    println!(
        "{:<30} {:>9} {:>9} {:>9} {:>7}",
        "log", "tests", "seconds", "of CPU", "limit"
    );
    let forms: [(&str, Line, &str); 7] = [
        (
            "python/parse_log_pytest_v3",
            pytest,
            "== 1 failed, 1 passed in 9.87s ==\n",
        ),
        (
            "python/parse_log_pytest_v3",
            coloured,
            "== 1 failed, 1 passed in 9.87s ==\n",
        ),
        (
            "go/parse_log_gotest_json",
            go,
            "{\"Action\":\"pass\",\"Package\":\"p\"}\n",
        ),
        (
            "python/parse_log_unittest",
            unittest,
            "\nRan 9 tests in 9.876s\n\nOK\n",
        ),
        (
            "cpp/parse_log_google_test",
            google,
            "[==========] 9 tests from 1 test suite ran. (1 ms total)\n",
        ),
        ("cpp/parse_log_catch2", prose, ""),
        ("php/parse_log_phpunit", php, "OK (9 tests, 9 assertions)\n"),
    ];
    for (id, line, end) in forms {
        let Some(parser) = Parser::named(id) else { continue };
        let log = filled(size, line, end);
        let mut tests = 0;
        let (mut wall, mut cpu): (Vec<f64>, Vec<f64>) = (0..RUNS)
            .map(|_| {
                let (start, cpu) = (Instant::now(), cpu_seconds());
                tests = black_box(parse(parser, &log)).len();
                black_box((sign(parser, &log), report_range(parser, &log)));
                (start.elapsed().as_secs_f64(), cpu_seconds() - cpu)
            })
            .unzip();
        println!(
            "{id:<30} {tests:>9} {:>9.3} {:>9.3} {SECONDS:>7.1}",
            median(&mut wall),
            median(&mut cpu)
        );
    }
}

fn median(runs: &mut [f64]) -> f64 {
    runs.sort_by(f64::total_cmp);
    runs[runs.len() / 2]
}

/// How long this thread has been on a processor: what a run takes where no other thread wants one.
fn cpu_seconds() -> f64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = told.split_whitespace().next().and_then(|text| text.parse().ok());
    nanoseconds.unwrap_or(f64::NAN) / 1e9
}

fn filled(size: usize, line: Line, end: &str) -> String {
    let mut log = String::with_capacity(size + 1024);
    let mut number = 0;
    while log.len() < size {
        line(&mut log, number);
        number += 1;
    }
    log.push_str(end);
    log
}

/// Half results, half what tests have printed.
fn pytest(log: &mut String, n: usize) {
    let status = if n.is_multiple_of(50) { "FAILED" } else { "PASSED" };
    let _ = writeln!(log, "INFO  root:server.py:{n} request [{n}] handled in 3 ms - ok");
    let _ = writeln!(
        log,
        "{status} tests/unit/test_module_{}.py::TestClass::test_{n}[a-b] - x",
        n % 97
    );
}

fn coloured(log: &mut String, n: usize) {
    let _ = writeln!(
        log,
        "\x1b[32mPASSED\x1b[0m tests/test_{}.py::\x1b[1mtest_{n}\x1b[0m",
        n % 97
    );
}

fn go(log: &mut String, n: usize) {
    let head = format!(
        "{{\"Time\":\"2024-01-01T00:00:00Z\",\"Action\":\"{{}}\",\"Package\":\"example.com/a/b\",\"Test\":\"TestThing/case_{n}\""
    );
    let _ = writeln!(log, "{}}}", head.replace("{}", "run"));
    let _ = writeln!(
        log,
        "{},\"Output\":\"=== RUN   TestThing/case_{n}\\n\"}}",
        head.replace("{}", "output")
    );
    let _ = writeln!(log, "{},\"Elapsed\":0.01}}", head.replace("{}", "pass"));
}

fn unittest(log: &mut String, n: usize) {
    let _ = writeln!(log, "test_{n} (package.module.TestCase.test_{n}) ... ok");
    let _ = writeln!(
        log,
        "test_doc_{n} (package.module.TestCase.test_doc_{n})\nIt is good ... WARNING: slow\nok"
    );
}

fn google(log: &mut String, n: usize) {
    let _ = writeln!(
        log,
        "[ RUN      ] Suite.Test_{n}\nsome output of it\n[       OK ] Suite.Test_{n} (1 ms)"
    );
}

/// A log in which no form fits, so that all of them are tried.
fn prose(log: &mut String, n: usize) {
    let _ = writeln!(
        log,
        "[{n}%] Building CXX object src/file_{n}.cpp.o (with \"flags\") ... done: {n} | {n}"
    );
}

fn php(log: &mut String, n: usize) {
    if n.is_multiple_of(20) {
        let _ = writeln!(log, "\nThing number {n} (App\\Tests\\Thing{n}Test)");
    }
    let _ = writeln!(log, " ✔ Does the thing of number {n} as well as it can [0.12 ms]");
}
