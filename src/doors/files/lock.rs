//! Locks: open files that one process at a time holds, and that are free when it is gone.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use nix::libc;

use super::OWNER_ONLY;
use crate::doors::clock;

/// Between two tries for a lock that is held for moments.
const SHORT: Duration = Duration::from_micros(500);
/// Between two tries for one that is held as long as some work takes.
const LONG: Duration = Duration::from_millis(100);

/// A lock that is held; dropping it lets go, in children that have just been started as well.
#[derive(Debug)]
pub struct FileLock(File);

impl FileLock {
    /// Takes the lock of this file, if it is free.
    pub fn try_take(path: &Path) -> io::Result<Option<FileLock>> {
        let file = open_lock(path)?;
        Ok(try_lock(&file)?.then(|| FileLock(file)))
    }

    /// Takes it once it is free; none if that takes longer than this.
    pub fn take_within(path: &Path, patience: Duration) -> io::Result<Option<FileLock>> {
        let file = open_lock(path)?;
        let since = clock::tick();
        while !try_lock(&file)? {
            if since.elapsed() >= patience {
                return Ok(None);
            }
            std::thread::sleep(SHORT);
        }
        Ok(Some(FileLock(file)))
    }

    /// Takes it once it is free; `waits` is called if it is not at once. The caller's deadline ends it: a lock that blocks
    /// could not be given up.
    pub async fn wait_for(path: &Path, waits: impl FnOnce()) -> io::Result<FileLock> {
        let file = open_lock(path)?;
        let mut waits = Some(waits);
        while !try_lock(&file)? {
            if let Some(waits) = waits.take() {
                waits();
            }
            tokio::time::sleep(LONG).await;
        }
        Ok(FileLock(file))
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // If this fails, it is free as soon as the file is closed.
        let _ = self.0.unlock();
    }
}

/// A file to lock, created for its owner alone if it is not there. A link in its place is an error.
pub fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(OWNER_ONLY)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)
}

/// Locks an open file, if its lock is free. The lock lives as long as the open file does, in whatever process.
pub fn try_lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_has_one_holder_and_patience_has_an_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.lock");
        let held = FileLock::try_take(&path).unwrap().unwrap();
        assert!(FileLock::try_take(&path).unwrap().is_none());
        let since = clock::tick();
        assert!(FileLock::take_within(&path, 10 * SHORT).unwrap().is_none());
        assert!(since.elapsed() >= 10 * SHORT);
        drop(held);
        assert!(FileLock::take_within(&path, Duration::ZERO).unwrap().is_some());
    }

    #[test]
    fn who_waits_says_so_once_and_has_it_when_it_is_free() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.lock");
        let reactor = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let held = FileLock::try_take(&path).unwrap().unwrap();
        let mut told = 0;
        reactor.block_on(async {
            let wait = FileLock::wait_for(&path, || told += 1);
            let free = async {
                tokio::time::sleep(3 * LONG).await;
                drop(held);
            };
            let (taken, ()) = futures::join!(wait, free);
            assert!(taken.is_ok());
        });
        assert_eq!(told, 1);
    }

    #[test]
    fn a_link_is_no_lock() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(dir.path().join("elsewhere"), &link).unwrap();
        assert!(FileLock::try_take(&link).is_err());
        assert!(!dir.path().join("elsewhere").exists());
    }
}
