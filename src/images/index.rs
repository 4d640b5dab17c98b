//! The index of an archive: read once by small ranges over its headers, then kept beside the records.

use std::fs;
use std::path::Path;

use super::archive::{Archive, ArchiveError, Index, config_of, find};
use super::error::ImageError;
use super::ranges::Remote;
use super::record;
use super::tar::{Member, TarError, Walk};

/// Of the file that an index is kept in.
const VERSION: u32 = 1;

/// How much is read at a time: all the small members between two layers.
const WINDOW: u64 = 8 << 10;

/// Largest manifest or configuration that is believed.
const MOST_TEXT: u64 = 16 << 20;

/// An archive that we understand; or why it goes to the engine as it is.
pub(super) enum Reading {
    /// Understood.
    Archive(Box<Archive>),
    /// Compressed, or no tar that we know.
    Opaque(String),
}

/// Reads the index, or takes the one that is kept in this file.
pub(super) async fn read(remote: &Remote, head: Vec<u8>, file: &Path) -> Result<Reading, ImageError> {
    if let Some(archive) = kept(remote, file) {
        return Ok(Reading::Archive(Box::new(archive)));
    }
    if head.starts_with(&[0x1f, 0x8b])
        || head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
        || head.starts_with(b"BZh")
    {
        return Ok(Reading::Opaque("it is compressed".to_owned()));
    }
    let mut window = Window {
        remote,
        from: 0,
        bytes: head,
    };
    let members = match members(&mut window).await? {
        Ok(members) => members,
        Err(error @ TarError::Unreadable { .. }) => return Ok(Reading::Opaque(error.to_string())),
        Err(error @ TarError::Beyond { .. }) => return Err(torn(remote, &error.to_string())),
    };
    let manifest = match find(&members, "manifest.json") {
        Ok(member) => window.text(member).await?,
        Err(error) => return Err(refused(remote, &error)),
    };
    let config = config_of(&members, &manifest).map_err(|error| refused(remote, &error))?;
    let config = window.text(config).await?;
    let index = Index {
        version: VERSION,
        etag: remote.etag().to_owned(),
        size: remote.size(),
        members,
        manifest,
        config,
    };
    let text = serde_json::to_string(&index).unwrap_or_default();
    let archive =
        Archive::new(index.members, index.manifest, index.config).map_err(|error| refused(remote, &error))?;
    if !remote.etag().is_empty() {
        record::put(file, &text)?;
    }
    Ok(Reading::Archive(Box::new(archive)))
}

fn kept(remote: &Remote, file: &Path) -> Option<Archive> {
    let index: Index = serde_json::from_str(&fs::read_to_string(file).ok()?).ok()?;
    let same = index.version == VERSION && index.etag == remote.etag() && index.size == remote.size();
    let archive = Archive::new(index.members, index.manifest, index.config).ok()?;
    same.then_some(archive)
}

async fn members(window: &mut Window<'_>) -> Result<Result<Vec<Member>, TarError>, ImageError> {
    let mut walk = Walk::new(window.remote.size());
    while let Some((from, len)) = walk.need() {
        if from + len > window.remote.size() {
            break;
        }
        if let Err(error) = walk.feed(window.get(from, len, WINDOW).await?) {
            return Ok(Err(error));
        }
    }
    Ok(walk.finish())
}

fn torn(remote: &Remote, why: &str) -> ImageError {
    ImageError::Torn {
        place: remote.place().to_owned(),
        why: why.to_owned(),
    }
}

fn refused(remote: &Remote, error: &ArchiveError) -> ImageError {
    let (place, why) = (remote.place().to_owned(), error.to_string());
    match error {
        ArchiveError::Config(_) => ImageError::Corrupt { place, why },
        // `docker save` writes the manifest near the end: what was cut off before it lacks it.
        ArchiveError::Lacks(_) => ImageError::Torn { place, why },
        ArchiveError::Several(_) | ArchiveError::Text(..) => ImageError::NotAnImage { place, why },
    }
}

/// A part of the object that moves along with the walk.
struct Window<'a> {
    remote: &'a Remote,
    from: u64,
    bytes: Vec<u8>,
}

impl Window<'_> {
    /// These bytes, which lie within the object; reads ahead if it must read.
    async fn get(&mut self, from: u64, len: u64, ahead: u64) -> Result<&[u8], ImageError> {
        let end = self.from + self.bytes.len() as u64;
        if from < self.from || from + len > end {
            let length = len.max(ahead).min(self.remote.size() - from);
            self.bytes = self.remote.read(from, length).await?;
            self.from = from;
        }
        let at = usize::try_from(from - self.from).unwrap_or_default();
        let len = usize::try_from(len).unwrap_or_default();
        Ok(&self.bytes[at..at + len])
    }

    async fn text(&mut self, member: &Member) -> Result<String, ImageError> {
        let bad = |why: &str| ImageError::NotAnImage {
            place: self.remote.place().to_owned(),
            why: format!("`{}` {why}", member.name.escape_debug()),
        };
        if member.size > MOST_TEXT {
            return Err(bad("is too large"));
        }
        let bad = bad("is no text");
        let bytes = self.get(member.at, member.size, 0).await?;
        String::from_utf8(bytes.to_vec()).map_err(|_| bad)
    }
}
