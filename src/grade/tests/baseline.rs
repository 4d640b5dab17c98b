//! Runs held against what the dataset's own solution showed.

use super::world::{evidence, instance, pytest};
use crate::domain::baseline::{Baseline, Shown, Weight};
use crate::domain::evidence::Evidence;
use crate::domain::verdict::Decision;
use crate::grade::grading::key;
use crate::grade::{Compat, Finding, Grading, Material, grade};

const BOTH: &[&str] = &["PASSED t.py::a", "PASSED t.py::b"];

/// Grades a run of a model, or of a weight.
fn graded(log: &str, exit: i32, weight: Option<Weight>, baselines: &[Baseline]) -> Grading {
    let (task, seen) = (instance(&["t.py::a"], &["t.py::b"]), evidence(exit));
    let material = Material {
        weight,
        baselines,
        ..Material::new(&task, &seen, log)
    };
    grade(&material, Compat::Fleet)
}

/// What gold shows with this log.
fn gold(log: &str, exit: i32) -> Vec<Baseline> {
    let graded = graded(log, exit, Some(Weight::Gold), &[]);
    vec![Baseline {
        key: graded.verdict.key.unwrap(),
        gold: graded.verdict.shown.map(|shown| *shown),
        noop: None,
    }]
}

fn finds(graded: &Grading, finding: Finding) -> bool {
    graded.findings.iter().any(|note| note.name == finding)
}

fn resolved(graded: &Grading) -> bool {
    graded.verdict.decision == Decision::Resolved
}

#[test]
fn an_exit_code_that_nothing_explains_is_allowed_where_gold_ends_so_too() {
    let log = pytest("", BOTH, "2 passed");
    assert!(!resolved(&graded(&log, 1, None, &[])));
    let measure = gold(&log, 1);
    assert!(resolved(&graded(&log, 1, Some(Weight::Gold), &[])));
    let same = graded(&log, 1, None, &measure);
    assert!(resolved(&same) && finds(&same, Finding::EndsAsGold), "{same:#?}");
    let other = graded(&log, 7, None, &measure);
    assert!(
        !resolved(&other) && finds(&other, Finding::ExitDisagrees),
        "{other:#?}"
    );
    // Gold ended with code 1 because a test failed, which its log names: that allows nothing.
    let failing = pytest(
        "",
        &[BOTH, &["FAILED t.py::c - x"]].concat(),
        "1 failed, 2 passed",
    );
    assert!(!resolved(&graded(&log, 1, None, &gold(&failing, 1))));
    // Nor does what gold showed in another image.
    let mut elsewhere = evidence(1);
    elsewhere.image = Some("sha256:2".to_owned());
    let other_image: Vec<Baseline> = measure
        .into_iter()
        .map(|one| Baseline {
            key: key(&elsewhere),
            ..one
        })
        .collect();
    assert!(!resolved(&graded(&log, 1, None, &other_image)));
}

#[test]
fn fewer_tests_than_with_the_own_solution_are_told_and_decide_nothing() {
    let three = pytest("", &[BOTH, &["PASSED t.py::c"]].concat(), "3 passed");
    let two = pytest("", BOTH, "2 passed");
    let measure = gold(&three, 0);
    let fewer = graded(&two, 0, None, &measure);
    assert!(
        resolved(&fewer) && finds(&fewer, Finding::FewerTests),
        "{fewer:#?}"
    );
    let what = fewer.findings.iter().map(|note| note.what.as_str());
    assert_eq!(
        what.collect::<Vec<_>>(),
        ["with the dataset's own solution there were 3 tests, and here 2"]
    );
    assert!(!finds(&graded(&three, 0, None, &measure), Finding::FewerTests));
    // Without any solution there are as few: the patch took none away.
    let noop = graded(&two, 0, Some(Weight::Noop), &[]).verdict.shown;
    let measure: Vec<Baseline> = measure
        .into_iter()
        .map(|one| Baseline {
            noop: noop.clone().map(|shown| *shown),
            ..one
        })
        .collect();
    assert!(!finds(&graded(&two, 0, None, &measure), Finding::FewerTests));
}

#[test]
fn names_that_two_tests_have_are_told_of_gold_and_of_whoever_comes_after_it() {
    let mut task = instance(&["adds"], &["later"]);
    "javascript/parse_log_jest".clone_into(&mut task.parser);
    "npx jest".clone_into(&mut task.test_command);
    let log = "  ✕ adds (1 ms)\n  ✓ adds (1 ms)\n  ✓ later\nTests:       1 failed, 2 passed, 3 total\n";
    let seen: Evidence = evidence(1);
    let gold = Material {
        weight: Some(Weight::Gold),
        ..Material::new(&task, &seen, log)
    };
    let shown = *grade(&gold, Compat::Fleet).verdict.shown.unwrap();
    let expected = Shown {
        weight: Weight::Gold,
        exit: 1,
        explained: true,
        tests: 2,
        counted: Some(3),
        torn: vec!["adds".to_owned()],
    };
    assert_eq!(shown, expected);
    let baselines = [Baseline {
        key: key(&seen),
        gold: Some(shown),
        noop: None,
    }];
    let model = Material {
        baselines: &baselines,
        ..Material::new(&task, &seen, log)
    };
    let graded = grade(&model, Compat::Fleet);
    let note = graded
        .findings
        .iter()
        .find(|note| note.name == Finding::Contradicted);
    let what = &note.unwrap().what;
    assert!(
        what.ends_with("; with the dataset's own solution 1 of them, too"),
        "{what}"
    );
}

#[test]
fn a_run_that_calibrates_nothing_shows_nothing() {
    assert_eq!(
        graded(&pytest("", BOTH, "2 passed"), 0, None, &[]).verdict.shown,
        None
    );
}
