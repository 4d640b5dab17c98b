//! Floor 2, host side: an instance's image made ready for its phases.
//!
//! `prepare` finds the image here, or moves the layers that the engine lacks from the object store into
//! `docker load`; checks that the base commit is in it; mends it by recipe; gives it its names. Invariants: nothing
//! torn or corrupt is ever loaded; no tar touches the disk but the engine's own; the signed link is in no message.

mod archive;
mod arrive;
mod compose;
mod engine;
mod error;
mod index;
mod inside;
mod load;
mod ranges;
mod record;
mod runtime;
mod shelf;
mod tar;
mod wanted;

pub use crate::domain::wire::Shelved;
pub use error::ImageError;
pub use shelf::{drop_parts, list, remove};
pub use wanted::{How, Ready, Wanted};

use std::time::Duration;

use engine::Local;
use inside::Place;
use record::{Entry, Record};
use wanted::Say;

use crate::domain::instance::places;
use crate::doors::clock;

/// How many ranges are under way at once, unless told otherwise.
pub const PARTS: usize = 8;

/// Bytes of a range, unless told otherwise.
pub const PART_SIZE: u64 = 8 << 20;

/// How long a store may be silent, unless told otherwise.
pub const STALL: Duration = Duration::from_secs(30);

/// Makes the image ready: here, verified, mended, named. Tells `say` how far it is.
pub async fn prepare(wanted: &Wanted<'_>, say: Say<'_>) -> Result<Ready, ImageError> {
    let image = wanted.image;
    let entry = Entry::lock(wanted.root, &image.source, say).await?;
    let arrived = arrive::arrive(wanted, &entry, say).await?;
    let mut record = arrived.record;
    let mut notes = arrived.notes;
    let (repo_path, note) = verify(wanted, &mut record, say).await?;
    notes.extend(note);
    let mended = mend(wanted, &mut record, arrived.local, say).await?;
    let id = mended.id.clone();
    let (tags, older) = (image.tags.clone(), record.older.clone());
    record.older = engine::aside(move || {
        // A name that it has costs no call: each is a program of its own, and the next job waits for it.
        let mut lacking = tags.iter().filter(|tag| !mended.is_named(tag));
        lacking.try_for_each(|tag| engine::tag(&mended.id, tag))?;
        engine::drop_nameless(older)
    })
    .await??;
    record.tags.extend(image.tags.iter().cloned());
    record.last_used = clock::now();
    entry.write(&record)?;
    Ok(Ready {
        reference: image.tags.first().cloned().unwrap_or_else(|| id.clone()),
        id,
        loaded: record.id,
        moved: arrived.moved,
        size: arrived.size,
        how: arrived.how,
        repo_path,
        notes,
    })
}

/// Is it for this platform, and the base commit in it? Once for each image and commit.
async fn verify(wanted: &Wanted<'_>, record: &mut Record, say: Say<'_>) -> Result<Place, ImageError> {
    let image = wanted.image;
    let base = format!("{}@{}", image.repo_path, image.base_commit);
    if let Some(note) = record.verified.get(&base) {
        let place = record.places.get(&base).unwrap_or(&image.repo_path);
        return Ok((place.clone(), note.clone()));
    }
    say("looking for the base commit in the image");
    let (id, labels) = (record.id.clone(), wanted.labels.clone());
    let (path, commit) = (image.repo_path.clone(), image.base_commit.clone());
    let (place, note) =
        engine::aside(move || inside::verify(&id, &places(&path), &commit, &labels)).await??;
    if place != image.repo_path {
        record.places.insert(base.clone(), place.clone());
    }
    record.verified.insert(base, note.clone());
    Ok((place, note))
}

/// Applies the recipes, unless that was done before; the image then.
async fn mend(
    wanted: &Wanted<'_>,
    record: &mut Record,
    mut local: Local,
    say: Say<'_>,
) -> Result<Local, ImageError> {
    let look = |id: String| engine::aside(move || engine::inspect(&id));
    let recipes = inside::recipes(&wanted.image.repairs);
    match record.repaired.get(&recipes) {
        Some(id) if *id == local.id => return Ok(local),
        Some(id) => {
            if let Some(mended) = look(id.clone()).await?? {
                return Ok(mended);
            }
        }
        None => {}
    }
    for repair in &wanted.image.repairs {
        say(&format!("repair `{}`", repair.name));
        let (from, repair, labels) = (local, repair.clone(), wanted.labels.clone());
        let id = engine::aside(move || inside::repair(&from, &repair, &labels)).await??;
        local = look(id.clone())
            .await??
            .ok_or_else(|| ImageError::Stopped(format!("{id} has vanished")))?;
    }
    record.repaired.insert(recipes, local.id.clone());
    Ok(local)
}
