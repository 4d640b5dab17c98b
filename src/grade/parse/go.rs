//! Go's tests: as text, or as `go test -json` prints them.

use std::borrow::Cow;

use serde::Deserialize;

use super::scan::{after_blank, has, lines, lines_back, word};
use super::{Results, Sign, Status};

/// One line of `go test -json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    package: Option<Cow<'a, str>>,
    #[serde(borrow)]
    test: Option<Cow<'a, str>>,
}

/// `{Package}/{Test}` of each event that ends a test. Tests that were skipped, and packages, are left out.
pub(super) fn json(log: &str) -> Results {
    let mut results = Results::default();
    let mut name = String::new();
    for line in lines(log) {
        let Some(event) = event(line) else { continue };
        let status = match event.action.as_ref() {
            "pass" => Status::Passed,
            "fail" => Status::Failed,
            _ => continue,
        };
        if let (Some(package), Some(test)) = (event.package, event.test) {
            name.clear();
            name.push_str(&package);
            name.push('/');
            name.push_str(&test);
            results.set(&name, status);
        }
    }
    results
}

/// The event that ends a package.
pub(super) fn json_sign(log: &str) -> Sign {
    let ends = lines_back(log).filter_map(event).any(|event| {
        event.test.is_none()
            && event.package.is_some()
            && matches!(event.action.as_ref(), "pass" | "fail" | "skip")
    });
    if ends { Sign::ENDED } else { Sign::Missing }
}

fn event(line: &str) -> Option<Event<'_>> {
    let line = line.trim();
    // The many lines of output and the few that are no JSON need no closer look.
    (line.starts_with('{') && !line.contains("\"Action\":\"output\""))
        .then(|| serde_json::from_str(line).ok())
        .flatten()
}

/// `--- PASS: Name (0.00s)`. If there is none and the code could not be built, that is the one failure.
pub(super) fn text(log: &str) -> Results {
    let mut results = tests(log);
    if results.is_empty() && unbuilt(log) {
        results.set("BUILD_FAILED", Status::Failed);
    }
    results
}

/// The lines on single tests alone.
pub(super) fn tests(log: &str) -> Results {
    let mut results = Results::default();
    for line in lines(log) {
        let Some(rest) = line.trim_start().strip_prefix("---").and_then(after_blank) else {
            continue;
        };
        let Some((verdict, rest)) = rest.split_once(':') else {
            continue;
        };
        let status = match verdict {
            "PASS" => Status::Passed,
            "FAIL" => Status::Failed,
            "SKIP" => Status::Skipped,
            _ => continue,
        };
        results.set(word(rest).0, status);
    }
    results
}

fn unbuilt(log: &str) -> bool {
    [
        "no required module provides package",
        "[setup failed]",
        "cannot find package",
        "build failed",
    ]
    .iter()
    .any(|words| has(log, words))
}

/// A package's last line: `ok  \tpkg\t0.01s`, `FAIL\tpkg\t0.01s`, or `PASS` and `FAIL` alone.
pub(super) fn text_sign(log: &str) -> Sign {
    let ends = lines_back(log).map(str::trim_end).any(|line| {
        line == "PASS"
            || line == "FAIL"
            || (line.starts_with("ok ") || line.starts_with("FAIL\t") || line.starts_with("--- FAIL"))
                && !line.ends_with("[build failed]")
                && !line.ends_with("[setup failed]")
                && line.contains('\t')
    });
    if ends { Sign::ENDED } else { Sign::Missing }
}
