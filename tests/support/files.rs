//! Trees of files, as they are on the disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Every regular file below `dir`, by its path relative to it, with what is in it.
pub(crate) fn regular(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(next) = dirs.pop() {
        // What vanishes meanwhile was not there.
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                dirs.push(entry.path());
            } else if kind.is_file() {
                let below = entry.path().strip_prefix(dir).unwrap().to_owned();
                found.insert(below, fs::read(entry.path()).unwrap_or_default());
            }
        }
    }
    found
}

/// How many bytes are in the regular files below `dir`.
pub(crate) fn bytes(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
