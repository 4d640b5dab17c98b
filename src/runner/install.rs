//! A new version of the harness: received, verified, set up, and then put in its place with one rename.
//!
//! Invariant: the harness that is in use changes only under the gate and only while no slot is held, so that no job
//! sees two versions and none can start in between. Whatever fails before that leaves the old one as it is.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::capsule::Capsule;
use super::error::{Doing as _, RunnerError};
use super::program::{Asked, Silence};
use super::root::{Lock, Root, make_dir, sync_dir};
use super::slot;
use super::versions::{self, Record, Version};
use crate::domain::deploy::{Install, Installed, Place, Room};
use crate::domain::tree::{LeftOut, OF_THE_HOST, RESULTS, Tree};
use crate::domain::{AttemptId, Sha256, layout};
use crate::doors::clock;
use crate::doors::files::{Durability, copy_over};
use crate::harness;

/// For a version's set-up: it may fetch hundreds of packages.
const PATIENCE: Duration = Duration::from_mins(30);

/// How long a supervisor that has written its last line may take to be gone.
const ENDING: Duration = Duration::from_secs(5);

/// The directory that a version is received in.
const STAGING: &str = "new";

/// Makes an empty directory for a new version. The caller holds the right to deploy on this host.
pub(super) fn receive(root: &Root) -> Result<Room, RunnerError> {
    let (ready, torn) = versions::all(root)?;
    // Directories that were begun and never became versions. No other process works on them: the caller has the right.
    for dir in torn {
        fs::remove_dir_all(&dir).doing(|| format!("remove {}", dir.display()))?;
    }
    let staging = versions::dir(root).join(STAGING);
    match fs::remove_dir_all(&staging) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).doing(|| format!("empty {}", staging.display()));
        }
        Ok(()) | Err(_) => {}
    }
    make_dir(&staging)?;
    let like = ready
        .first()
        .and_then(|version| version.dir.file_name()?.to_str());
    Ok(Room {
        below: format!("{}/{STAGING}", layout::VERSIONS),
        like: like.map(str::to_owned),
    })
}

/// Makes a version the one in use. The caller holds the right to deploy on this host.
pub(super) fn install(root: &Root, wish: &Install) -> Result<Installed, RunnerError> {
    let out = LeftOut::with(&wish.exclude);
    let mut version = match staged(root, wish, &out)? {
        Staged::Ready(version) => version,
        Staged::Failed(why) => return Ok(Installed::SetupFailed(why)),
        Staged::None => match whole(root, wish.tree, &out)? {
            Some(version) => version,
            None => return Ok(Installed::NotHere),
        },
    };
    let at = versions::resolve(&wish.at);
    let switched = switch(root, &at, &mut version, wish.replace)?;
    let Switch::Done(aside) = switched else {
        return Ok(match switched {
            Switch::Busy(held) => Installed::Busy(held),
            Switch::Occupied(place) => Installed::Occupied(place),
            Switch::Done(_) => Installed::NotHere,
        });
    };
    Ok(Installed::Switched {
        aside: aside.map(|path| path.display().to_string()),
        removed: prune(root, &version.dir, wish.keep)?,
    })
}

/// What came of what was received.
enum Staged {
    Ready(Version),
    Failed(String),
    None,
}

/// Verifies what was received, and makes it a version.
fn staged(root: &Root, wish: &Install, out: &LeftOut) -> Result<Staged, RunnerError> {
    let staging = versions::dir(root).join(STAGING);
    if !staging.is_dir() {
        return Ok(Staged::None);
    }
    let files = harness::read(&staging, out)?;
    if files.digest() != wish.tree {
        return Ok(Staged::None);
    }
    let dir = versions::free(root, wish.tree);
    fs::rename(&staging, &dir).doing(|| format!("name {}", dir.display()))?;
    let mut made = Tree::default();
    if !wish.setup.is_empty() {
        if let Err(why) = set_up(&dir, &wish.setup) {
            return Ok(Staged::Failed(why));
        }
        made = harness::read(&dir, out)?;
        let changed = files
            .0
            .iter()
            .find(|(path, leaf)| made.0.get(*path) != Some(*leaf));
        if let Some((path, _)) = changed {
            let path = path.escape_debug();
            return Ok(Staged::Failed(format!("it changed `{path}`, which was sent")));
        }
        made.0.retain(|path, _| !files.0.contains_key(path));
    }
    // All of it, before anything says that it is ready.
    let sync = || nix::unistd::syncfs(fs::File::open(&dir)?).map_err(io::Error::from);
    sync().doing(|| format!("sync {}", dir.display()))?;
    let record = Record {
        files,
        made,
        used: None,
    };
    let version = Version {
        tree: wish.tree,
        dir,
        record,
    };
    version.write()?;
    Ok(Staged::Ready(version))
}

fn set_up(dir: &Path, argv: &[String]) -> Result<(), String> {
    let (program, rest) = argv.split_first().ok_or("it names no program")?;
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let asked = Asked::new(program, &rest).at(dir).user_path();
    match asked.ask(PATIENCE) {
        Ok(_) => Ok(()),
        Err(Silence::Missing) => Err(format!("{program}: not found")),
        Err(Silence::Failed(why)) => Err(why),
    }
}

/// A version of this digest that is ready and as it was sent.
fn whole(root: &Root, tree: Sha256, out: &LeftOut) -> Result<Option<Version>, RunnerError> {
    for version in versions::all(root)?.0 {
        if version.tree == tree && version.is_whole(out)? {
            return Ok(Some(version));
        }
    }
    Ok(None)
}

/// How the switch went.
enum Switch {
    /// Done; where that lies which was there before, if it was no version.
    Done(Option<PathBuf>),
    Busy(Vec<AttemptId>),
    Occupied(Place),
}

fn switch(root: &Root, at: &Path, version: &mut Version, replace: bool) -> Result<Switch, RunnerError> {
    let gate = root.gate()?;
    let place = versions::place(root, at)?;
    let doing = || format!("switch {}", at.display());
    let in_use = fs::read_link(at).is_ok_and(|target| target == version.dir);
    if !in_use {
        match place {
            Place::Absent | Place::Version(_) => {}
            Place::Directory | Place::Link(_) if replace => {}
            other => return Ok(Switch::Occupied(other)),
        }
        let held = live(root, &gate)?;
        if !held.is_empty() {
            return Ok(Switch::Busy(held));
        }
        hand_over(at, &version.dir)?;
    }
    version.record.used = Some(clock::now());
    version.write()?;
    if in_use {
        return Ok(Switch::Done(None));
    }
    let parent = at.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(parent).doing(doing)?;
    let link = beside(at, ".fleet-new");
    match fs::remove_file(&link) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).doing(doing),
        Ok(()) | Err(_) => {}
    }
    symlink(&version.dir, &link).doing(doing)?;
    let aside = match place {
        // A link cannot replace a directory in one step. Under the gate no other process looks in between.
        Place::Directory => Some(move_aside(at)?),
        Place::Absent | Place::Version(_) | Place::Link(_) | Place::Other => None,
    };
    if let Err(error) = fs::rename(&link, at) {
        if let Some(aside) = &aside {
            fs::rename(aside, at).doing(doing)?;
        }
        return Err(error).doing(doing);
    }
    sync_dir(parent)?;
    drop(gate);
    Ok(Switch::Done(aside))
}

/// The attempts that hold a slot. Who has said its last word is about to let go.
fn live(root: &Root, gate: &Lock) -> Result<Vec<AttemptId>, RunnerError> {
    let since = clock::tick();
    loop {
        let held = slot::survey(root, gate)?;
        let held: Vec<AttemptId> = held.into_iter().flatten().map(|holder| holder.attempt).collect();
        let ending = |attempt: &AttemptId| matches!(Capsule::of(root, *attempt).outcome(), Ok(Some(_)));
        if held.is_empty() || !held.iter().all(ending) || since.elapsed() > ENDING {
            return Ok(held);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn move_aside(at: &Path) -> Result<PathBuf, RunnerError> {
    let names = (1..).map(|n: u32| match n {
        1 => beside(at, ".before-fleet"),
        n => beside(at, &format!(".before-fleet.{n}")),
    });
    let mut free = names.filter(|path| fs::symlink_metadata(path).is_err());
    let aside = free.next().unwrap_or_default();
    fs::rename(at, &aside).doing(|| format!("move {} aside", at.display()))?;
    Ok(aside)
}

fn beside(at: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = at.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    at.with_file_name(name)
}

/// The host's own files go from the harness in use to the one that will be, with their permissions.
fn hand_over(from: &Path, to: &Path) -> Result<(), RunnerError> {
    for name in OF_THE_HOST {
        let (from, to) = (from.join(name), to.join(name));
        if !from.is_file() {
            continue;
        }
        copy_over(&from, &to, Durability::Durable)
            .doing(|| format!("copy {} to {}", from.display(), to.display()))?;
    }
    Ok(())
}

/// Removes versions beyond `keep` beside the one in use; never one in which the harness left results.
fn prune(root: &Root, in_use: &Path, keep: u32) -> Result<Vec<Sha256>, RunnerError> {
    let (ready, _) = versions::all(root)?;
    let others = ready.into_iter().filter(|version| version.dir != in_use);
    let mut removed = Vec::new();
    for version in others.skip(keep as usize) {
        let paid_for =
            |path: &&str| fs::read_dir(version.dir.join(path)).is_ok_and(|mut dir| dir.next().is_some());
        if RESULTS.iter().any(paid_for) {
            continue;
        }
        version.remove()?;
        removed.push(version.tree);
    }
    Ok(removed)
}
