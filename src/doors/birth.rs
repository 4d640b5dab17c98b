//! What a process was born with: signals, limits, the mask of new files. None of it may matter.
//!
//! Invariant: after [`settle`], children can be waited for, no signal is blocked that this process does not block itself,
//! and what it creates its owner can use.

use std::io;

use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, rlim_t, setrlimit};
use nix::sys::signal::SigSet;
use nix::sys::stat::{Mode, umask};
use tokio::signal::unix::{SignalKind, signal};

/// What a process of this program is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A verb that a person has called.
    Verb,
    /// The host's half.
    Runner,
    /// The host's half, born deaf to the signals that it listens to.
    Supervisor,
}

/// The limits that are raised, as far as they may be, and to what. More open files than this some old programs take
/// badly.
const RAISED: [(Resource, rlim_t); 6] = [
    (Resource::RLIMIT_NOFILE, 1 << 16),
    (Resource::RLIMIT_STACK, 8 << 20),
    (Resource::RLIMIT_FSIZE, RLIM_INFINITY),
    (Resource::RLIMIT_CPU, RLIM_INFINITY),
    (Resource::RLIMIT_AS, RLIM_INFINITY),
    (Resource::RLIMIT_DATA, RLIM_INFINITY),
];

/// Makes this process the same, whichever program started it. What cannot be changed stays: the code that needs it
/// fails, and says why.
pub fn settle(role: Role) {
    if let Err(error) = wait_for_children() {
        tracing::warn!(%error, "cannot be told of the end of children");
    }
    if role != Role::Supervisor {
        let _ = SigSet::empty().thread_set_mask();
    }
    let old = umask(Mode::S_IWGRP | Mode::S_IWOTH);
    if role == Role::Verb {
        // The user's own, but for rights that the owner needs.
        umask(old.difference(Mode::S_IRWXU));
    }
    for (resource, enough) in RAISED {
        if let Ok((soft, hard)) = getrlimit(resource)
            && soft < enough.min(hard)
        {
            let _ = setrlimit(resource, enough.min(hard), hard);
        }
    }
    // There are keys in the memory of this process.
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_CORE) {
        let _ = setrlimit(Resource::RLIMIT_CORE, 0, hard);
    }
}

/// A process that inherits SIGCHLD as ignored is never told how a child ended, and neither are its children of theirs.
/// A handler, which no child inherits, puts an end to that.
fn wait_for_children() -> io::Result<()> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let child = 1 << (nix::libc::SIGCHLD - 1);
    if ignored.is_some_and(|mask| mask & child == 0) {
        return Ok(());
    }
    let reactor = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let _inside = reactor.enter();
    signal(SignalKind::child()).map(drop)
}
