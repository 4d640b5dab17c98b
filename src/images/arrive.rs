//! How an image comes to this host: it is here, or its missing layers are moved, or all of it.

use std::collections::{BTreeMap, BTreeSet};

use super::archive::Archive;
use super::compose::{self, Batch, Form};
use super::engine::{self, Info, Local};
use super::error::ImageError;
use super::index::{self, Reading};
use super::load::{self, Pace};
use super::ranges::Remote;
use super::record::{self, Entry, Record, VERSION};
use super::{How, Say, Wanted};
use crate::docker::DockerError;
use crate::domain::swe::Source;
use crate::doors::clock;

/// What the first request asks for: enough to tell a tar from something compressed, and its first headers.
const HEAD: u64 = 4 << 10;

/// The label of the nameless images that large ones are built up from; its value is the source's.
pub(super) const PART: &str = "fleet.part";

/// An image that the engine has now.
pub(super) struct Arrived {
    /// What is to be remembered of it.
    pub(super) record: Record,
    /// What the engine says of it.
    pub(super) local: Local,
    /// How it came.
    pub(super) how: How,
    /// Bytes from the store.
    pub(super) moved: u64,
    /// Bytes of the archive, or of the image.
    pub(super) size: u64,
    /// What is worth knowing.
    pub(super) notes: Vec<String>,
}

impl Arrived {
    fn new(record: Record, local: Local, how: How, moved: u64) -> Arrived {
        Arrived {
            size: record.size,
            record,
            local,
            how,
            moved,
            notes: Vec::new(),
        }
    }
}

/// Brings the image here.
pub(super) async fn arrive(wanted: &Wanted<'_>, entry: &Entry, say: Say<'_>) -> Result<Arrived, ImageError> {
    match &wanted.image.source {
        Source::Engine(reference) => engine_image(wanted, entry, reference, say).await,
        Source::Object { .. } => object(wanted, entry, say).await,
    }
}

fn check_platform(is: &str, wanted: &str) -> Result<(), ImageError> {
    let two = |platform: &str| platform.split('/').take(2).map(str::to_owned).collect::<Vec<_>>();
    if wanted.is_empty() || two(is) == two(wanted) {
        return Ok(());
    }
    Err(ImageError::Platform {
        is: is.to_owned(),
        wanted: wanted.to_owned(),
    })
}

fn fresh(source: &Source, local: &Local, foreign: bool) -> Record {
    Record {
        version: VERSION,
        source: source.clone(),
        etag: String::new(),
        size: local.size,
        id: local.id.clone(),
        older: BTreeSet::new(),
        foreign,
        repaired: BTreeMap::new(),
        layers: local.layers().iter().map(|diff| (diff.clone(), 0)).collect(),
        tags: BTreeSet::new(),
        verified: BTreeMap::new(),
        places: BTreeMap::new(),
        loaded_at: clock::now(),
        last_used: clock::now(),
    }
}

/// An image that the engine has, or can pull.
async fn engine_image(
    wanted: &Wanted<'_>,
    entry: &Entry,
    reference: &str,
    say: Say<'_>,
) -> Result<Arrived, ImageError> {
    let inspect = || {
        let reference = reference.to_owned();
        engine::aside(move || engine::inspect(&reference))
    };
    let mut how = How::Local;
    let mut local = inspect().await??;
    if local.is_none() {
        say("pulling the image");
        let (reference, platform) = (reference.to_owned(), wanted.image.platform.clone());
        engine::aside(move || engine::pull(&reference, &platform)).await??;
        how = How::Pulled;
        local = inspect().await??;
    }
    let local = local.ok_or_else(|| ImageError::Missing(format!("`{reference}`")))?;
    check_platform(&local.platform(), &wanted.image.platform)?;
    // A name may have moved to another image since.
    if let Some(record) = entry.read().filter(|record| record.id == local.id) {
        return Ok(Arrived::new(record, local, how, 0));
    }
    let mut record = fresh(&wanted.image.source, &local, how == How::Local);
    if how == How::Pulled {
        record.tags.insert(reference.to_owned());
    }
    Ok(Arrived::new(record, local, how, 0))
}

/// An archive in an object store.
async fn object(wanted: &Wanted<'_>, entry: &Entry, say: Say<'_>) -> Result<Arrived, ImageError> {
    let place = record::name(&wanted.image.source);
    let record = entry.read().filter(|record| !record.verified.is_empty());
    let Some(url) = wanted.url else {
        return match here(record).await? {
            Some(here) => Ok(unasked(here, "there is no link to ask the store with")),
            None => Err(ImageError::NoLink(place)),
        };
    };
    let first = if record.is_some() { 1 } else { HEAD };
    let opened = Remote::open(&place, url, first, wanted.stall).await;
    // The store may take its time: only what is here after its answer is known to be here.
    let (remote, head) = match (opened, here(record).await?) {
        (Ok((remote, _)), Some((record, local)))
            if !record.etag.is_empty() && record.etag == remote.etag() =>
        {
            let moved = remote.moved();
            return Ok(Arrived::new(record, local, How::Cached, moved));
        }
        (Ok(opened), _) => opened,
        // What was verified needs no store, whatever is the matter with it.
        (Err(error), Some(here)) => return Ok(unasked(here, &error.to_string())),
        (Err(error), None) => return Err(error),
    };
    fetch(wanted, entry, &remote, head, say).await
}

/// A record whose image is still here.
async fn here(record: Option<Record>) -> Result<Option<(Record, Local)>, ImageError> {
    let Some(record) = record else {
        return Ok(None);
    };
    let id = record.id.clone();
    let here = engine::aside(move || engine::inspect(&id)).await??;
    Ok(here.map(|local| (record, local)))
}

fn unasked((record, local): (Record, Local), why: &str) -> Arrived {
    let note = format!("the image on this host is used, whether or not the store has a newer one: {why}");
    let mut arrived = Arrived::new(record, local, How::Cached, 0);
    arrived.notes.push(note);
    arrived
}

/// Moves what is missing, and loads it.
async fn fetch(
    wanted: &Wanted<'_>,
    entry: &Entry,
    remote: &Remote,
    head: Vec<u8>,
    say: Say<'_>,
) -> Result<Arrived, ImageError> {
    let info = engine::aside(Info::ask).await??;
    let mut notes = Vec::new();
    let archive = match index::read(remote, head, &entry.index()).await? {
        Reading::Archive(archive) => Some(*archive),
        Reading::Opaque(why) => {
            notes.push(format!(
                "the archive cannot be taken apart ({why}); all of it was moved"
            ));
            None
        }
    };
    let before = engine::aside(engine::everything).await??;
    let part = entry.key();
    let mut pour = Pour {
        wanted,
        remote,
        info,
        before: &before,
        part: &part,
        say,
    };
    let arrived = match &archive {
        None => pour
            .all(compose::verbatim(remote.size()))
            .await
            .map(|answer| (answer, How::Whole)),
        Some(archive) => match check_platform(&archive.platform, &wanted.image.platform) {
            Ok(()) => pour.archive(archive, &mut notes).await,
            Err(error) => Err(error),
        },
    };
    let info = pour.info;
    // Whatever came of it: batches that were to become the image have served.
    let swept = engine::aside(move || engine::drop_labelled(PART, &part)).await;
    let (answer, how) = arrived?;
    swept??;
    let local = judge(remote, archive.as_ref(), &info, answer.clone(), before.clone()).await?;
    check_platform(&local.platform(), &wanted.image.platform)?;
    let same = before.iter().find(|image| image.id == local.id);
    let names_before = same.and_then(|image| image.repo_tags.clone()).unwrap_or_default();
    let mut record = fresh(&wanted.image.source, &local, same.is_some());
    let names = engine::loaded(&answer).into_iter().map(str::to_owned);
    // A name that it had before us is not ours.
    record
        .tags
        .extend(names.filter(|name| !name.starts_with("sha256:") && !names_before.contains(name)));
    remote.etag().clone_into(&mut record.etag);
    record.size = remote.size();
    if let Some(archive) = &archive {
        let layers = archive.layers.iter();
        record.layers = layers.map(|layer| (layer.diff.clone(), layer.size)).collect();
    }
    if let Some(old) = entry.read() {
        record = record.after(old);
    }
    // Remembered before it is verified: what is on this host because of us must be on our list.
    entry.write(&record)?;
    let mut arrived = Arrived::new(record, local, how, remote.moved());
    arrived.notes = notes;
    Ok(arrived)
}

/// What it takes to feed the engine.
struct Pour<'a, 'b> {
    wanted: &'a Wanted<'a>,
    remote: &'a Remote,
    info: Info,
    before: &'a [Local],
    part: &'a str,
    say: Say<'b>,
}

impl Pour<'_, '_> {
    async fn all(&mut self, batches: Vec<Batch>) -> Result<String, ImageError> {
        let moved: u64 = batches.iter().map(compose::moved).sum();
        self.info.check_room(compose::room(&batches))?;
        (self.say)(&format!(
            "{} of {} MB are to be moved",
            moved >> 20,
            self.remote.size() >> 20
        ));
        let pace = Pace {
            parts: self.wanted.parts,
            part_size: self.wanted.part_size,
        };
        load::pour(self.remote, &batches, pace, self.say).await
    }

    /// The missing layers; or everything, if the engine insists.
    async fn archive(
        &mut self,
        archive: &Archive,
        notes: &mut Vec<String>,
    ) -> Result<(String, How), ImageError> {
        if self.info.is_containerd() {
            notes.push("an engine on containerd's store takes archives whole".to_owned());
            return Ok((self.all(compose::whole(archive)).await?, How::Whole));
        }
        let here = engine::layers(self.before);
        let missing = archive.missing(|chain| here.contains(chain));
        let (lacks, total) = (missing.len(), archive.layers.len());
        (self.say)(&format!("{lacks} of {total} layers are missing"));
        match self
            .all(compose::partial(
                archive,
                &missing,
                Form {
                    part_size: self.wanted.part_size,
                    label: (PART, self.part),
                    filled: self.info.wants_all_members(),
                },
            ))
            .await
        {
            Ok(answer) => Ok((
                answer,
                How::Layers {
                    missing: lacks,
                    total,
                },
            )),
            Err(ImageError::Docker(DockerError::Refused { why, .. })) if lacks < total => {
                notes.push(format!("the engine wants the archive whole: {why}"));
                Ok((self.all(compose::whole(archive)).await?, How::Whole))
            }
            Err(error) => Err(error),
        }
    }
}

/// Which image the engine has loaded, by its own word; and that it is the one which the archive promises.
async fn judge(
    remote: &Remote,
    archive: Option<&Archive>,
    info: &Info,
    answer: String,
    before: Vec<Local>,
) -> Result<Local, ImageError> {
    let bad = |why: String| ImageError::NotAnImage {
        place: remote.place().to_owned(),
        why,
    };
    let images = engine::aside(move || named(&answer)).await??;
    let mut distinct: BTreeMap<&str, &Local> = BTreeMap::new();
    for (_, image) in &images {
        distinct.insert(&image.id, image);
    }
    let local = match distinct.len() {
        1 => images[0].1.clone(),
        0 => return Err(bad("the engine names no image that it loaded".to_owned())),
        several => {
            engine::aside(move || undo(&images, &before)).await??;
            return Err(bad(format!("it holds {several} images; one is expected")));
        }
    };
    let Some(archive) = archive else { return Ok(local) };
    let layers = archive.layers.iter().map(|layer| layer.diff.as_str());
    let same_layers = local.layers().iter().map(String::as_str).eq(layers);
    let same_id = info.is_containerd() || local.id.ends_with(&archive.digest.to_string());
    if same_layers && same_id {
        return Ok(local);
    }
    Err(bad(format!(
        "the engine made {} of it, and {} was expected",
        local.id, archive.digest
    )))
}

/// The names in the engine's answer, and what they are.
fn named(answer: &str) -> Result<Vec<(String, Local)>, DockerError> {
    let mut images = Vec::new();
    for name in engine::loaded(answer) {
        if let Some(image) = engine::inspect(name)? {
            images.push((name.to_owned(), image));
        }
    }
    Ok(images)
}

/// Removes what was loaded and had not been here.
fn undo(images: &[(String, Local)], before: &[Local]) -> Result<(), DockerError> {
    for (name, image) in images {
        if !before.iter().any(|old| old.id == image.id) {
            engine::untag(name)?;
        }
    }
    Ok(())
}
