//! A capsule's `manifest.json`: every file that an attempt left, with size and sha256.

use serde::{Deserialize, Serialize};

use super::digest::Sha256;

/// The version of `manifest.json` that this build writes.
pub const VERSION: u32 = 1;

/// What an attempt left behind under `out/` and `log/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`VERSION`] of the writer.
    pub version: u32,
    /// Regular files, sorted by path.
    pub files: Vec<File>,
    /// Links, sockets, devices and names that are not UTF-8: seen, said, and left where they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Relative to the capsule: `out/…` or `log/…`.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Of the content.
    pub sha256: Sha256,
}

/// Something that does not come home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Relative to the capsule, escaped where it is not plain text.
    pub path: String,
    /// What it is.
    pub why: String,
}

/// Is this a path that may be created below a directory of ours? Only plain downward steps are.
pub fn is_safe(path: &str) -> bool {
    !path.is_empty()
        && !path.contains('\0')
        && path
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
        && (path.starts_with("out/") || path.starts_with("log/"))
}

/// The summary of a manifest that the journal's last line vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Of the bytes of `manifest.json`.
    pub sha256: Sha256,
    /// How many files.
    pub files: u64,
    /// How many bytes in them.
    pub bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::is_safe;

    #[test]
    fn only_downward_paths_are_safe() {
        for path in ["out/output.jsonl", "log/trajectory.log", "out/a/b c/ü\n"] {
            assert!(is_safe(path), "{path:?}");
        }
        for path in [
            "",
            "/etc/passwd",
            "../x",
            "out/../x",
            "out//x",
            "out/./x",
            "out/",
            "spec.json",
            "out/a\0b",
        ] {
            assert!(!is_safe(path), "{path:?}");
        }
    }
}
