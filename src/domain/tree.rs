//! A harness tree as a value: its files, their digest, what differs between two of them, and the profile that
//! results are made under.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::digest::{Hasher, Sha256};

/// The files that decide what a result is worth, unless `fleet.toml` names others.
pub const CRITICAL: [&str; 4] = [
    "evaluation/benchmarks/multi_swe_bench/scripts/run_full_eval_with_s3.sh",
    "evaluation/benchmarks/multi_swe_bench/scripts/eval_pilot2_standardized.py",
    "openhands/runtime/builder/docker.py",
    "openhands/runtime/utils/runtime_templates/Dockerfile.j2",
];

/// What is a host's own in a tree: keys and settings. Never copied from elsewhere, never read into a digest; a new
/// version gets what the last one had.
pub const OF_THE_HOST: [&str; 3] = ["config.toml", ".env", ".openhands_env"];

/// What is no part of a tree, beside what is the host's own: history, environments, caches, results, archives.
const LEFT_OUT: [&str; 20] = [
    ".git",
    ".venv",
    "venv",
    "node_modules",
    "__pycache__",
    "*.pyc",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".cache",
    "*.egg-info",
    "evaluation_outputs",
    "Trajectory_results",
    "batch_eval_outputs",
    "*.tar",
    "*.tar.gz",
    "*.log",
    ".DS_Store",
    ".env",
    "/config.toml*",
];

/// Where the harness's own runs leave results, relative to the tree: a version that has some is not removed.
pub const RESULTS: [&str; 3] = [
    "evaluation/evaluation_outputs",
    "Trajectory_results",
    "batch_eval_outputs",
];

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Plain.
    File,
    /// One that may be run.
    Program,
    /// A symbolic link; its content is where it leads.
    Link,
}

/// One file of a tree: `644 <sha256>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Leaf {
    /// What it is.
    pub mode: Mode,
    /// Of its content.
    pub sha256: Sha256,
}

/// The files of a tree, by their path in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tree(pub BTreeMap<String, Leaf>);

/// A file that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// Its path in the tree.
    pub path: String,
    /// What it should be; none if it should not be there.
    pub expected: Option<Leaf>,
    /// What it is; none if it is not there.
    pub found: Option<Leaf>,
}

impl Tree {
    /// Of all files, their modes and their paths: the same on every machine.
    pub fn digest(&self) -> Sha256 {
        let mut hasher = Hasher::default();
        for (path, leaf) in &self.0 {
            hasher.update(format!("{leaf} {path}\0").as_bytes());
        }
        hasher.finish()
    }

    /// These files of it, as far as it has them.
    #[must_use]
    pub fn part<'p>(&self, paths: impl IntoIterator<Item = &'p String>) -> Tree {
        let leaf = |path: &String| Some((path.clone(), *self.0.get(path)?));
        Tree(paths.into_iter().filter_map(leaf).collect())
    }

    /// What `found` has otherwise, sorted by path.
    pub fn drift(&self, found: &Tree) -> Vec<Drift> {
        let paths: std::collections::BTreeSet<&String> = self.0.keys().chain(found.0.keys()).collect();
        let drift = |path: &String| Drift {
            path: path.clone(),
            expected: self.0.get(path).copied(),
            found: found.0.get(path).copied(),
        };
        paths
            .into_iter()
            .filter(|path| self.0.get(*path) != found.0.get(*path))
            .map(drift)
            .collect()
    }
}

/// What is left out of a tree: names with `*` for any run of characters; with a `/`, the whole path from the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut(Vec<String>);

impl LeftOut {
    /// What is left out of every tree, and these.
    pub fn with(more: &[String]) -> LeftOut {
        let own = OF_THE_HOST.iter().map(|name| format!("/{name}"));
        let always = LEFT_OUT.iter().map(|name| (*name).to_owned());
        LeftOut(always.chain(own).chain(more.iter().cloned()).collect())
    }

    /// Is this path, or what lies below it, no part of the tree?
    pub fn has(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.0.iter().any(|pattern| {
            if pattern.contains('/') {
                matches(pattern.trim_start_matches('/'), path)
            } else {
                matches(pattern, name)
            }
        })
    }
}

/// In linear time for each `*`: the last one takes what is needed.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// May this be the path of a file in a tree? Only plain downward steps are.
pub fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && path.len() <= 4000
        && !path.contains('\0')
        && path
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
}

/// The version of `profile.json` that this build writes.
pub const PROFILE_VERSION: u32 = 1;

/// What is known of a harness: results of different profiles are not of one experiment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// [`PROFILE_VERSION`] of the writer.
    pub version: u32,
    /// Of all that follows.
    pub id: Sha256,
    /// The whole tree, where `fleet deploy` has put it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<Sha256>,
    /// The critical files; none where one is missing.
    pub files: BTreeMap<String, Option<Leaf>>,
}

impl Profile {
    /// Of these critical files, of which `found` are there. Permissions do not count: copies differ in them.
    pub fn of(critical: &[String], found: &Tree, tree: Option<Sha256>) -> Profile {
        let leaf = |path: &String| (path.clone(), found.0.get(path).copied());
        let files: BTreeMap<String, Option<Leaf>> = critical.iter().map(leaf).collect();
        let mut hasher = Hasher::default();
        for (path, leaf) in &files {
            let word = leaf.map_or("missing".to_owned(), |leaf| leaf.sha256.to_string());
            hasher.update(format!("{word} {path}\0").as_bytes());
        }
        if let Some(tree) = tree {
            hasher.update(format!("tree {tree}\0").as_bytes());
        }
        Profile {
            version: PROFILE_VERSION,
            id: hasher.finish(),
            tree,
            files,
        }
    }
}

/// The first digits of a digest: enough to tell versions and profiles apart in a table.
pub fn short(digest: Sha256) -> String {
    let mut text = digest.to_string();
    text.truncate(12);
    text
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::File => "644",
            Mode::Program => "755",
            Mode::Link => "link",
        })
    }
}

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.mode, self.sha256)
    }
}

impl FromStr for Leaf {
    type Err = String;
    fn from_str(text: &str) -> Result<Leaf, String> {
        let (mode, digest) = text.split_once(' ').unwrap_or_default();
        let mode = match mode {
            "644" => Mode::File,
            "755" => Mode::Program,
            "link" => Mode::Link,
            _ => return Err(format!("`{}` is no mode and sha256", text.escape_debug())),
        };
        Ok(Leaf {
            mode,
            sha256: digest.parse()?,
        })
    }
}

impl TryFrom<String> for Leaf {
    type Error = String;
    fn try_from(text: String) -> Result<Leaf, String> {
        text.parse()
    }
}

impl From<Leaf> for String {
    fn from(leaf: Leaf) -> String {
        leaf.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let leaf = |text: &str| Leaf {
            mode: Mode::File,
            sha256: Sha256::of(text.as_bytes()),
        };
        Tree(
            files
                .iter()
                .map(|(path, text)| ((*path).to_owned(), leaf(text)))
                .collect(),
        )
    }

    #[test]
    fn one_byte_one_mode_and_one_name_each_make_another_tree() {
        let one = tree(&[("a", "x"), ("b", "y")]);
        let mut program = one.clone();
        program.0.get_mut("a").unwrap().mode = Mode::Program;
        for other in [
            tree(&[("a", "X"), ("b", "y")]),
            tree(&[("a", "x"), ("c", "y")]),
            program,
        ] {
            assert_ne!(one.digest(), other.digest());
            assert!(!one.drift(&other).is_empty());
        }
        let drift = one.drift(&tree(&[("b", "z"), ("c", "")]));
        let paths: Vec<_> = drift
            .iter()
            .map(|drift| {
                (
                    drift.path.as_str(),
                    drift.expected.is_some(),
                    drift.found.is_some(),
                )
            })
            .collect();
        assert_eq!(paths, [("a", true, false), ("b", true, true), ("c", false, true)]);
    }

    #[test]
    fn a_leaf_is_read_as_it_is_written_and_nothing_else_is() {
        let leaf = tree(&[("a", "x")]).0["a"];
        assert_eq!(leaf.to_string().parse(), Ok(leaf));
        for bad in ["", "644", "644 xyz", "600 00", "link"] {
            assert!(bad.parse::<Leaf>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_left_out_is_known_by_name_anywhere_or_by_path() {
        let out = LeftOut::with(&["docs/*.pdf".to_owned(), "scratch".to_owned()]);
        for path in [
            ".git",
            "a/__pycache__",
            "a/b.pyc",
            "config.toml",
            "config.toml.backup",
            "x/.env",
            "docs/a.pdf",
            "a/scratch",
            "evaluation/evaluation_outputs",
        ] {
            assert!(out.has(path), "{path}");
        }
        for path in [
            "config.template.toml",
            "a/config.toml",
            "docs/a.pdf.txt",
            "x/docs/a.pdf",
            "gitignore",
            "scratched",
        ] {
            assert!(!out.has(path), "{path}");
        }
        assert!(matches("a*b*c", "aXbYc") && !matches("a*b*c", "aXcYb") && !matches("ab*b", "ab"));
    }

    #[test]
    fn a_profile_changes_with_content_with_the_deployed_tree_and_not_with_permissions() {
        let critical = ["a".to_owned(), "b".to_owned()];
        let found = tree(&[("a", "x")]);
        let profile = Profile::of(&critical, &found, None);
        assert_eq!(profile.files["b"], None);
        let mut program = found.clone();
        program.0.get_mut("a").unwrap().mode = Mode::Program;
        assert_eq!(profile.id, Profile::of(&critical, &program, None).id);
        let others = [
            Profile::of(&critical, &tree(&[("a", "x"), ("b", "")]), None),
            Profile::of(&critical, &found, Some(found.digest())),
            Profile::of(&critical[..1], &found, None),
        ];
        assert!(others.iter().all(|other| other.id != profile.id));
    }

    #[test]
    fn only_downward_paths_are_inside() {
        assert!(is_inside("a/b c/ü"));
        for path in ["", "/a", "a/", "a//b", "../a", "a/./b", "a\0"] {
            assert!(!is_inside(path), "{path:?}");
        }
    }
}
