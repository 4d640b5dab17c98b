//! Patches as datasets have them: one diff, or a list of diffs.

/// What keeps a text from being a unified diff, and what to do.
pub(super) fn fault(patch: &str) -> Option<(&'static str, &'static str)> {
    let text = patch.trim();
    if ["http://", "https://"]
        .iter()
        .any(|scheme| text.starts_with(scheme))
    {
        return Some((
            "is the address of a patch, not a patch",
            "download it and put its text here",
        ));
    }
    let begins = |with: &str| patch.lines().any(|line| line.starts_with(with));
    if begins("diff --git ") || (begins("--- ") && begins("+++ ")) {
        return None;
    }
    Some((
        "is no unified diff",
        "it should have lines such as `diff --git a/file b/file`; leave it empty if there is none",
    ))
}

/// The patch, ended as `git apply` wants it.
pub(super) fn ended(mut patch: String) -> String {
    if !patch.ends_with('\n') {
        patch.push('\n');
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_is_told_from_what_is_none() {
        for good in [
            "diff --git a/x b/x\n@@ -1 +1 @@",
            "--- a/x\n+++ b/x\n",
            "From 1\n\ndiff --git a/x b/x\n",
        ] {
            assert_eq!(fault(good), None);
        }
        for bad in [
            "x",
            "https://drive.google.com/file/d/1",
            "--- a/x\n",
            " diff --git",
        ] {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }
}
