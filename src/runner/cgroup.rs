//! A control group for each attempt, where the host lets us make one: nothing that an attempt starts can leave it
//! unnoticed, whatever it does to its environment, its session and its descriptors.
//!
//! Invariant: a group that is made here has no processes but those of the attempt that it was made for. It is an
//! addition: on a host that gives none, everything else works without it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::processes;
use super::traces::Name;
use crate::domain::AttemptId;

/// How the names of our groups begin.
const PREFIX: &str = "fleet.";

/// Where the members of a group are listed, and where one joins.
const MEMBERS: &str = "cgroup.procs";

/// The hierarchies that are tried, by what their line in `/proc/self/cgroup` says: the unified one, then those of the old
/// kind in which a group of its own changes nothing for its members.
const HIERARCHIES: [&str; 3] = ["", "pids", "freezer"];

/// Makes a group for an attempt and moves this process there; none if the host does not let us.
pub(super) fn enter(attempt: AttemptId) -> Option<PathBuf> {
    let myself = Name::from(&processes::read(processes::me())?);
    with(attempt, myself, myself.pid)
}

/// Makes a group for a supervisor and moves a process there.
pub(super) fn with(attempt: AttemptId, supervisor: Name, pid: i32) -> Option<PathBuf> {
    let groups = possible(attempt, supervisor)?;
    groups
        .into_iter()
        .find_map(|group| join(&group, pid).then_some(group))
}

/// Where a group for it could be.
fn possible(attempt: AttemptId, supervisor: Name) -> Option<Vec<PathBuf>> {
    let places = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = mounts()?;
    let parents = HIERARCHIES
        .iter()
        .filter_map(|hierarchy| directory(&places, &mounts, hierarchy));
    Some(
        parents
            .map(|parent| parent.join(name(attempt, supervisor)))
            .collect(),
    )
}

/// The group of a process in a hierarchy, if it is to be seen from here.
pub(super) fn of(pid: i32, hierarchy: &str) -> Option<PathBuf> {
    let places = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    directory(&places, &mounts()?, hierarchy)
}

fn mounts() -> Option<String> {
    fs::read_to_string("/proc/self/mountinfo").ok()
}

fn join(group: &Path, pid: i32) -> bool {
    if let Some(parent) = group.parent() {
        sweep(parent);
    }
    if fs::create_dir(group).is_err() {
        return false;
    }
    let joined = fs::write(group.join(MEMBERS), pid.to_string()).is_ok();
    if !joined {
        let _ = fs::remove_dir(group);
    }
    joined
}

/// The processes in a group and in the groups below it. A group that is gone has none.
pub(super) fn members(group: &Path) -> io::Result<Vec<i32>> {
    let mut found = Vec::new();
    for dir in with_all_below(group)? {
        match fs::read_to_string(dir.join(MEMBERS)) {
            // A process that this one cannot see is a zero.
            Ok(text) => found.extend(
                text.lines()
                    .filter_map(|pid| pid.parse::<i32>().ok())
                    .filter(|pid| *pid > 1),
            ),
            Err(error) if processes::is_gone(&error) || is_removed(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Removes a group that has no processes any more.
pub(super) fn remove(group: &Path) {
    let mut all = with_all_below(group).unwrap_or_default();
    all.reverse();
    for dir in all {
        // A group that still has a process stays, and does no harm.
        let _ = fs::remove_dir(dir);
    }
}

/// Is this the directory of a group that was made here for this supervisor?
pub(super) fn is_of(group: &Path, attempt: AttemptId, supervisor: Name) -> bool {
    group.is_absolute()
        && group
            .file_name()
            .is_some_and(|file| *file == *name(attempt, supervisor))
}

fn name(attempt: AttemptId, supervisor: Name) -> String {
    format!("{PREFIX}{attempt}.{}.{}", supervisor.pid, supervisor.started)
}

/// Removes what supervisors that are gone have left: a supervisor cannot remove the group that it is in.
fn sweep(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for entry in entries {
        let file = entry.file_name();
        let Some(rest) = file.to_str().and_then(|file| file.strip_prefix(PREFIX)) else {
            continue;
        };
        let mut parts = rest.rsplitn(3, '.');
        let (started, pid) = (
            parts.next().and_then(|part| part.parse::<u64>().ok()),
            parts.next().and_then(|part| part.parse().ok()),
        );
        let (Some(started), Some(pid)) = (started, pid) else {
            continue;
        };
        if let Ok(there) = processes::look(pid)
            && there.is_none_or(|there| there.started != started)
        {
            // A group that still has a process stays: its attempt is not closed yet.
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// A group and all groups below it, from above.
fn with_all_below(group: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all = vec![group.to_owned()];
    let mut next = 0;
    while let Some(dir) = all.get(next).cloned() {
        next += 1;
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if processes::is_gone(&error) || is_removed(&error) => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                all.push(entry.path());
            }
        }
    }
    Ok(all)
}

/// What is said of a group that is removed while it is looked at.
fn is_removed(error: &io::Error) -> bool {
    error.raw_os_error() == Some(nix::errno::Errno::ENODEV as i32)
}

/// The directory of a process's group in a hierarchy.
fn directory(places: &str, mounts: &str, hierarchy: &str) -> Option<PathBuf> {
    let path = places.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, names, path) = (parts.next()?, parts.next()?, parts.next()?);
        names.split(',').any(|name| name == hierarchy).then_some(path)
    })?;
    mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let mut kind = kind.split(' ');
        let (fs_type, options) = (kind.next()?, kind.nth(1)?);
        let fits = if hierarchy.is_empty() {
            fs_type == "cgroup2"
        } else {
            fs_type == "cgroup" && options.split(',').any(|option| option == hierarchy)
        };
        let mut fields = mount.split(' ');
        let (root, point) = (fields.nth(3)?, fields.next()?);
        if !fits || point.contains('\\') {
            return None;
        }
        let below = Path::new(path).strip_prefix(root).ok()?;
        Some(Path::new(point).join(below))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
        39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n\
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n\
        51 31 0:39 /docker/c0 /inside rw,relatime - cgroup cgroup rw,cpu,freezer\n";

    #[test]
    fn the_directory_of_a_group_is_found_in_each_hierarchy() {
        let places = "8:pids:/a\n6:cpu,freezer:/docker/c0/x\n0::/user.slice/session-1.scope\n";
        let at = |hierarchy| directory(places, MOUNTS, hierarchy).map(|path| path.display().to_string());
        assert_eq!(
            at("").as_deref(),
            Some("/sys/fs/cgroup/unified/user.slice/session-1.scope")
        );
        assert_eq!(at("pids").as_deref(), Some("/sys/fs/cgroup/pids/a"));
        assert_eq!(at("freezer").as_deref(), Some("/inside/x"));
        assert_eq!(at("memory"), None);
    }

    #[test]
    fn a_group_that_is_gone_has_nobody_and_a_foreign_one_is_not_ours() {
        assert_eq!(
            members(Path::new("/sys/fs/cgroup/no/such/group")).unwrap(),
            Vec::<i32>::new()
        );
        let attempt = "npb2wdccpkcv.1".parse().unwrap();
        let supervisor = Name { pid: 7, started: 9 };
        let is_ours = |path: &str| is_of(Path::new(path), attempt, supervisor);
        assert!(is_ours("/sys/fs/cgroup/fleet.npb2wdccpkcv.1.7.9"));
        for other in [
            "/sys/fs/cgroup",
            "/sys/fs/cgroup/fleet.npb2wdccpkcv.1.7.8",
            "fleet.npb2wdccpkcv.1.7.9",
        ] {
            assert!(!is_ours(other), "{other}");
        }
    }
}
