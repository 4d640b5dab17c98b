//! A capsule on its way home: what it says of itself, and whether its files agree.
//!
//! Everything in it was written by a host or a job, and is believed as far as the seal reaches.

use std::path::{Path, PathBuf};

use super::error::CollectError;
use super::{Wanted, tree};
use crate::domain::journal::{Entry, Line};
use crate::domain::manifest::{self, Manifest, Seal};
use crate::domain::{Sha256, layout};
use crate::text::sanitize_line;

/// The copy of a capsule in the staging directory.
pub(super) struct Capsule {
    pub want: Wanted,
    pub dir: PathBuf,
    /// None if the attempt has no seal.
    pub manifest: Option<Manifest>,
    pub journal: Vec<Line>,
}

impl Capsule {
    /// Reads what has arrived of spec, journal and manifest, and checks what can be.
    pub(super) fn read(want: Wanted, dir: PathBuf) -> Result<Capsule, CollectError> {
        let journal = match tree::read(&dir.join(layout::JOURNAL))? {
            Some(bytes) => lines(&bytes),
            None if want.seal.is_some() => return Err(CollectError::Missing(layout::JOURNAL.to_owned())),
            None => Vec::new(),
        };
        let other = journal.iter().find_map(|line| match &line.entry {
            Entry::Opened { attempt, .. } if *attempt != want.attempt => Some(attempt),
            _ => None,
        });
        if let Some(attempt) = other {
            return Err(CollectError::Journal(format!("it speaks of {attempt}")));
        }
        let manifest = match &want.seal {
            Some(seal) => {
                let whole = |line: &Line| matches!(&line.entry, Entry::Ended { seal: told, .. } if *told == want.seal);
                if !journal.last().is_some_and(whole) {
                    return Err(CollectError::Corrupt(layout::JOURNAL.to_owned()));
                }
                Some(manifest_of(&dir, seal)?)
            }
            None => None,
        };
        Ok(Capsule {
            want,
            dir,
            manifest,
            journal,
        })
    }

    /// Are the files of the manifest here, each with its size and sha256?
    pub(super) fn verify(&self) -> Result<(), CollectError> {
        let Some(manifest) = &self.manifest else {
            return Ok(());
        };
        let here = tree::files(&self.dir)?;
        for file in &manifest.files {
            let shown = || sanitize_line(&file.path).into_owned();
            match here.get(Path::new(&file.path)) {
                None => return Err(CollectError::Missing(shown())),
                Some(size) if *size != file.size => return Err(CollectError::Corrupt(shown())),
                Some(_) if tree::digest(&self.dir.join(&file.path))? != file.sha256 => {
                    return Err(CollectError::Corrupt(shown()));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

/// The manifest in this directory, if it is the one that the seal vouches for and names safe paths only.
pub(super) fn manifest_of(dir: &Path, seal: &Seal) -> Result<Manifest, CollectError> {
    let bad = |why: &str| CollectError::Manifest(why.to_owned());
    let bytes = tree::read(&dir.join(layout::MANIFEST))?
        .ok_or_else(|| CollectError::Missing(layout::MANIFEST.to_owned()))?;
    if Sha256::of(&bytes) != seal.sha256 {
        return Err(bad("its sha256 differs"));
    }
    let manifest: Manifest =
        serde_json::from_slice(&bytes).map_err(|error| bad(&sanitize_line(&error.to_string())))?;
    if manifest.version != manifest::VERSION {
        return Err(bad(&format!("it has version {}", manifest.version)));
    }
    if let Some(file) = manifest.files.iter().find(|file| !manifest::is_safe(&file.path)) {
        return Err(bad(&format!(
            "`{}` is not a safe path",
            sanitize_line(&file.path)
        )));
    }
    let bytes = manifest
        .files
        .iter()
        .fold(0, |sum: u64, file| sum.saturating_add(file.size));
    if manifest.files.len() as u64 != seal.files || bytes != seal.bytes {
        return Err(bad("its totals differ"));
    }
    Ok(manifest)
}

/// The lines of a journal that can be read. One that was damaged costs no result: the seal is in the last line, and vouches
/// for the manifest, not for the lines before it.
fn lines(bytes: &[u8]) -> Vec<Line> {
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line.strip_suffix(b"\n")?).ok())
        .collect()
}
