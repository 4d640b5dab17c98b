//! What holds for all logs.

use proptest::prelude::*;

use super::world::{evidence, fleet, grade, instance, pytest};
use crate::domain::verdict::Decision;
use crate::grade::Compat;

fn printed() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        "[a-z ]{0,20}",
        Just("PASSED t.py::a".to_owned()),
        Just("t.py::a PASSED".to_owned()),
        Just("PASSED t.py::a_extra".to_owned()),
        Just("===== 9 passed in 1s =====".to_owned()),
        Just("PASSED [1]".to_owned()),
        Just("bash: line 1: x: command not found".to_owned()),
        Just("\u{1b}[32mPASSED\u{1b}[0m t.py::a".to_owned()),
    ];
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_printed_line_makes_a_failure_a_success(before in printed(), missing: bool) {
        let summary: &[&str] = if missing { &["PASSED t.py::b"] } else { &["PASSED t.py::b", "FAILED t.py::a - x"] };
        let numbers = if missing { "1 passed" } else { "1 failed, 1 passed" };
        let graded = fleet(&instance(&["t.py::a"], &["t.py::b"]), &evidence(1), &pytest(&before, summary, numbers));
        prop_assert_eq!(graded.verdict.decision, Decision::Unresolved);
    }

    #[test]
    fn unrelated_lines_change_nothing(before in "([a-z .]{0,20}\n){0,8}", after in "([a-z .]{0,20}\n){0,8}") {
        let log = |before: &str| pytest(before, &["PASSED t.py::a", "PASSED t.py::b"], "2 passed");
        let task = instance(&["t.py::a"], &["t.py::b"]);
        let plain = fleet(&task, &evidence(0), &log(""));
        prop_assert_eq!(plain, fleet(&task, &evidence(0), &format!("{}{after}", log(&before))));
    }

    #[test]
    fn any_text_is_graded_the_same_twice_and_never_panics(log in "(?s).{0,300}", cut: bool, exit in 0..6) {
        let task = instance(&["t.py::a"], &["t.py::b"]);
        let mut seen = evidence(exit);
        if let Some(tests) = &mut seen.tests {
            tests.cut = cut;
        }
        for how in [Compat::Fleet, Compat::VeloraHead] {
            let once = grade(&task, &seen, &log, how);
            prop_assert_eq!(serde_json::to_string(&once).unwrap(), serde_json::to_string(&grade(&task, &seen, &log, how)).unwrap());
            prop_assert!(once.verdict.decision != Decision::Resolved);
        }
    }
}
