//! What is taken out of a model's patch before it is applied: files that the harness's own tools leave
//! behind, and text that is no patch. Pure.

/// A file of one of these names, or one whose path ends in `/` and one of these, is not the model's work.
const LEFTOVERS: [&str; 11] = [
    "command",
    "exec_time",
    "exit_code",
    "stdout",
    "stderr",
    "test_output",
    "test_log",
    ".test_",
    "_test_output",
    "unittest_loader_no_traceback.py",
    "unittest_loader.py",
];

/// How a block of a patch begins.
const BLOCK: &str = "diff --git ";

/// The patch that is applied; empty if nothing is left.
pub(super) fn filter(patch: &str) -> String {
    let patch = unix(patch);
    let mut kept = String::new();
    let mut keep = false;
    let mut blocks = false;
    for line in patch.split_inclusive('\n') {
        if let Some(names) = line.strip_prefix(BLOCK) {
            keep = !is_leftover(names.trim_end());
            blocks = true;
        }
        if keep {
            kept.push_str(line);
        }
    }
    if !blocks {
        // A plain unified diff is a patch, too.
        kept.push_str(plain(&patch));
    }
    if !kept.is_empty() && !kept.ends_with('\n') {
        kept.push('\n');
    }
    kept
}

/// With `\n` alone, if the transport made `\r\n` of it. Where the patch's own header lines end in `\n`,
/// a `\r` is the file's, and taking it away would spoil the patch.
fn unix(patch: &str) -> String {
    let header = |line: &&str| line.starts_with(BLOCK) || line.starts_with("--- ") || line.starts_with("@@ ");
    let converted = patch
        .split_inclusive('\n')
        .find(header)
        .is_some_and(|line| line.ends_with("\r\n"));
    if converted {
        patch.replace("\r\n", "\n")
    } else {
        patch.to_owned()
    }
}

/// From the first file header on.
fn plain(patch: &str) -> &str {
    let mut at = 0;
    let mut lines = patch.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("--- ") && lines.peek().is_some_and(|next| next.starts_with("+++ ")) {
            return &patch[at..];
        }
        at += line.len();
    }
    // No patch at all: applying it will fail, and say so.
    patch.trim_start()
}

/// Of `a/x b/x`: the second name.
fn is_leftover(names: &str) -> bool {
    let names = names.strip_suffix('"').unwrap_or(names);
    let path = names.rfind(" b/").map(|at| &names[at + 3..]);
    let path = path.or_else(|| names.rfind(" \"b/").map(|at| &names[at + 4..]));
    path.is_some_and(|path| {
        LEFTOVERS.iter().any(|name| {
            path.strip_suffix(name)
                .is_some_and(|dir| dir.is_empty() || dir.ends_with('/'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(path: &str) -> String {
        format!("diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-x\n+y\n")
    }

    #[test]
    fn junk_and_leftovers_go_and_the_rest_ends_in_a_newline() {
        let source = block("src/x.py");
        let patch = format!("junk\n{}{}", block("command"), source.trim_end());
        assert_eq!(filter(&patch), source);
        for name in [
            "a/b/exit_code",
            "stdout",
            "x/unittest_loader.py",
            "d/.test_",
            "deep/_test_output",
        ] {
            assert_eq!(
                filter(&format!("{}{source}{}", block(name), block(name))),
                source,
                "{name}"
            );
        }
        for name in [
            "src/mycommand",
            "command/x.py",
            "my_unittest_loader.py",
            "stderr.py",
        ] {
            assert_eq!(filter(&block(name)), block(name), "{name}");
        }
    }

    #[test]
    fn nothing_and_leftovers_alone_come_to_nothing() {
        for patch in ["", " \n\n", &block("stdout")] {
            assert_eq!(filter(patch), "", "{patch:?}");
        }
    }

    #[test]
    fn carriage_returns_go_where_the_transport_brought_them_and_stay_where_the_file_has_them() {
        assert_eq!(filter(&block("a").replace('\n', "\r\n")), block("a"));
        let windows = block("a").replace("-x\n+y\n", "-x\r\n+y\r\n");
        assert_eq!(filter(&windows), windows);
    }

    #[test]
    fn a_plain_unified_diff_is_a_patch() {
        let diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-x\n+y";
        assert_eq!(filter(&format!("Here you are:\n{diff}")), format!("{diff}\n"));
        assert_eq!(filter("no patch at all"), "no patch at all\n");
    }
}
