//! What fleet remembers of the images that it made ready on this host: `<root>/images/<digest of the source>.json`.
//!
//! Invariant: who holds an [`Entry`] is the only one on this host to work on its image.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::ImageError;
use crate::docker::owner;
use crate::domain::swe::Source;
use crate::domain::{Sha256, Timestamp};
use crate::doors::files::{self, AS_UMASK, Durability, FileLock};

/// Of the record's format.
pub(super) const VERSION: u32 = 1;

/// What is remembered of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Of this format.
    pub(super) version: u32,
    /// Where it came from.
    pub(super) source: Source,
    /// The store's name for its version; empty if it has none.
    pub(super) etag: String,
    /// The size of the archive; zero if it was none.
    pub(super) size: u64,
    /// What the engine calls the image, as it came.
    pub(super) id: String,
    /// What earlier versions of the object were, as long as the engine has them.
    #[serde(default)]
    pub(super) older: BTreeSet<String>,
    /// Did the engine have it before us? Then it is not ours to remove.
    pub(super) foreign: bool,
    /// What was made of it: the ids by the digest of the repairs, or by nothing for none.
    pub(super) repaired: BTreeMap<String, String>,
    /// The layers as they came, from the bottom up: diff ids, and bytes in the archive; zero where there was none.
    #[serde(default)]
    pub(super) layers: Vec<(String, u64)>,
    /// All names that it got from us or with the archive.
    pub(super) tags: BTreeSet<String>,
    /// The commits that were seen in it: `<repository>@<commit>`, and what was noted.
    pub(super) verified: BTreeMap<String, Option<String>>,
    /// Where the repository was found, if not where it was said to be: by the same names.
    #[serde(default)]
    pub(super) places: BTreeMap<String, String>,
    /// When it came.
    pub(super) loaded_at: Timestamp,
    /// When it was last made ready.
    pub(super) last_used: Timestamp,
}

impl Record {
    /// All that came from this source or was made of it: this version first, as it came.
    pub(super) fn ids(&self) -> Vec<String> {
        let mut ids = vec![self.id.clone()];
        for id in self.repaired.values().chain(&self.older) {
            if !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        ids
    }

    /// As the successor of what is remembered of an earlier version, or of an earlier try.
    pub(super) fn after(mut self, old: Record) -> Record {
        if old.id == self.id {
            self.foreign = old.foreign;
        }
        let ours = |id: &String| *id != self.id && !(old.foreign && *id == old.id);
        let older: Vec<String> = old.ids().into_iter().filter(ours).collect();
        self.older.extend(older);
        self.tags.extend(old.tags);
        self
    }
}

/// The record of one source, locked.
#[derive(Debug)]
pub(super) struct Entry {
    stem: PathBuf,
    _lock: FileLock,
}

/// How a source is called.
pub(super) fn name(source: &Source) -> String {
    match source {
        Source::Object { bucket, key } => format!("s3://{bucket}/{key}"),
        Source::Engine(reference) => reference.clone(),
    }
}

fn dir(root: &Path) -> PathBuf {
    root.join("images")
}

impl Entry {
    /// Takes the lock; says so if another job must be waited for.
    pub(super) async fn lock(
        root: &Path,
        source: &Source,
        say: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Entry, ImageError> {
        let kind = match source {
            Source::Object { bucket, key } => format!("{bucket}/{key}"),
            Source::Engine(reference) => format!("docker://{reference}"),
        };
        let stem = dir(root).join(Sha256::of(kind.as_bytes()).to_string());
        fs::create_dir_all(dir(root)).map_err(|error| ImageError::io(&dir(root), error))?;
        let path = stem.with_extension("lock");
        let waits = || say("waiting for another job that makes this image ready");
        match FileLock::wait_for(&path, waits).await {
            Ok(lock) => Ok(Entry { stem, _lock: lock }),
            Err(error) => Err(ImageError::io(&path, error)),
        }
    }

    /// The source that the engine knows by this key, locked; none if it is not of this root, or is worked on.
    pub(super) fn at_rest(root: &Path, key: &str) -> Result<Option<Entry>, ImageError> {
        for path in listed(root, "lock")? {
            let stem = path.with_extension("");
            // Those of an earlier version bear the place alone.
            if key_of(root, &stem) != key && place_of(&stem) != key {
                continue;
            }
            let taken = FileLock::try_take(&path).map_err(|error| ImageError::io(&path, error))?;
            return Ok(taken.map(|lock| Entry { stem, _lock: lock }));
        }
        Ok(None)
    }

    /// What is remembered. A damaged or newer record is none: the image is made ready again.
    pub(super) fn read(&self) -> Option<Record> {
        read(&self.stem.with_extension("json"))
    }

    /// Remembers.
    pub(super) fn write(&self, record: &Record) -> Result<(), ImageError> {
        let text = serde_json::to_string_pretty(record).unwrap_or_default();
        put(&self.stem.with_extension("json"), &text)
    }

    /// What the source is known by to the engine, which may serve several roots.
    pub(super) fn key(&self) -> String {
        let root = self.stem.parent().and_then(Path::parent);
        key_of(root.unwrap_or(&self.stem), &self.stem)
    }

    /// Where the archive's index is kept.
    pub(super) fn index(&self) -> PathBuf {
        self.stem.with_extension("index")
    }

    /// Forgets the image. The lock's file stays: others may wait for it.
    pub(super) fn forget(&self) -> Result<(), ImageError> {
        for extension in ["json", "index"] {
            let path = self.stem.with_extension(extension);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(ImageError::io(&path, error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Two machines with one engine may have roots at the same place.
fn key_of(root: &Path, stem: &Path) -> String {
    match owner::identity(root) {
        Ok(identity) => {
            let place = stem.as_os_str().as_encoded_bytes();
            Sha256::of(&[identity.as_bytes(), b" ", place].concat()).to_string()
        }
        Err(_) => place_of(stem),
    }
}

fn place_of(stem: &Path) -> String {
    Sha256::of(stem.as_os_str().as_encoded_bytes()).to_string()
}

fn read(path: &Path) -> Option<Record> {
    let record: Record = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    (record.version == VERSION).then_some(record)
}

/// Every image that is remembered.
pub(super) fn all(root: &Path) -> Result<Vec<Record>, ImageError> {
    let mut records: Vec<Record> = listed(root, "json")?
        .iter()
        .filter_map(|path| read(path))
        .collect();
    records.sort_by(|one, other| one.source.cmp(&other.source));
    Ok(records)
}

/// The files of one kind.
fn listed(root: &Path, kind: &str) -> Result<Vec<PathBuf>, ImageError> {
    let dir = dir(root);
    let entries = match fs::read_dir(&dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(ImageError::io(&dir, error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| ImageError::io(&dir, error))?.path();
        if path.extension().is_some_and(|extension| extension == kind) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Writes a file whole or not at all; durable when it returns.
pub(super) fn put(path: &Path, text: &str) -> Result<(), ImageError> {
    files::replace(path, text.as_bytes(), AS_UMASK, Durability::Durable)
        .map_err(|error| ImageError::io(path, error))
}
