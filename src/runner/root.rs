//! The runner's root directory: who may touch it, its locks, and files that are whole or not there.
//!
//! Invariant: a process that takes, tests or names a slot holds the gate. So a process that only tests a lock is never
//! mistaken for its holder.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::{Doing as _, RunnerError};
use crate::docker::owner;
use crate::domain::layout;
use crate::doors::files::{self, Durability, FileLock, OWNER_ONLY};

/// Longest wait for a lock that is held for moments. A frozen runner must not freeze the next one.
const PATIENCE: Duration = Duration::from_secs(10);

/// The root, known to exist.
#[derive(Debug, Clone)]
pub(super) struct Root(PathBuf);

/// A lock of the root; dropping it lets go.
#[derive(Debug)]
pub(super) struct Lock {
    _file: FileLock,
}

impl Root {
    /// The root at `path`, created for its owner alone if it is not there.
    pub(super) fn open(path: &Path) -> Result<Root, RunnerError> {
        for dir in [path, &path.join("slots"), &layout::jobs(path)] {
            make_dir(dir)?;
        }
        let path = path
            .canonicalize()
            .doing(|| format!("resolve {}", path.display()))?;
        // A root without an identity yet has nothing in the engine that bears one; a full disk need not stop it here.
        if let Err(error) = owner::identity(&path) {
            tracing::warn!(root = %path.display(), %error, "this root has no identity yet");
        }
        Ok(Root(path))
    }

    /// Where it is; absolute.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The lock under which slots are taken and tested and coordinators are heard.
    pub(super) fn gate(&self) -> Result<Lock, RunnerError> {
        lock(&self.0.join("gate.lock"))
    }

    /// The lock under which dead capsules are closed.
    pub(super) fn closing(&self) -> Result<Lock, RunnerError> {
        lock(&self.0.join("burial.lock"))
    }
}

fn lock(path: &Path) -> Result<Lock, RunnerError> {
    let taken = FileLock::take_within(path, PATIENCE).doing(|| format!("lock {}", path.display()))?;
    match taken {
        Some(file) => Ok(Lock { _file: file }),
        None => Err(RunnerError::Busy(path.to_owned())),
    }
}

/// A directory for its owner alone, with its parents.
pub(super) fn make_dir(path: &Path) -> Result<(), RunnerError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .doing(|| format!("create {}", path.display()))
}

/// Writes a file so that after any crash either the old one or the new one is there, whole.
pub(super) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), RunnerError> {
    files::replace(path, bytes, OWNER_ONLY, Durability::Durable).doing(|| format!("write {}", path.display()))
}

/// Makes the entries of a directory durable.
pub(super) fn sync_dir(path: &Path) -> Result<(), RunnerError> {
    files::sync_dir(path).doing(|| format!("sync {}", path.display()))
}
