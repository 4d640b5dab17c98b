//! The versions of the harness below the root, and which of them is in use.
//!
//! Invariant: a version is ready once its record lies beside it. From then on `fleet` does not change its files. The
//! one in use is the one that the link at the harness's place leads to.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::error::{Doing as _, RunnerError};
use super::root::{Root, make_dir, write_durably};
use super::slot;
use crate::domain::deploy::{Harness, Look, Place};
use crate::domain::tree::{LeftOut, Tree};
use crate::domain::{Sha256, Timestamp, layout};
use crate::doors::env;
use crate::doors::files::FileLock;
use crate::harness;

/// The right to bring a new version here: held by one link at a time, and free when that ends.
#[derive(Debug, Default)]
pub(super) struct Deploying(Mutex<Option<FileLock>>);

/// What lies beside a version: `<directory>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// What was sent.
    pub(super) files: Tree,
    /// What its set-up made.
    #[serde(default)]
    pub(super) made: Tree,
    /// When it came into use last.
    #[serde(default)]
    pub(super) used: Option<Timestamp>,
}

/// A version that is ready.
#[derive(Debug)]
pub(super) struct Version {
    /// The digest of what was sent.
    pub(super) tree: Sha256,
    /// Its directory.
    pub(super) dir: PathBuf,
    /// What is known of it.
    pub(super) record: Record,
}

impl Deploying {
    /// Takes the right, or keeps it.
    pub(super) fn take(&self, root: &Root) -> Result<(), RunnerError> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_some() {
            return Ok(());
        }
        let versions = dir(root);
        make_dir(&versions)?;
        let path = versions.join("deploy.lock");
        let taken = FileLock::try_take(&path).doing(|| format!("lock {}", path.display()))?;
        *held = Some(taken.ok_or(RunnerError::Deploying)?);
        Ok(())
    }
}

/// The directory of all versions.
pub(super) fn dir(root: &Root) -> PathBuf {
    root.path().join(layout::VERSIONS)
}

/// A path on this host, with the home in it.
pub(super) fn resolve(at: &str) -> PathBuf {
    match (at.strip_prefix("~/"), env::home()) {
        (Some(below), Some(home)) => home.join(below),
        (_, _) => at.into(),
    }
}

/// What lies at a harness's place.
pub(super) fn place(root: &Root, at: &Path) -> Result<Place, RunnerError> {
    let doing = || format!("look at {}", at.display());
    let found = match fs::symlink_metadata(at) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Place::Absent),
        Err(error) => return Err(error).doing(doing),
    };
    if found.is_dir() {
        return Ok(Place::Directory);
    }
    if !found.is_symlink() {
        return Ok(Place::Other);
    }
    let target = fs::read_link(at).doing(doing)?;
    let ours = target.parent() == Some(&dir(root));
    Ok(match tree_of(&target).filter(|_| ours) {
        Some(tree) => Place::Version(tree),
        None => Place::Link(target.display().to_string()),
    })
}

/// `<digest>`, or `<digest>.<n>` where an earlier directory of that digest was not whole any more.
fn tree_of(dir: &Path) -> Option<Sha256> {
    let name = dir.file_name()?.to_str()?;
    let (digest, n) = name.split_once('.').unwrap_or((name, "1"));
    n.parse::<u32>().ok()?;
    digest.parse().ok()
}

/// A directory for a version that is not there yet.
pub(super) fn free(root: &Root, tree: Sha256) -> PathBuf {
    let first = dir(root).join(tree.to_string());
    let others = (2..).map(|n: u32| dir(root).join(format!("{tree}.{n}")));
    std::iter::once(first)
        .chain(others)
        .find(|dir| fs::symlink_metadata(dir).is_err())
        .unwrap_or_default()
}

/// The versions that are ready, the one that was in use last first; and directories that never became one.
pub(super) fn all(root: &Root) -> Result<(Vec<Version>, Vec<PathBuf>), RunnerError> {
    let versions = dir(root);
    let doing = || format!("list {}", versions.display());
    let entries = match fs::read_dir(&versions) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((Vec::new(), Vec::new())),
        Err(error) => return Err(error).doing(doing),
    };
    let (mut ready, mut torn) = (Vec::new(), Vec::new());
    for entry in entries {
        let dir = entry.doing(doing)?.path();
        let Some(tree) = tree_of(&dir).filter(|_| dir.is_dir()) else {
            continue;
        };
        match record(&dir) {
            Some(record) => ready.push(Version { tree, dir, record }),
            None => torn.push(dir),
        }
    }
    ready.sort_by(|a, b| (b.record.used, &b.dir).cmp(&(a.record.used, &a.dir)));
    Ok((ready, torn))
}

fn record_path(dir: &Path) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(".json");
    dir.with_file_name(name)
}

fn record(dir: &Path) -> Option<Record> {
    serde_json::from_slice(&fs::read(record_path(dir)).ok()?).ok()
}

impl Version {
    /// Makes it ready, or remembers that it is in use. Durable when it returns.
    pub(super) fn write(&self) -> Result<(), RunnerError> {
        let text = serde_json::to_vec(&self.record).map_err(std::io::Error::from);
        write_durably(&record_path(&self.dir), &text.doing(|| "put a version in words")?)
    }

    /// Is all that was sent still there as it was?
    pub(super) fn is_whole(&self, out: &LeftOut) -> Result<bool, RunnerError> {
        let found = harness::read(&self.dir, out)?;
        let sent = |(path, leaf)| found.0.get(path) == Some(leaf);
        Ok(self.record.files.0.iter().all(sent))
    }

    /// Removes it; the record first, so that what is half gone is no version.
    pub(super) fn remove(&self) -> Result<(), RunnerError> {
        let path = record_path(&self.dir);
        fs::remove_file(&path).doing(|| format!("remove {}", path.display()))?;
        fs::remove_dir_all(&self.dir).doing(|| format!("remove {}", self.dir.display()))
    }
}

/// A harness, as it is.
pub(super) fn look(root: &Root, at: &str, look: &Look) -> Result<Harness, RunnerError> {
    let path = resolve(at);
    let place = place(root, &path)?;
    let (versions, _) = all(root)?;
    let there = path.is_dir();
    let mut unknown = Tree::default();
    let tree = match look {
        _ if !there => Tree::default(),
        Look::Paths(paths) => harness::some(&path, paths)?,
        Look::Whole(exclude) => {
            let mut tree = harness::read(&path, &LeftOut::with(exclude))?;
            let target = path.canonicalize().unwrap_or_default();
            if let Some(version) = versions.iter().find(|version| version.dir == target) {
                let record = &version.record;
                // What its own set-up made is no news.
                tree.0.retain(|path, leaf| record.made.0.get(path) != Some(leaf));
                let sent = |path: &String| record.files.0.contains_key(path);
                unknown.0 = tree.0.extract_if(.., |path, _| !sent(path)).collect();
            }
            tree
        }
    };
    let gate = root.gate()?;
    let held = slot::survey(root, &gate)?;
    let mut known = BTreeSet::new();
    let digests = versions.into_iter().map(|version| version.tree);
    Ok(Harness {
        place,
        tree,
        unknown,
        versions: digests.filter(|tree| known.insert(*tree)).collect(),
        held: held.into_iter().flatten().map(|holder| holder.attempt).collect(),
    })
}
