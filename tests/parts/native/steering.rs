//! What steers the test runner: put back before the tests, and told. What a patch makes of other things stays.

use fleet::domain::evidence::{Applied, Part};

use super::fixture::{Case, GOOD};

/// What the base commit has.
const CFG: &str = "[metadata]\nname = calc\n\n[tool:pytest]\naddopts = -rA\n";

fn adds(path: &str, text: &str) -> String {
    format!(
        "diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+{text}\n"
    )
}

fn conftest(text: &str) -> String {
    format!(
        "diff --git a/conftest.py b/conftest.py\n--- a/conftest.py\n+++ b/conftest.py\n@@ -1 +1 @@\n-# of the base\n+# {text}\n"
    )
}

fn cfg(name: &str, addopts: &str) -> String {
    format!(
        "diff --git a/setup.cfg b/setup.cfg\n--- a/setup.cfg\n+++ b/setup.cfg\n@@ -1,5 +1,5 @@\n [metadata]\n-name = calc\n+name = {name}\n \n [tool:pytest]\n-addopts = -rA\n+addopts = {addopts}\n"
    )
}

/// What the tests find, and what the evidence says of it.
fn seen(case: &mut Case, command: &str) -> (String, Vec<(String, Part)>) {
    command.clone_into(&mut case.instance.test_command);
    let (done, evidence, log) = case.run();
    done.unwrap();
    assert_eq!(evidence.patch.state, Applied::Git, "{}", evidence.patch.said);
    let files = evidence.put_back.into_iter();
    (log, files.map(|file| (file.path, file.what)).collect())
}

#[test]
fn what_steers_the_runner_is_put_back_and_the_rest_of_a_patch_stays() {
    let patch = [
        GOOD.to_owned(),
        conftest("of the model"),
        cfg("better", "-rA -p evil"),
        adds("pytest/__init__.py", "evil"),
        adds("sitecustomize.py", "evil"),
        adds("sub/conftest.py", "evil"),
        adds("sub/own.py", "of the model"),
    ];
    let mut case = Case::new(&patch.concat());
    let (log, files) = seen(
        &mut case,
        "cat conftest.py setup.cfg; head -n 6 calc.sh | tail -n 1; cat calc.sh | grep '+'; \
         ls sub pytest/__init__.py sitecustomize.py 2> /dev/null",
    );
    let mended = CFG.replace("calc", "better");
    assert!(log.starts_with(&format!("# of the base\n{mended}")), "{log}");
    assert!(log.contains("echo $(($1 + $2))"), "{log}");
    assert!(log.ends_with("sub:\nown.py\n"), "{log}");
    let expected = [
        ("conftest.py", Part::Whole),
        ("pytest/__init__.py", Part::Removed),
        ("setup.cfg", Part::Sections),
        ("sitecustomize.py", Part::Removed),
        ("sub/conftest.py", Part::Removed),
    ];
    assert_eq!(files, expected.map(|(path, part)| (path.to_owned(), part)));
}

#[test]
fn a_patch_that_leaves_the_runner_alone_is_left_alone() {
    let honest = cfg("better", "-rA");
    let mut case = Case::new(&honest);
    let (log, files) = seen(&mut case, "cat setup.cfg");
    assert_eq!((log, files), (CFG.replace("calc", "better"), Vec::new()));
}

#[test]
fn a_file_that_was_taken_away_or_made_a_link_is_there_again() {
    let gone = "diff --git a/conftest.py b/conftest.py\ndeleted file mode 100644\n--- a/conftest.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-# of the base\n";
    let link = "diff --git a/setup.cfg b/setup.cfg\ndeleted file mode 100644\n--- a/setup.cfg\n+++ /dev/null\n@@ -1,5 +0,0 @@\n-[metadata]\n-name = calc\n-\n-[tool:pytest]\n-addopts = -rA\ndiff --git a/setup.cfg b/setup.cfg\nnew file mode 120000\n--- /dev/null\n+++ b/setup.cfg\n@@ -0,0 +1 @@\n+notes.txt\n\\ No newline at end of file\n";
    let mut case = Case::new(&format!("{gone}{link}"));
    let (log, files) = seen(&mut case, "cat conftest.py setup.cfg");
    assert_eq!(log, format!("# of the base\n{CFG}"));
    let expected = ["conftest.py", "setup.cfg"].map(|path| (path.to_owned(), Part::Whole));
    assert_eq!(files, expected);
}

#[test]
fn a_package_that_the_base_commit_has_is_the_repositorys_own() {
    let own = "diff --git a/nose/own.py b/nose/own.py\n--- a/nose/own.py\n+++ b/nose/own.py\n@@ -1 +1 @@\n-of the base\n+of the model\n";
    let mut case = Case::new(&format!("{own}{}", adds("nose/new.py", "new")));
    let (log, files) = seen(&mut case, "cat nose/own.py nose/new.py");
    assert_eq!((log.as_str(), files), ("of the model\nnew\n", Vec::new()));
}

#[test]
fn a_file_in_the_place_of_a_directory_is_no_hindrance() {
    let gone = "diff --git a/web/conftest.py b/web/conftest.py\ndeleted file mode 100644\n--- a/web/conftest.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-# of the web\ndiff --git a/web/setup.cfg b/web/setup.cfg\ndeleted file mode 100644\n--- a/web/setup.cfg\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-[pytest]\n-addopts = -v\n";
    let mut case = Case::new(&format!("{gone}{}", adds("web", "of the model")));
    let (log, files) = seen(&mut case, "cat web/conftest.py web/setup.cfg");
    assert_eq!(log, "# of the web\n[pytest]\naddopts = -v\n");
    let expected = ["web/conftest.py", "web/setup.cfg"].map(|path| (path.to_owned(), Part::Whole));
    assert_eq!(files, expected);
}

#[test]
fn what_the_test_patch_brings_is_the_datasets_and_no_finding() {
    let mut case = Case::new(&conftest("of the model"));
    case.instance.test_patches.push(conftest("of the tests"));
    let (log, files) = seen(&mut case, "cat conftest.py");
    assert_eq!((log.as_str(), files), ("# of the tests\n", Vec::new()));
}

#[test]
fn what_the_datasets_own_solution_steers_is_left_and_told() {
    let mut case = Case::new(&format!("{}{}", conftest("of the model"), cfg("better", "-v")));
    case.instance.gold_patches = vec![conftest("of the solution"), cfg("best", "-rA -v")];
    let (log, files) = seen(&mut case, "cat conftest.py setup.cfg");
    let changed = CFG.replace("calc", "better").replace("-rA", "-v");
    assert_eq!(log, format!("# of the model\n{changed}"));
    let expected = ["conftest.py", "setup.cfg"].map(|path| (path.to_owned(), Part::Left));
    assert_eq!(files, expected);
}
