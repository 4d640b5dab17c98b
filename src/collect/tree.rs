//! Directories of ours, on a disk where another program may have left symbolic links.
//!
//! Invariant: nothing here follows a symbolic link below the directory that it is given.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::error::{CollectError, shown};
use crate::domain::{Sha256, layout};
use crate::doors::files;

/// The regular files below `dir` with their sizes, by path relative to it.
pub(super) type Files = BTreeMap<PathBuf, u64>;

/// Walks `below`, step by step down from `base`: is it there, without a symbolic link on the way?
pub(super) fn exists(base: &Path, below: &Path) -> Result<bool, CollectError> {
    let mut path = base.to_owned();
    for part in below {
        path.push(part);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => return Err(CollectError::Symlink(shown(&path))),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(CollectError::io(&path, &error)),
        }
    }
    Ok(true)
}

/// Makes `below` and all on the way down to it from `base`, which exists.
pub(super) fn make(base: &Path, below: &Path, mode: u32) -> Result<PathBuf, CollectError> {
    let mut path = base.to_owned();
    for part in below {
        path.push(part);
        match fs::DirBuilder::new().mode(mode).create(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let found = fs::symlink_metadata(&path).map_err(|error| CollectError::io(&path, &error))?;
                if found.is_symlink() {
                    return Err(CollectError::Symlink(shown(&path)));
                }
                if !found.is_dir() {
                    return Err(CollectError::Occupied(shown(&path)));
                }
            }
            Err(error) => return Err(CollectError::io(&path, &error)),
        }
    }
    Ok(path)
}

/// All regular files below `dir`. A symbolic link is an error; there is no reason for one.
pub(super) fn files(dir: &Path) -> Result<Files, CollectError> {
    let mut found = Files::new();
    walk(dir, &mut |path, kind| {
        if let Kind::File(size) = kind
            && let Ok(below) = path.strip_prefix(dir)
        {
            found.insert(below.to_owned(), size);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Removes every file below `dir` that is not to stay, and makes the rest durable.
pub(super) fn settle(dir: &Path, stays: &dyn Fn(&Path) -> bool) -> Result<(), CollectError> {
    walk(dir, &mut |path, kind| {
        let done = match kind {
            Kind::Directory if path == dir || fs::remove_dir(path).is_err() => files::sync_dir(path),
            Kind::Directory => Ok(()),
            Kind::File(_) | Kind::Other if path.strip_prefix(dir).is_ok_and(stays) => {
                files::open_no_follow(path).and_then(|file| file.sync_all())
            }
            Kind::File(_) | Kind::Other => fs::remove_file(path),
        };
        done.map_err(|error| CollectError::io(path, &error))
    })
}

enum Kind {
    File(u64),
    Directory,
    Other,
}

/// Children first, then their directory.
fn walk(
    dir: &Path,
    visit: &mut dyn FnMut(&Path, Kind) -> Result<(), CollectError>,
) -> Result<(), CollectError> {
    let fault = |error: io::Error| CollectError::io(dir, &error);
    for entry in fs::read_dir(dir).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let path = entry.path();
        let found = entry.metadata().map_err(fault)?;
        if found.is_symlink() {
            return Err(CollectError::Symlink(shown(&path)));
        }
        if found.is_dir() {
            walk(&path, visit)?;
        } else if found.is_file() {
            visit(&path, Kind::File(found.len()))?;
        } else {
            visit(&path, Kind::Other)?;
        }
    }
    visit(dir, Kind::Directory)
}

/// The digest of a file's content.
pub(super) fn digest(path: &Path) -> Result<Sha256, CollectError> {
    let hashed = files::hash_file(path).map_err(|error| CollectError::io(path, &error));
    hashed.map(|(_, sha256)| sha256)
}

/// The content of a small file of a capsule; none if it is not there.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, CollectError> {
    /// Longer than any manifest that a person could look at; a bound against a hostile host.
    const LONGEST: u64 = 256 << 20;
    match files::open_no_follow(path).and_then(|file| files::read_beginning(&file, LONGEST)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CollectError::io(path, &error)),
    }
}

/// Makes the names in a directory durable.
pub(super) fn sync(dir: &Path) -> Result<(), CollectError> {
    files::sync_dir(dir).map_err(|error| CollectError::io(dir, &error))
}

/// Is this one of the files that every capsule has beside its artifacts?
pub(super) fn is_head(below: &Path) -> bool {
    [layout::SPEC, layout::JOURNAL, layout::MANIFEST]
        .iter()
        .any(|head| below == Path::new(head))
}
