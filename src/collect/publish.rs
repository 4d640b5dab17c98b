//! The last step: a verified capsule becomes the result at its place, with one rename.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::capsule::Capsule;
use super::error::{CollectError, shown};
use super::place::{aside, below};
use super::result::{RESULT, ResultFile, VERSION};
use super::{Brought, tree};
use crate::domain::journal::Entry;
use crate::domain::tree::{PROFILE_VERSION, Profile};
use crate::domain::{HostName, Sha256, evidence, layout};
use crate::doors::files::{self, AS_UMASK, Durability};

/// Puts the capsule in its place. Durable when it returns.
pub(super) fn publish(capsule: &Capsule, host: &HostName, results: &Path) -> Result<Brought, CollectError> {
    let want = &capsule.want;
    // Of an attempt whose host had nothing left, nothing has arrived but the fact.
    fs::create_dir_all(&capsule.dir).map_err(|error| CollectError::io(&capsule.dir, &error))?;
    let result = describe(capsule, host)?;
    write(&capsule.dir.join(RESULT), &result)?;
    // Anything else is left of an interrupted rsync, or was not asked for.
    let named: BTreeSet<&Path> = capsule
        .manifest
        .iter()
        .flat_map(|manifest| manifest.files.iter().map(|file| Path::new(&file.path)))
        .collect();
    tree::settle(&capsule.dir, &|file| {
        file == Path::new(RESULT)
            || tree::is_head(file)
            || named.contains(file)
            || (capsule.manifest.is_none() && file.starts_with(layout::LOGS))
    })?;
    fs::set_permissions(&capsule.dir, fs::Permissions::from_mode(0o755))
        .map_err(|error| CollectError::io(&capsule.dir, &error))?;

    let below = below(want, results)?;
    let parent = tree::make(results, below.parent().unwrap_or(Path::new("")), 0o755)?;
    replace(&capsule.dir, &want.home)?;
    for dir in parent.ancestors().take(below.components().count()) {
        tree::sync(dir)?;
    }
    // Best effort: an empty directory in the staging area does no harm.
    let _ = capsule.dir.parent().map(fs::remove_dir);
    Ok(Brought {
        home: want.home.clone(),
        result,
        fresh: true,
    })
}

/// Moves `new` to `home`, and what was there out of existence. After a crash in between, the older
/// result lies aside and `place::at_home` brings it back.
fn replace(new: &Path, home: &Path) -> Result<(), CollectError> {
    let old = aside(home);
    let fault = |error: std::io::Error| CollectError::io(home, &error);
    match fs::symlink_metadata(home) {
        Ok(found) if found.is_symlink() => return Err(CollectError::Symlink(shown(home))),
        Ok(_) => {
            remove(&old)?;
            fs::rename(home, &old).map_err(fault)?;
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(fault(error)),
    }
    fs::rename(new, home).map_err(fault)?;
    remove(&old)
}

fn remove(old: &Path) -> Result<(), CollectError> {
    match fs::remove_dir_all(old) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(CollectError::io(old, &error)),
    }
}

fn describe(capsule: &Capsule, host: &HostName) -> Result<ResultFile, CollectError> {
    let want = &capsule.want;
    let (files, bytes) = if let Some(seal) = &want.seal {
        (seal.files, seal.bytes)
    } else {
        let all = tree::files(&capsule.dir)?;
        let logs = all.iter().filter(|(path, _)| path.starts_with(layout::LOGS));
        logs.fold((0, 0), |(files, bytes), (_, size)| (files + 1, bytes + size))
    };
    let last = capsule.journal.last();
    Ok(ResultFile {
        version: VERSION,
        job: want.job.clone(),
        attempt: want.attempt.n,
        host: host.clone(),
        outcome: want.outcome.clone(),
        phases: ResultFile::phases(&capsule.journal),
        began: capsule.journal.first().map(|line| line.at),
        ended: last
            .filter(|line| matches!(line.entry, Entry::Ended { .. }))
            .map(|line| line.at),
        verified: want.seal.is_some(),
        seal: want.seal,
        files,
        bytes,
        profile: profile(capsule)?,
        left_out: capsule
            .manifest
            .as_ref()
            .map(|manifest| manifest.left_out.clone())
            .unwrap_or_default(),
    })
}

/// What the host says of its harness. What this build does not understand is as none.
fn profile(capsule: &Capsule) -> Result<Option<Sha256>, CollectError> {
    let mut named = capsule.manifest.iter().flat_map(|manifest| &manifest.files);
    if !named.any(|file| file.path == evidence::PROFILE) {
        return Ok(None);
    }
    let bytes = tree::read(&capsule.dir.join(evidence::PROFILE))?;
    let profile: Option<Profile> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok(profile
        .filter(|profile| profile.version == PROFILE_VERSION)
        .map(|profile| profile.id))
}

fn write(path: &Path, result: &ResultFile) -> Result<(), CollectError> {
    let mut text =
        serde_json::to_vec_pretty(result).map_err(|error| CollectError::Internal(error.to_string()))?;
    text.push(b'\n');
    // It becomes durable with all else in the capsule.
    files::replace(path, &text, AS_UMASK, Durability::Whole).map_err(|error| CollectError::io(path, &error))
}
