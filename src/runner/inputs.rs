//! Texts that starts name: they come in pieces before the start, lie below the root, and are removed when no start has
//! used them for long.
//!
//! Invariant: a start gets a text of the digest that it names, or none. Only datasets and trajectories come here, never a
//! secret. A piece that comes twice, or from two links at once, writes the same bytes to the same place.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::error::{Doing as _, RunnerError};
use super::root::{Root, make_dir};
use crate::domain::wire::LARGEST_TEXT;
use crate::domain::{Sha256, layout};
use crate::doors::clock;
use crate::doors::files::{hash_file, read_beginning};

/// A text that no start has used for so long is not needed any more.
const OLD: Duration = Duration::from_hours(24);
/// All of them together; beyond that, the one goes that has not been used for longest.
const MOST: u64 = 1 << 30;

/// What a piece has led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// So many bytes are here.
    Has(u64),
    /// All bytes are here: `finish` says whether they are the right ones.
    Full,
}

/// Keeps a piece. One that lies beyond what is here is not taken.
pub(super) fn put(root: &Root, sha256: Sha256, size: u64, at: u64, text: &str) -> Result<Put, RunnerError> {
    if size > LARGEST_TEXT || at.saturating_add(text.len() as u64) > size {
        return Err(RunnerError::TooLarge(size.max(at)));
    }
    let (whole, part) = layout::text(root.path(), sha256);
    if is_whole(&whole, size) {
        return Ok(Put::Has(size));
    }
    let open = || {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&part)
    };
    let doing = || format!("write {}", part.display());
    let file = match open() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_dir(&layout::texts(root.path()))?;
            open()
        }
        other => other,
    };
    let file = file.doing(doing)?;
    let here = file.metadata().doing(doing)?.len();
    if at > here || here > size {
        // Of another size, it was never the right one.
        let kept = if here > size { 0 } else { here };
        file.set_len(kept).doing(doing)?;
        return Ok(Put::Has(kept));
    }
    file.write_all_at(text.as_bytes(), at).doing(doing)?;
    Ok(match here.max(at + text.len() as u64) {
        all if all == size => Put::Full,
        some => Put::Has(some),
    })
}

/// Takes a text whose last byte has come for whole, if it is. How much of it is here then.
pub(super) fn finish(root: &Root, sha256: Sha256, size: u64) -> Result<u64, RunnerError> {
    let (whole, part) = layout::text(root.path(), sha256);
    let doing = || format!("keep {}", whole.display());
    if hash_file(&part).is_ok_and(|(_, found)| found == sha256) {
        // It need not be durable: `get` looks at the digest, and what is gone is sent again.
        std::fs::rename(&part, &whole).doing(doing)?;
    } else if !is_whole(&whole, size) {
        remove(&part);
        return Ok(0);
    }
    Ok(size)
}

/// The text of this digest, if it is here.
pub(super) fn get(root: &Root, sha256: Sha256) -> Option<String> {
    let (whole, _) = layout::text(root.path(), sha256);
    let file = File::open(&whole).ok()?;
    // After a power failure a file may be there without its bytes.
    let read = read_beginning(&file, LARGEST_TEXT).ok();
    let Some(bytes) = read.filter(|bytes| Sha256::of(bytes) == sha256) else {
        remove(&whole);
        return None;
    };
    is_used(&file);
    String::from_utf8(bytes).ok()
}

/// Removes the texts that have not been used for long; and the oldest of the others while all together are too large.
pub(super) fn tidy(root: &Root) {
    let Ok(entries) = std::fs::read_dir(layout::texts(root.path())) else {
        return;
    };
    let found = entries.flatten().filter_map(|entry| {
        let meta = entry.metadata().ok()?;
        Some((meta.modified().ok()?, meta.len(), entry.path()))
    });
    let mut found: Vec<_> = found.collect();
    found.sort();
    let mut bytes: u64 = found.iter().map(|(_, len, _)| len).sum();
    for (used, len, path) in found {
        let old = now().duration_since(used).is_ok_and(|age| age > OLD);
        if old || bytes > MOST {
            remove(&path);
            bytes = bytes.saturating_sub(len);
        }
    }
}

fn is_whole(path: &Path, size: u64) -> bool {
    let file = File::open(path);
    let whole = file
        .as_ref()
        .is_ok_and(|file| file.metadata().is_ok_and(|meta| meta.len() == size));
    if let (true, Ok(file)) = (whole, file) {
        is_used(&file);
    }
    whole
}

/// Its time says when it was last asked for.
fn is_used(file: &File) {
    if let Err(error) = file.set_modified(now()) {
        tracing::warn!(%error, "cannot note that a text is used");
    }
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(clock::now().0).unwrap_or(0))
}

/// Removes a text. A start that needs it later names it as missing, and the coordinator sends it again.
fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "cannot remove a text");
    }
}
