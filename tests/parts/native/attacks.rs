//! Patches that want more than to change the repository: refused whole, with words that harm no terminal.

use fleet::domain::evidence::Applied;

use super::fixture::{Case, GOOD};

fn adds(path: &str, text: &str) -> String {
    format!(
        "diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+{text}\n"
    )
}

fn links(path: &str, target: &str) -> String {
    adds(path, target).replace("100644", "120000") + "\\ No newline at end of file\n"
}

#[test]
fn a_patch_that_writes_outside_is_refused_whole_and_no_test_is_run() {
    for bad in [
        adds("../../etc/profile", "x"),
        adds("x", "x").replace("b/x", "/etc/profile"),
        adds(".git/hooks/post-checkout", "x"),
        links("out", "/etc"),
        links("out", "../../etc"),
        format!("{}{}", links("docs", "tests"), adds("docs/x", "x")),
        adds("a\u{1b}]0;title\u{7}b", "x"),
    ] {
        let case = Case::new(&format!("{GOOD}{bad}"));
        let (done, evidence, _) = case.run();
        let said = &evidence.patch.said;
        assert_eq!(evidence.patch.state, Applied::Failed, "{bad}");
        assert!(said.starts_with("refused: "), "{said}");
        assert!(
            !said.contains('\u{1b}') && !done.unwrap().note.contains('\u{1b}'),
            "{said:?}"
        );
        assert_eq!((evidence.tests, case.containers().as_str()), (None, ""));
    }
}

#[test]
fn nothing_is_written_through_a_link_that_the_image_has() {
    // In the image, `repo` leads to the repository itself.
    let (_, evidence, _) = Case::new(&adds("repo/x", "x")).run();
    assert_eq!(evidence.patch.state, Applied::Failed, "{}", evidence.patch.said);
}

#[test]
fn a_golden_patch_that_writes_outside_is_refused_too() {
    let mut case = Case::new(GOOD);
    case.instance.test_patches.push(adds("../x", "x"));
    let (_, evidence, log) = case.run();
    assert_eq!(evidence.golden[1].state, Applied::Failed);
    assert!(evidence.golden[1].said.starts_with("refused: "));
    assert!(log.starts_with("PASSED tests/test_add.sh"));
}

#[test]
fn hooks_that_the_image_has_are_not_run() {
    let mut case = Case::new(GOOD);
    case.instance.test_patches = vec![
        "--- a/tests/test_zero.sh\n+++ b/tests/test_zero.sh\n@@ -1 +1 @@\n-[ \"$(add 0 0)\" = 0 ]\n+true\n"
            .to_owned(),
    ];
    case.instance.test_command = "cat tests/test_zero.sh; ls -A /tmp".to_owned();
    let (_, evidence, log) = case.run();
    assert_eq!(evidence.golden[0].state, Applied::Git);
    assert_eq!(log, "true\n");
}
