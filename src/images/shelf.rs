//! The images that fleet made ready on this host, and those that the harness has built: to be seen and to be removed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::arrive::PART;
use super::engine::{self, Local};
use super::error::ImageError;
use super::record::{self, Entry, Record};
use super::runtime::{self, Runtime};
use crate::docker::DockerError;
use crate::domain::Timestamp;
use crate::domain::runtime::tag_in;
use crate::domain::wire::Shelved;

/// Every image that fleet made ready here, and what the harness has built in these repositories. Blocks: asks the
/// engine, a few times for all of them.
pub fn list(root: &Path, repositories: &[String]) -> Result<Vec<Shelved>, ImageError> {
    let records = record::all(root)?;
    let runtimes = match runtime::find(repositories) {
        Ok(runtimes) => runtimes,
        // Without a client nothing was built through one.
        Err(DockerError::NoClient) if records.is_empty() => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    shelve(&records, &runtimes)
}

fn shelve(records: &[Record], runtimes: &[Runtime]) -> Result<Vec<Shelved>, ImageError> {
    if records.is_empty() && runtimes.is_empty() {
        return Ok(Vec::new());
    }
    let built = runtimes.iter().map(|runtime| runtime.id.clone());
    let ids: Vec<String> = records.iter().flat_map(Record::ids).chain(built).collect();
    let containers = engine::containers()?;
    let used = containers.iter().map(|(_, image)| image);
    let all = ids.iter().chain(used).map(String::as_str).collect();
    let engine = Engine {
        images: engine::inspect_all(&all)?
            .into_iter()
            .map(|image| (image.id.clone(), image))
            .collect(),
        containers,
    };
    let ours = records.iter().map(|record| engine.shelved(record));
    let built = runtimes.iter().filter_map(|runtime| engine.built(runtime));
    Ok(ours.chain(built).collect())
}

/// What the engine has, as far as it matters here.
struct Engine {
    images: BTreeMap<String, Local>,
    containers: Vec<(String, String)>,
}

impl Engine {
    fn shelved(&self, record: &Record) -> Shelved {
        let (mut local, mut used_by) = (None, BTreeSet::new());
        for image in record.ids().iter().filter_map(|id| self.images.get(id)) {
            used_by.extend(self.users(image).map(str::to_owned));
            // The one that was mended comes after the one that it was made of.
            if !record.older.contains(&image.id) {
                local = Some(image);
            }
        }
        let sizes: BTreeMap<&str, u64> = record
            .layers
            .iter()
            .map(|(diff, size)| (diff.as_str(), *size))
            .collect();
        let layers = local.map(Local::layers).unwrap_or_default();
        Shelved {
            source: record::name(&record.source),
            id: local.map_or_else(|| record.id.clone(), |image| image.id.clone()),
            tags: record.tags.iter().cloned().collect(),
            size: local.map_or(0, |image| image.size),
            moved: 0,
            loaded_at: record.loaded_at,
            last_used: record.last_used,
            used_by: used_by.into_iter().collect(),
            here: local.is_some(),
            layers: layers
                .iter()
                .map(|diff| (diff.clone(), sizes.get(diff.as_str()).copied().unwrap_or(0)))
                .collect(),
            runtime: None,
        }
    }

    /// One that the harness has built, unless it has gone meanwhile. It is not known when that was.
    fn built(&self, runtime: &Runtime) -> Option<Shelved> {
        let image = self.images.get(&runtime.id)?;
        let used_by: BTreeSet<&str> = self.users(image).collect();
        Some(Shelved {
            source: runtime.source.clone(),
            id: image.id.clone(),
            tags: runtime.names.clone(),
            size: image.size,
            moved: 0,
            loaded_at: Timestamp(0),
            last_used: Timestamp(0),
            used_by: used_by.into_iter().map(str::to_owned).collect(),
            here: true,
            layers: image.layers().iter().map(|diff| (diff.clone(), 0)).collect(),
            runtime: Some(runtime.base.clone()),
        })
    }

    /// The containers that were made from an image or from what has all its layers below others: removing the image
    /// would free nothing of them.
    fn users<'a>(&'a self, image: &'a Local) -> impl Iterator<Item = &'a str> {
        let is_below = |id: &String| {
            let above =
                |other: &Local| !image.layers().is_empty() && other.layers().starts_with(image.layers());
            *id == image.id || self.images.get(id).is_some_and(above)
        };
        let users = self.containers.iter().filter(move |(_, id)| is_below(id));
        users.map(|(name, _)| name.as_str())
    }
}

/// Removes what broken-off loads have left: nameless images with our label whose source belongs to this root and is
/// not worked on. How many, and their bytes as the engine counts them. Blocks.
pub fn drop_parts(root: &Path) -> Result<(u64, u64), ImageError> {
    let mut by_source: BTreeMap<String, Vec<Local>> = BTreeMap::new();
    for image in engine::labelled(PART)? {
        if let Some(key) = image.label(PART).map(str::to_owned) {
            by_source.entry(key).or_default().push(image);
        }
    }
    let (mut parts, mut bytes) = (0, 0);
    for (key, images) in by_source {
        let Some(_entry) = Entry::at_rest(root, &key)? else {
            continue;
        };
        let left = engine::drop_nameless(images.iter().map(|image| image.id.clone()).collect())?;
        let gone = || images.iter().filter(|image| !left.contains(&image.id));
        parts += gone().count() as u64;
        // Each one is built on the one before it: the last has the bytes of all.
        bytes += gone().map(|image| image.size).max().unwrap_or(0);
    }
    Ok((parts, bytes))
}

/// Removes the image that came from this source or has this name. Refused while a container uses it.
///
/// Only names that we gave are taken away, and only while they are still this image's. An image that the engine had
/// before us stays; so do layers and images that another record needs.
pub async fn remove(root: &Path, wanted: &str, repositories: &[String]) -> Result<Shelved, ImageError> {
    if tag_in(wanted, repositories).is_some() {
        let (wanted, repositories) = (wanted.to_owned(), repositories.to_vec());
        return engine::aside(move || take_down_runtime(&wanted, &repositories)).await?;
    }
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

/// Removes what the harness has built: the names in its repositories, and the image with the last name.
fn take_down_runtime(wanted: &str, repositories: &[String]) -> Result<Shelved, ImageError> {
    let runtimes = runtime::find(repositories)?;
    let found = runtimes.iter().find(|runtime| runtime.source == wanted);
    let found = found.ok_or_else(|| ImageError::NotOurs(wanted.to_owned()))?;
    let shown = shelve(&[], std::slice::from_ref(found))?.pop();
    let shown = unused(shown.ok_or_else(|| ImageError::NotOurs(wanted.to_owned()))?)?;
    for name in &found.names {
        // It may be another image's by now.
        if engine::inspect(name)?.is_some_and(|image| image.id == found.id) {
            engine::untag_whole(name)?;
        }
    }
    Ok(shown)
}

/// Refuses what a container uses.
fn unused(shown: Shelved) -> Result<Shelved, ImageError> {
    if shown.used_by.is_empty() {
        return Ok(shown);
    }
    Err(ImageError::InUse {
        containers: shown.used_by.join(", "),
        image: shown.source,
    })
}

fn take_down(record: &Record, others: &BTreeSet<String>) -> Result<Shelved, ImageError> {
    let shown = shelve(std::slice::from_ref(record), &[])?.pop();
    let shown = unused(shown.ok_or_else(|| ImageError::NotOurs(record::name(&record.source)))?)?;
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
        let nameless = |image: Local| image.repo_tags.unwrap_or_default().is_empty();
        if !foreign && !others.contains(id) && engine::inspect(id)?.is_some_and(nameless) {
            engine::untag(id)?;
        }
    }
    Ok(shown)
}
