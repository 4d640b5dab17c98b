//! The images that fleet made ready on this host, for whoever wants to see or remove them.

use std::collections::BTreeSet;
use std::path::Path;

use super::arrive::PART;
use super::engine;
use super::error::ImageError;
use super::record::{self, Entry, Record};
use crate::domain::wire::Shelved;

/// Every image that fleet made ready here. Blocks: asks the engine.
pub fn list(root: &Path) -> Result<Vec<Shelved>, ImageError> {
    record::all(root)?.iter().map(shelved).collect()
}

fn shelved(record: &Record) -> Result<Shelved, ImageError> {
    let (mut local, mut used_by) = (None, BTreeSet::new());
    for id in record.ids() {
        let Some(image) = engine::inspect(&id)? else {
            continue;
        };
        used_by.extend(engine::containers(&id)?);
        // The one that was mended comes after the one that it was made of.
        if !record.older.contains(&id) {
            local = Some(image);
        }
    }
    Ok(Shelved {
        source: record::name(&record.source),
        id: local
            .as_ref()
            .map_or_else(|| record.id.clone(), |image| image.id.clone()),
        tags: record.tags.iter().cloned().collect(),
        size: local.as_ref().map_or(0, |image| image.size),
        moved: 0,
        loaded_at: record.loaded_at,
        last_used: record.last_used,
        used_by: used_by.into_iter().collect(),
        here: local.is_some(),
    })
}

/// Removes the image that came from this source or has this name. Refused while a container uses it.
///
/// Only names that we gave are taken away, and only while they are still this image's. An image that the engine had
/// before us stays; so do layers and images that another record needs.
pub async fn remove(root: &Path, wanted: &str) -> Result<Shelved, ImageError> {
    let records = record::all(root)?;
    let is_wanted = |record: &&Record| record::name(&record.source) == wanted || record.tags.contains(wanted);
    let found = records
        .iter()
        .find(is_wanted)
        .ok_or_else(|| ImageError::NotOurs(wanted.to_owned()))?;
    let entry = Entry::lock(root, &found.source, &mut |_| {}).await?;
    // Another may have removed it while we waited.
    let record = entry
        .read()
        .ok_or_else(|| ImageError::NotOurs(wanted.to_owned()))?;
    let others: BTreeSet<String> = records
        .iter()
        .filter(|other| other.source != record.source)
        .flat_map(Record::ids)
        .collect();
    let part = entry.key();
    let gone = engine::aside(move || {
        // What a killed process was building up.
        engine::drop_labelled(PART, &part)?;
        take_down(&record, &others)
    })
    .await??;
    entry.forget()?;
    Ok(gone)
}

fn take_down(record: &Record, others: &BTreeSet<String>) -> Result<Shelved, ImageError> {
    let shown = shelved(record)?;
    if !shown.used_by.is_empty() {
        return Err(ImageError::InUse {
            image: shown.source,
            containers: shown.used_by.join(", "),
        });
    }
    let ids = record.ids();
    for tag in &record.tags {
        let Some(image) = engine::inspect(tag)?.filter(|image| ids.contains(&image.id)) else {
            continue;
        };
        // With its last name an image is gone.
        let last = image.repo_tags.is_none_or(|names| names.len() < 2);
        if !(last && record.foreign && image.id == record.id) {
            engine::untag(tag)?;
        }
    }
    for id in ids.iter().rev() {
        let foreign = record.foreign && *id == record.id;
        let nameless = |image: engine::Local| image.repo_tags.unwrap_or_default().is_empty();
        if !foreign && !others.contains(id) && engine::inspect(id)?.is_some_and(nameless) {
            engine::untag(id)?;
        }
    }
    Ok(shown)
}
