//! Patches as git writes them, and as an attacker does.

use super::named;

fn paths(patch: &str) -> Result<Vec<String>, String> {
    named(patch, "/app/repo").map(|paths| paths.into_iter().collect())
}

fn ok(patch: &str) -> Vec<String> {
    paths(patch).unwrap()
}

#[test]
fn every_way_that_git_names_a_file_is_read() {
    let patch = "diff --git a/src/x.py b/src/x.py
index 1..2 100644
--- a/src/x.py
+++ b/src/x.py
@@ -1,2 +1,3 @@
 one
+++ b/not/a/name
--- a/nor/this
+two
diff --git a/gone b/gone
deleted file mode 100644
--- a/gone
+++ /dev/null
@@ -1 +0,0 @@
-x
\\ No newline at end of file
diff --git a/old name b/new name
similarity index 100%
rename from old name
rename to new name
diff --git a/with space b/with space
new file mode 100644
index 0000000..e69de29
diff --git \"a/t\\303\\251st\" \"b/t\\303\\251st\"
old mode 100644
new mode 100755
diff --git a/spaced b/spaced
--- a/spaced\t2020-01-01
+++ b/spaced\t2020-01-01
@@ -1 +1 @@
-a
+b
";
    assert_eq!(
        ok(patch),
        [
            "gone",
            "new name",
            "old name",
            "spaced",
            "src/x.py",
            "tést",
            "with space"
        ]
    );
}

#[test]
fn a_plain_diff_of_several_files_is_read() {
    let file = |name: &str| format!("--- a/{name}\n+++ b/{name}\n@@ -1 +1 @@\n-a\n+b\n");
    assert_eq!(ok(&format!("{}{}", file("x"), file("y"))), ["x", "y"]);
    assert_eq!(ok(""), Vec::<String>::new());
    assert_eq!(
        ok("nonsense\n@@ -x\n@@ -9999999999999999999999 +1 @@\n"),
        Vec::<String>::new()
    );
}

#[test]
fn a_path_that_leaves_the_tree_is_refused() {
    for name in [
        "a/../../etc/passwd",
        "/etc/passwd",
        "a//etc/passwd",
        "a/./x",
        "a/.git/hooks/post-checkout",
        "a/sub/.GIT/config",
        "a/x\u{1b}[31m",
        "\"a/..\\057..\\057x\"",
        "\"a/x\\ny\"",
        "\"a/\\377\"",
        "\"a/x",
        "\"a/\\9\"",
        "",
    ] {
        for patch in [
            format!("--- /dev/null\n+++ {name}\n@@ -0,0 +1 @@\n+x\n"),
            format!("--- {name}\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"),
            format!("diff --git a/x b/x\nrename from x\nrename to {name}\n"),
            format!("diff --git a/x {name}\nnew file mode 100644\n"),
        ] {
            assert!(paths(&patch).is_err(), "{patch:?}");
        }
    }
}

fn link(path: &str, target: &str) -> String {
    format!(
        "diff --git a/{path} b/{path}\nnew file mode 120000\nindex 0000000..1\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+{target}\n\\ No newline at end of file\n"
    )
}

#[test]
fn a_link_that_stays_is_good_and_one_that_leaves_is_refused() {
    for (path, target) in [
        ("a/b/l", "../../x"),
        ("l", "x/y"),
        ("l", "/app/repo/x"),
        ("d/l", "../d/./x"),
    ] {
        assert_eq!(ok(&link(path, target)), [path], "{target}");
    }
    for (path, target) in [
        ("l", "/etc/passwd"),
        ("l", ".."),
        ("a/l", "../../x"),
        ("l", "/app/repo/../x"),
        ("l", "/app/repository"),
        ("l", ".git/hooks"),
        ("l", "x/../../y"),
    ] {
        assert!(paths(&link(path, target)).is_err(), "{target}");
    }
}

#[test]
fn nothing_is_written_through_a_link_that_the_patch_itself_makes() {
    let write = "--- /dev/null\n+++ b/l/x\n@@ -0,0 +1 @@\n+x\n";
    let error = paths(&format!(
        "{}diff --git a/l/x b/l/x\nnew file mode 100644\n{write}",
        link("l", "docs")
    ));
    assert!(error.unwrap_err().contains("through the link"));
    let changed = "diff --git a/l b/l\nindex 1..2 120000\n--- a/l\n+++ b/l\n@@ -1 +1 @@\n-a\n+/etc\n";
    assert!(paths(changed).is_err());
}

#[test]
fn a_directory_may_become_a_link() {
    let gone =
        "diff --git a/d/x b/d/x\ndeleted file mode 100644\n--- a/d/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n";
    let empty = "diff --git a/d/y b/d/y\ndeleted file mode 100644\nindex e69de29..0000000\n";
    assert_eq!(
        ok(&format!("{gone}{empty}{}", link("d", "e"))),
        ["d", "d/x", "d/y"]
    );
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_odd_to_be_read(
        text in "(diff --git |--- |\\+\\+\\+ |@@ -1,2 \\+1 @@|rename to |new file mode 120000|\"|\\\\|[ab/.\n é0-9+-]){0,40}"
    ) {
        if let Ok(paths) = paths(&super::super::filter::filter(&text)) {
            for path in paths {
                assert!(!path.starts_with('/') && path.split('/').all(|part| !part.is_empty() && part != ".."));
            }
        }
    }
}
