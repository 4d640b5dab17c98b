//! Evaluations in real containers of this machine's engine: what is applied, what is refused, what the
//! tests see, what is kept of them, and that nothing of it is left.

use fleet::domain::evidence::Applied;
use fleet::domain::fault::{Class, FaultName};

use super::fixture::{Case, GOLDEN, GOOD, docker};

#[test]
fn a_good_patch_and_the_golden_tests_leave_evidence_and_the_whole_log() {
    let case = Case::new(GOOD);
    let (done, evidence, log) = case.run();
    assert!(
        done.unwrap().note.starts_with("the tests ended with exit code 0"),
        "{evidence:?}"
    );
    assert_eq!(
        log,
        "PASSED tests/test_add.sh\nPASSED tests/test_zero.sh\na warning\n"
    );
    assert_eq!(evidence.patch.state, Applied::Git);
    assert_eq!(evidence.patch.bytes, GOOD.len() as u64);
    assert_eq!(evidence.golden.len(), 1);
    assert_eq!(evidence.golden[0].state, Applied::Git);
    assert_eq!(evidence.golden[0].paths, ["tests/test_add.sh"]);
    let tests = evidence.tests.unwrap();
    assert_eq!(
        (tests.exit, tests.timed_out, tests.cut, tests.output),
        (Some(0), false, false, log.len() as u64)
    );
    assert_eq!(
        tests.stdout,
        Some(log.find("a warning").unwrap() as u64),
        "then comes stderr"
    );
    assert_eq!(tests.network.as_deref(), Some("none"));
    assert!(evidence.image.unwrap().starts_with("sha256:"));
    assert_eq!(evidence.fault, None);
    assert_eq!(case.containers(), "");
}

#[test]
fn the_same_evaluation_leaves_the_same_bytes() {
    let case = Case::new(GOOD);
    let once = (case.run().2, case.log_bytes());
    assert_eq!((case.run().2, case.log_bytes()), once);
}

#[test]
fn without_a_patch_the_tests_run_and_fail() {
    let (done, evidence, log) = Case::new("").run();
    done.unwrap();
    assert_eq!(evidence.patch.state, Applied::Nothing);
    assert_eq!(
        log,
        "FAILED tests/test_add.sh\nPASSED tests/test_zero.sh\na warning\n"
    );
}

#[test]
fn what_the_model_made_of_the_test_files_is_undone_first() {
    let mine = "diff --git a/tests/test_add.sh b/tests/test_add.sh\nnew file mode 100644\n--- /dev/null\n+++ b/tests/test_add.sh\n@@ -0,0 +1 @@\n+true\n";
    let (_, evidence, log) = Case::new(mine).run();
    assert_eq!(
        (evidence.patch.state, evidence.golden[0].state),
        (Applied::Git, Applied::Git)
    );
    assert!(log.starts_with("FAILED tests/test_add.sh"), "{log}");
    // A link in the place of a directory on the way is taken away, not followed.
    let link = "diff --git a/tests/test_zero.sh b/tests/test_zero.sh\ndeleted file mode 100644\n--- a/tests/test_zero.sh\n+++ /dev/null\n@@ -1 +0,0 @@\n-[ \"$(add 0 0)\" = 0 ]\ndiff --git a/tests b/tests\nnew file mode 120000\n--- /dev/null\n+++ b/tests\n@@ -0,0 +1 @@\n+elsewhere\n\\ No newline at end of file\ndiff --git a/elsewhere/x b/elsewhere/x\nnew file mode 100644\n--- /dev/null\n+++ b/elsewhere/x\n@@ -0,0 +1 @@\n+x\n";
    let mut case = Case::new(link);
    case.instance.test_command = "ls -d tests elsewhere/*; [ -L tests ] || echo no link".to_owned();
    let (_, evidence, log) = case.run();
    assert_eq!(evidence.patch.state, Applied::Git, "{}", evidence.patch.said);
    assert_eq!(
        evidence.golden[0].state,
        Applied::Git,
        "{}",
        evidence.golden[0].said
    );
    assert_eq!(log, "elsewhere/x\ntests\nno link\n");
}

#[test]
fn a_test_file_of_the_base_commit_is_restored_for_a_golden_patch_that_changes_it() {
    let spoil = "diff --git a/tests/test_zero.sh b/tests/test_zero.sh\n--- a/tests/test_zero.sh\n+++ b/tests/test_zero.sh\n@@ -1 +1 @@\n-[ \"$(add 0 0)\" = 0 ]\n+true\n";
    let mut case = Case::new(&format!("{GOOD}{spoil}"));
    case.instance.test_patches = vec![spoil.replace("+true", "+false")];
    let (_, evidence, log) = case.run();
    assert_eq!(
        evidence.golden[0].state,
        Applied::Git,
        "{}",
        evidence.golden[0].said
    );
    assert!(log.starts_with("FAILED tests/test_zero.sh"), "{log}");
}

#[test]
fn a_patch_that_is_a_little_off_applies_with_fuzz() {
    // Two of the three lines of context before the change are not those of the file.
    let off = GOOD.replace(" #\n #\n add", " # other\n # words\n add");
    let (_, evidence, log) = Case::new(&off).run();
    assert_eq!(evidence.patch.state, Applied::Fuzzy);
    assert!(evidence.patch.said.contains("fuzz"), "{}", evidence.patch.said);
    assert!(log.starts_with("PASSED tests/test_add.sh"), "{log}");
}

#[test]
fn a_patch_is_made_from_the_base_commit_whatever_the_image_has_changed_since() {
    let patch = "diff --git a/leftover.txt b/leftover.txt\nnew file mode 100644\n--- /dev/null\n+++ b/leftover.txt\n@@ -0,0 +1 @@\n+of the model\ndiff --git a/notes.txt b/notes.txt\n--- a/notes.txt\n+++ b/notes.txt\n@@ -1 +1,2 @@\n of the repository\n+of the model\n";
    let mut case = Case::new(patch);
    case.instance.test_command =
        "cat leftover.txt notes.txt; git -c safe.directory='*' status --short".to_owned();
    let (done, evidence, log) = case.run();
    done.unwrap();
    assert_eq!(evidence.patch.state, Applied::Git, "{}", evidence.patch.said);
    assert!(evidence.patch.said.ends_with("as the base commit has them"));
    let status = " M notes.txt\n?? leftover.txt\n?? repo\n?? tests/test_add.sh\n";
    assert_eq!(
        log,
        format!("of the model\nof the repository\nof the model\n{status}")
    );
}

#[test]
fn a_patch_that_does_not_apply_is_said_and_no_test_is_run() {
    let wrong = format!("{GOOD}{}", GOOD.replace("calc.sh", "run.sh"));
    let (done, evidence, log) = Case::new(&wrong).run();
    assert!(done.unwrap().note.starts_with("the model's patch does not apply"));
    assert_eq!(
        (evidence.patch.state, evidence.golden[0].state),
        (Applied::Failed, Applied::NotTried)
    );
    assert!(
        evidence.patch.said.contains("error: patch failed: run.sh"),
        "{}",
        evidence.patch.said
    );
    assert_eq!((evidence.tests, log.as_str()), (None, ""));
}

#[test]
fn of_a_golden_patch_that_fails_nothing_stays_and_the_others_count() {
    let mut case = Case::new(GOOD);
    // Its first files would apply. What the base commit has not is gone all the same.
    let half = GOLDEN.replace("test_add", "test_half");
    case.instance.test_patches = vec![
        format!("{half}{}", GOOD.replace("calc.sh", "run.sh")),
        GOLDEN.to_owned(),
    ];
    let (_, evidence, log) = case.run();
    let states: Vec<_> = evidence.golden.iter().map(|one| one.state).collect();
    assert_eq!(states, [Applied::Failed, Applied::Git]);
    assert!(
        log.starts_with("PASSED tests/test_add.sh\nPASSED tests/test_zero.sh\n"),
        "{log}"
    );
}

#[test]
fn a_patch_that_was_applied_before_is_not_taken_back() {
    let mut case = Case::new(GOOD);
    case.instance.test_patches = vec![GOLDEN.to_owned(), GOLDEN.to_owned()];
    let (_, evidence, log) = case.run();
    assert_eq!(evidence.golden[1].state, Applied::Failed);
    assert!(log.starts_with("PASSED tests/test_add.sh"), "{log}");
}

#[test]
fn lines_that_end_in_a_carriage_return_are_patched_as_they_are() {
    let patch = "diff --git a/windows.txt b/windows.txt\n--- a/windows.txt\n+++ b/windows.txt\n@@ -1,2 +1,2 @@\n one\r\n-two\r\n+three\r\n";
    let mut case = Case::new(patch);
    case.instance.test_command = "cat windows.txt".to_owned();
    assert_eq!(case.run().2, "one\r\nthree\r\n");
}

#[test]
fn the_tests_have_their_environment_and_no_trace_of_ours() {
    let mut case = Case::new(GOOD);
    case.instance.test_command =
        "echo $SAVED [$http_proxy] $PYTEST_ADDOPTS $PWD; ls -A /tmp; [ -t 0 ] || cat; exit 7".to_owned();
    let (_, evidence, log) = case.run();
    assert_eq!(log, "yes [] --ignore=/app/repo/repo /app/repo\n");
    assert_eq!(evidence.tests.unwrap().exit, Some(7));
}

#[test]
fn an_attempt_of_the_same_name_in_another_root_is_left_alone() {
    // Two users of one engine have dispatched the same assignment.
    let mut one = Case::new(GOOD);
    let waits = "touch /tmp/begun; until [ -e /tmp/go ]; do :; done; bash run.sh";
    waits.clone_into(&mut one.instance.test_command);
    let mut two = Case::new(GOOD);
    two.attempt = one.attempt;
    let done = std::thread::scope(|scope| {
        let run = scope.spawn(|| one.run().0);
        let id = one.container_with("/tmp/begun");
        two.run().0.unwrap();
        docker(&["exec", &id, "touch", "/tmp/go"]);
        run.join().unwrap()
    });
    assert!(done.unwrap().note.starts_with("the tests ended with exit code 0"));
    assert_eq!(one.containers(), "");
}

#[test]
fn a_repository_that_lies_in_testbed_is_found_there_and_the_evidence_says_so() {
    let mut case = Case::new(GOOD);
    let name = format!("{}-testbed", case.swe.image.tags[0]);
    let recipe = format!(
        "FROM {}\nRUN cp -r /app/repo /testbed && rm -r /app\n",
        case.swe.image.tags[0]
    );
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("Dockerfile"), recipe).unwrap();
    docker(&[
        "build",
        "-q",
        "--network",
        "none",
        "-t",
        &name,
        dir.path().to_str().unwrap(),
    ]);
    case.swe.image.tags = vec![name.clone()];
    let (done, evidence, log) = case.run();
    let missing = {
        case.instance.base_commit = "0".repeat(40);
        case.run().0.unwrap_err()
    };
    docker(&["rmi", &name]);
    assert!(
        done.unwrap().note.starts_with("the tests ended with exit code 0"),
        "{log}"
    );
    assert_eq!(evidence.repo_path.as_deref(), Some("/testbed"));
    assert!(log.starts_with("PASSED tests/test_add.sh"), "{log}");
    assert_eq!(missing.name, FaultName::NoBaseCommit);
    assert!(
        missing.what.ends_with("in /app/repo nor in /testbed"),
        "{missing}"
    );
}

#[test]
fn an_image_that_is_not_what_the_dataset_says_is_a_fault_of_the_image() {
    type Spoil = fn(&mut Case);
    let cases: [(Spoil, Class, &str); 5] = [
        (
            |case| case.swe.image.tags = vec!["fleet-test-none:1".to_owned()],
            Class::Image,
            "image-missing",
        ),
        (
            |case| case.instance.repo_path = "/testbed".to_owned(),
            Class::Image,
            "no-repository",
        ),
        (
            |case| case.instance.base_commit = "0".repeat(40),
            Class::Image,
            "no-base-commit",
        ),
        (
            |case| case.instance.base_commit = "--help".to_owned(),
            Class::Dataset,
            "bad-base-commit",
        ),
        (
            |case| case.swe.image.platform = "linux/arm64".to_owned(),
            Class::Image,
            "wrong-platform",
        ),
    ];
    for (spoil, class, name) in cases {
        let mut case = Case::new(GOOD);
        spoil(&mut case);
        let (done, evidence, _) = case.run();
        let fault = done.unwrap_err();
        assert_eq!((fault.class, fault.name.as_str()), (class, name), "{fault}");
        assert_eq!(evidence.fault, Some(fault));
        assert_eq!(evidence.tests, None);
        assert_eq!(case.containers(), "");
    }
}
