//! Where ssh keeps its control sockets: a directory of this process alone.
//!
//! A Unix socket's path holds about a hundred bytes, so it cannot lie below the state directory. A process
//! that was killed leaves its directory behind; the next one removes it, and the ssh processes that
//! belonged to it leave by themselves once idle (`ControlPersist`).

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use crate::doors::env;

/// The directory; removed with the value.
#[derive(Debug)]
pub struct Controls(PathBuf);

impl Controls {
    /// Makes a directory for this process, and removes those of processes that are gone.
    pub fn new() -> io::Result<Controls> {
        let me = nix::unistd::getuid().as_raw();
        let base = match env::get("XDG_RUNTIME_DIR") {
            Some(dir) if dir.len() < 40 && Path::new(&dir).is_dir() => Path::new(&dir).join("fleet"),
            _ => PathBuf::from(format!("/tmp/fleet-{me}")),
        };
        private_dir(&base)?;
        let meta = fs::symlink_metadata(&base)?;
        if !meta.is_dir() || meta.uid() != me || meta.mode() & 0o077 != 0 {
            return Err(io::Error::other(format!(
                "{} is not a private directory of ours; remove it",
                base.display()
            )));
        }
        for entry in fs::read_dir(&base)?.flatten() {
            let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
            if pid.is_none_or(|pid| nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None).is_err()) {
                // Another process may be doing the same.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let own = base.join(std::process::id().to_string());
        private_dir(&own)?;
        Ok(Controls(own))
    }

    /// Where the sockets go.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Controls {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn private_dir(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}
