//! `fleet.lock`: the harness that results are to be made under. Written by `fleet deploy` and `fleet verify --pin`, kept
//! beside `fleet.toml`, and meant for version control: one line a file, sorted, the same bytes for the same tree.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::digest::Sha256;
use super::tree::{Leaf, Profile, Tree, is_inside};

/// The version of `fleet.lock` that this build writes.
pub const VERSION: u32 = 1;

/// The file's name.
pub const FILE: &str = "fleet.lock";

/// What is pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    version: u32,
    tree: Sha256,
    profile: Sha256,
    critical: Vec<String>,
    files: BTreeMap<String, Leaf>,
}

impl Lock {
    /// Pins this tree; or says which critical files it lacks.
    pub fn of(tree: &Tree, critical: &[String]) -> Result<Lock, Vec<String>> {
        let missing: Vec<String> = critical
            .iter()
            .filter(|path| !tree.0.contains_key(*path))
            .cloned()
            .collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        let mut critical = critical.to_vec();
        critical.sort();
        critical.dedup();
        let digest = tree.digest();
        Ok(Lock {
            version: VERSION,
            tree: digest,
            profile: Profile::of(&critical, tree, Some(digest)).id,
            critical,
            files: tree.0.clone(),
        })
    }

    /// Reads the file's text.
    pub fn parse(text: &str) -> Result<Lock, String> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let head: Head = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if head.version != VERSION {
            return Err(format!(
                "its version is {}, and this fleet knows {VERSION}",
                head.version
            ));
        }
        let lock: Lock = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if let Some(path) = lock.files.keys().find(|path| !is_inside(path)) {
            return Err(format!("`{}` is no path in a tree", path.escape_debug()));
        }
        let again = Lock::of(&lock.tree(), &lock.critical)
            .map_err(|missing| format!("it pins no {}", missing.join(", ")))?;
        if again != lock {
            return Err("its digests do not agree with its files: it was edited, or merged badly".to_owned());
        }
        Ok(lock)
    }

    /// The bytes of the file.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// The whole tree.
    pub fn tree(&self) -> Tree {
        Tree(self.files.clone())
    }

    /// The digest of the whole tree: what `fleet deploy` calls the version.
    pub fn digest(&self) -> Sha256 {
        self.tree
    }

    /// The profile of results that are made under the deployed tree.
    pub fn profile(&self) -> Sha256 {
        self.profile
    }

    /// The files that every attempt looks at.
    pub fn critical(&self) -> &[String] {
        &self.critical
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tree::Mode;

    fn tree() -> Tree {
        let leaf = |mode, text: &str| Leaf {
            mode,
            sha256: Sha256::of(text.as_bytes()),
        };
        Tree(BTreeMap::from([
            ("run.sh".to_owned(), leaf(Mode::Program, "x")),
            ("a/b.py".to_owned(), leaf(Mode::File, "y")),
        ]))
    }

    #[test]
    fn the_same_tree_gives_the_same_bytes_and_they_are_read_again() {
        let critical = ["run.sh".to_owned(), "a/b.py".to_owned()];
        let lock = Lock::of(&tree(), &critical).unwrap();
        let mut turned = critical.clone();
        turned.reverse();
        assert_eq!(
            lock.text().unwrap(),
            Lock::of(&tree(), &turned).unwrap().text().unwrap()
        );
        assert_eq!(Lock::parse(&lock.text().unwrap()), Ok(lock));
        assert_eq!(
            Lock::of(&tree(), &["no.sh".to_owned()]),
            Err(vec!["no.sh".to_owned()])
        );
    }

    #[test]
    fn what_was_edited_torn_or_is_newer_is_refused() {
        let text = Lock::of(&tree(), &["run.sh".to_owned()]).unwrap().text().unwrap();
        let bad = [
            text.replace("\"version\": 1", "\"version\": 2"),
            text.replace("a/b.py", "a/c.py"),
            text.replace("a/b.py", "../b.py"),
            text.replacen("\"run.sh\"", "\"run2.sh\"", 1),
            text[..text.len() / 2].to_owned(),
            "[]".to_owned(),
            String::new(),
        ];
        for bad in bad {
            assert_ne!(bad, text);
            assert!(Lock::parse(&bad).is_err(), "{bad}");
        }
    }
}
