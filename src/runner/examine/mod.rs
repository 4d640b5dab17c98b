//! What `fleet doctor` has a host look at: everything at once, each thing with a time limit of its own.
//!
//! Invariant: nothing is changed unless mending is wanted, and then only what is safe: what is left of attempts that are
//! proved to have ended, and permissions of ours that are too wide. No key is ever quoted.

mod engine;
mod logout;
mod observation;
mod python;
mod settings;
mod strays;
mod tree;

use std::os::unix::fs::MetadataExt as _;

use super::error::{Doing as _, RunnerError};
use super::root::Root;
use super::{disk, slot, versions};
use crate::domain::AttemptId;
use crate::domain::exam::{CheckKind, CheckResult, Inspect};
use crate::doors::env;
use observation::{bad, seen};

/// A disk with less room than this, and less than a twentieth, is full soon.
const ROOM: u64 = 10 << 30;

/// Looks at all that jobs need.
pub(super) fn examine(root: &Root, wish: &Inspect) -> Result<Vec<CheckResult>, RunnerError> {
    let gate = root.gate()?;
    let held: Vec<AttemptId> = slot::survey(root, &gate)?
        .into_iter()
        .flatten()
        .map(|holder| holder.attempt)
        .collect();
    drop(gate);
    let (held, mend) = (&held[..], wish.mend);
    std::thread::scope(|scope| {
        let mut looks = vec![
            scope.spawn(|| home(root)),
            scope.spawn(logout::look),
            scope.spawn(|| locks(root)),
        ];
        if wish.containers {
            looks.push(scope.spawn(engine::networks));
            looks.push(scope.spawn(move || engine::leftovers(root, held, mend)));
        }
        if let Some(subject) = &wish.harness {
            let at = versions::resolve(&subject.at);
            let place = at.clone();
            looks.push(scope.spawn(move || tree::look(root, &place, subject)));
            if subject.python {
                let (place, other) = (at.clone(), at.clone());
                looks.push(scope.spawn(move || strays::look(root, held)));
                looks.push(scope.spawn(move || tree::commit(root, &place)));
                looks.push(scope.spawn(move || python::look(&other)));
            }
            if !subject.sections.is_empty() {
                looks.push(scope.spawn(move || settings::look(&at, &subject.sections, mend)));
            }
        }
        let mut seen = Vec::new();
        for look in looks {
            seen.extend(
                look.join()
                    .map_err(|_| std::io::Error::other("it panicked"))
                    .doing(|| "look at all")?,
            );
        }
        Ok(seen)
    })
}

/// The file system of the runner's root, where a lock there proves nothing.
fn locks(root: &Root) -> Vec<CheckResult> {
    match disk::must_be_own(root.path()) {
        Ok(()) => Vec::new(),
        Err(error) => vec![bad(CheckKind::Locks, error.to_string())],
    }
}

/// The home, where it is on another disk than the runner's root.
fn home(root: &Root) -> Vec<CheckResult> {
    let Some(home) = env::home() else {
        return vec![bad(CheckKind::Home, "HOME is not set")];
    };
    let disk = |path: &std::path::Path| std::fs::metadata(path).map(|found| found.dev()).ok();
    if disk(&home) == disk(root.path()) {
        return Vec::new();
    }
    match nix::sys::statvfs::statvfs(&home) {
        Ok(disk) => {
            let (all, free) = (
                disk.blocks() * disk.fragment_size(),
                disk.blocks_available() * disk.fragment_size(),
            );
            let found = format!("{} MB free of {} MB", free / 1_000_000, all / 1_000_000);
            vec![seen(CheckKind::Home, free >= ROOM.min(all / 20), found)]
        }
        Err(errno) => vec![bad(CheckKind::Home, format!("{}: {errno}", home.display()))],
    }
}
