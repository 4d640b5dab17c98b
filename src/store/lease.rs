//! The lease: one coordinator at a time for one state directory.
//!
//! Invariant: the kernel holds it for an open file, so a coordinator that dies in any way has released
//! it at once, and no code ever judges a lease by its age. What the file says is for people only.

use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::{Epoch, SetName, Timestamp};
use crate::doors::files::{open_lock, try_lock};

/// Below the state directory.
const FILE: &str = "coordinator.lock";

/// How often we try again while another process only looks at the lock, before we say that it is held.
const LOOKS: u32 = 2000;

/// How often we read again what the holder may just be writing.
const SENTENCES: u32 = 20;

/// Who holds the lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process.
    pub pid: u32,
    /// The machine that it runs on.
    pub host: String,
    /// Since when.
    pub since: Timestamp,
    /// Its epoch, once it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// What it runs, once it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<Runs>,
}

/// What a coordinator was told to run. It knows this alone, so it says so here for those who only look.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Runs {
    /// The sets whose jobs it starts.
    pub sets: Vec<SetName>,
    /// Their files, as its command line names them.
    #[serde(default)]
    pub files: Vec<String>,
    /// The hosts of the assignment files are an order.
    #[serde(default)]
    pub pinned: bool,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Holder { pid, host, since, .. } = self;
        write!(f, "process {pid} on {} since {since}", host.escape_debug())
    }
}

/// Why there is no lease.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another coordinator has it.
    #[error(
        "another coordinator is at work here ({}); `fleet status` shows what it does",
        .by.as_ref().map_or_else(|| "it has not said who it is".to_owned(), Holder::to_string)
    )]
    Held {
        /// Who, if it has said so yet.
        by: Option<Holder>,
    },
    /// The file.
    #[error("cannot take the lease {}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The lease itself. Dropping it, or dying, releases it.
#[derive(Debug)]
pub struct Lease {
    file: File,
    path: PathBuf,
}

impl Lease {
    /// Takes the lease, or says who has it. Never waits for the holder.
    pub fn take(state: &Path, who: &Holder) -> Result<Lease, LeaseError> {
        let path = state.join(FILE);
        match lock(state, &path) {
            Ok(Ok(file)) => {
                let lease = Lease { file, path };
                lease.announce(who)?;
                Ok(lease)
            }
            Ok(Err(by)) => Err(LeaseError::Held { by }),
            Err(source) => Err(LeaseError::Io { path, source }),
        }
    }

    /// Says who holds the lease (again, once there is an epoch).
    pub fn announce(&self, who: &Holder) -> Result<(), LeaseError> {
        serde_json::to_vec(who)
            .map_err(io::Error::from)
            .and_then(|mut text| {
                text.push(b'\n');
                self.file.set_len(0)?;
                self.file.write_all_at(&text, 0)
            })
            .map_err(|source| LeaseError::Io {
                path: self.path.clone(),
                source,
            })
    }

    /// Who holds the lease now. None if no process does, or if the holder has not said who it is.
    pub fn holder(state: &Path) -> Option<Holder> {
        for _ in 0..SENTENCES {
            let mut file = File::open(state.join(FILE)).ok()?;
            match file.try_lock_shared() {
                // What cannot be read may be half of what is being written.
                Err(TryLockError::WouldBlock) => match read(&mut file) {
                    None => std::thread::sleep(Duration::from_millis(1)),
                    holder => return holder,
                },
                Ok(()) | Err(TryLockError::Error(_)) => return None,
            }
        }
        None
    }
}

/// The locked file, or who else has locked it.
fn lock(state: &Path, path: &Path) -> io::Result<Result<File, Option<Holder>>> {
    DirBuilder::new().recursive(true).mode(0o700).create(state)?;
    let mut file = open_lock(path)?;
    for _ in 0..LOOKS {
        if try_lock(&file)? {
            return Ok(Ok(file));
        }
        // It may be another process that only looks: such a process shares the lock, for an instant.
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => return Ok(Err(read(&mut file))),
            Err(TryLockError::Error(error)) => return Err(error),
            Ok(()) => file.unlock()?,
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(Err(None))
}

fn read(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}
