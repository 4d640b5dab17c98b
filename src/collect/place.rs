//! The two places of a result: on its way (`<results>/.incoming/<host>/jobs/…`, ours alone), and home.
//!
//! Invariant: on this machine, only the process that holds an [`Incoming`] writes below it.

use std::fs;
use std::path::{Path, PathBuf};

use super::capsule::manifest_of;
use super::error::{CollectError, shown};
use super::result::ResultFile;
use super::{Brought, Wanted, tree};
use crate::domain::{AttemptId, HostName, layout};
use crate::doors::files::FileLock;

/// The staging directory of one host. Survives a crash, so that the next run goes on from there.
pub(super) struct Incoming {
    dir: PathBuf,
    _lock: FileLock,
}

impl Incoming {
    /// Opens it; waits for another process that is collecting from the same host.
    pub(super) async fn open(results: &Path, host: &HostName) -> Result<Incoming, CollectError> {
        fs::create_dir_all(results).map_err(|error| CollectError::io(results, &error))?;
        let dir = tree::make(results, &Path::new(".incoming").join(host.as_str()), 0o700)?;
        let path = dir.join("lock");
        let lock = FileLock::wait_for(&path, || {}).await;
        let lock = lock.map_err(|error| CollectError::io(&path, &error))?;
        // rsync would write through a symbolic link that lies here.
        tree::files(&dir)?;
        Ok(Incoming { dir, _lock: lock })
    }

    /// The copy of the host's root.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The copy of a capsule.
    pub(super) fn capsule(&self, attempt: AttemptId) -> PathBuf {
        layout::capsule(&self.dir, attempt)
    }
}

/// The home of a wanted attempt, relative to the results directory.
pub(super) fn below<'a>(want: &'a Wanted, results: &Path) -> Result<&'a Path, CollectError> {
    let outside = || CollectError::Outside(shown(&want.home));
    let below = want.home.strip_prefix(results).map_err(|_| outside())?;
    let plain = |part| matches!(part, std::path::Component::Normal(name) if name != ".incoming");
    if below.file_name().is_some() && below.components().all(plain) {
        Ok(below)
    } else {
        Err(outside())
    }
}

/// Where an older result waits for its removal while the new one takes its place.
pub(super) fn aside(home: &Path) -> PathBuf {
    let name = home.file_name().unwrap_or_default().to_string_lossy();
    home.with_file_name(format!(".{name}.old"))
}

/// Is the wanted attempt at home, whole?
pub(super) fn at_home(want: &Wanted, results: &Path, rehash: bool) -> Result<Option<Brought>, CollectError> {
    let below = below(want, results)?;
    if !tree::exists(results, below)? {
        let aside = aside(&want.home);
        // A crash between the two renames of a replacement: undo the first.
        if fs::rename(&aside, &want.home).is_err() {
            return Ok(None);
        }
    }
    let files = tree::files(&want.home)?;
    let Some(result) = ResultFile::read(&want.home)? else {
        let empty = fs::read_dir(&want.home).is_ok_and(|mut entries| entries.next().is_none());
        let free = empty && fs::remove_dir(&want.home).is_ok();
        return if free {
            Ok(None)
        } else {
            Err(CollectError::Occupied(shown(&want.home)))
        };
    };
    if result.job.id != want.job.id {
        return Err(CollectError::Occupied(shown(&want.home)));
    }
    if result.attempt != want.attempt.n || result.seal != want.seal {
        return Ok(None);
    }
    if let Some(seal) = &want.seal {
        let Ok(manifest) = manifest_of(&want.home, seal) else {
            return Ok(None);
        };
        for file in &manifest.files {
            if files.get(Path::new(&file.path)) != Some(&file.size)
                || (rehash && tree::digest(&want.home.join(&file.path))? != file.sha256)
            {
                return Ok(None);
            }
        }
    }
    // Left over if a crash came after the second rename. It is worth nothing any more.
    let _ = fs::remove_dir_all(aside(&want.home));
    Ok(Some(Brought {
        home: want.home.clone(),
        result,
        fresh: false,
    }))
}
