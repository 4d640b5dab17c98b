//! The runner's root directory: who may touch it, its locks, and files that are whole or not there.
//!
//! Invariant: whoever takes, tests or names a slot holds the gate, so that a test of a lock is never
//! mistaken for its holder.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::{Doing as _, RunnerError};
use crate::docker::owner;
use crate::domain::layout;
use crate::doors::clock;

/// Longest wait for a lock that is held for moments. A frozen runner must not freeze the next one.
const PATIENCE: Duration = Duration::from_secs(10);

/// The root, known to exist.
#[derive(Debug, Clone)]
pub(super) struct Root(PathBuf);

/// A lock of the root; dropping it lets go.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
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
    pub(super) fn burial(&self) -> Result<Lock, RunnerError> {
        lock(&self.0.join("burial.lock"))
    }
}

fn lock(path: &Path) -> Result<Lock, RunnerError> {
    let file = open_lock(path)?;
    let since = clock::tick();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) if since.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_micros(500));
            }
            Err(TryLockError::WouldBlock) => return Err(RunnerError::Busy(path.to_owned())),
            Err(TryLockError::Error(error)) => {
                return Err(error).doing(|| format!("lock {}", path.display()));
            }
        }
    }
}

/// A file to lock, created if it is not there.
pub(super) fn open_lock(path: &Path) -> Result<File, RunnerError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .doing(|| format!("open {}", path.display()))
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
    let new = path.with_extension("new");
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    };
    write().doing(|| format!("write {}", path.display()))?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// Makes the entries of a directory durable.
pub(super) fn sync_dir(path: &Path) -> Result<(), RunnerError> {
    File::open(path)
        .and_then(|dir| dir.sync_all())
        .doing(|| format!("sync {}", path.display()))
}
