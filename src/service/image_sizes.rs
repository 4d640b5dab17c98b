//! Which images jobs need, and how large they are: what placement weighs.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt as _;

use super::Project;
use super::assignment::Assignment;
use crate::domain::runtime::base_name;
use crate::domain::swe::{Image, Source};
use crate::domain::{Instance, JobId, Sha256};
use crate::pipeline;
use crate::schedule::Fleet;
use crate::schedule::fleet::ImageNeed;

/// Bytes of objects, by bucket and key.
pub type ObjectSizes = BTreeMap<(String, String), u64>;

/// Requests under way at once.
const REQUESTS: usize = 32;

/// Tells the fleet which images the open jobs of an assignment need. Sizes that are not known yet are asked for; an
/// object that does not answer now is no reason not to go on.
pub async fn learn_needs(
    fleet: &mut Fleet,
    assignment: &Assignment,
    sizes: &mut ObjectSizes,
    project: &Project,
) {
    let images = open_images(fleet, assignment, project);
    let unknown: Vec<(String, String)> = images
        .values()
        .filter_map(|image| match &image.source {
            Source::Object { bucket, key } => Some((bucket.clone(), key.clone())),
            Source::Engine(_) => None,
        })
        .filter(|object| !sizes.contains_key(object))
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    if !unknown.is_empty() {
        let store = project.open_objects().await;
        let looks = unknown.into_iter().map(|object| {
            let store = &store;
            async move {
                (
                    store.head(&object.0, &object.1).await.map(|facts| facts.size),
                    object,
                )
            }
        });
        let answers: Vec<_> = futures::stream::iter(looks)
            .buffer_unordered(REQUESTS)
            .collect()
            .await;
        sizes.extend(
            answers
                .into_iter()
                .filter_map(|(size, object)| Some((object, size.ok()?))),
        );
    }
    set_needs(fleet, images, sizes);
}

/// The same, with the sizes that are known.
pub fn set_needs(fleet: &mut Fleet, images: BTreeMap<JobId, NeededImage>, sizes: &ObjectSizes) {
    let mut needs: BTreeMap<NeededImage, Arc<ImageNeed>> = BTreeMap::new();
    for (job, image) in images {
        let need = needs.entry(image).or_insert_with_key(|image| {
            let bytes = match &image.source {
                Source::Object { bucket, key } => sizes.get(&(bucket.clone(), key.clone())).copied(),
                Source::Engine(_) => None,
            };
            Arc::new(ImageNeed {
                source: image.source.to_string().into(),
                bytes: bytes.unwrap_or_default(),
                names: image.names.clone(),
            })
        });
        fleet.notes_mut().need_image(job, Arc::clone(need));
    }
}

/// An image that a job needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NeededImage {
    /// Where it comes from.
    pub source: Source,
    /// How the tags of its runtime images may call it.
    pub names: Vec<String>,
}

impl NeededImage {
    /// The same for the scheduler, of a size that was not asked for.
    pub fn need(&self) -> ImageNeed {
        ImageNeed {
            source: self.source.to_string().into(),
            bytes: 0,
            names: self.names.clone(),
        }
    }
}

/// The image of each open native job.
pub fn open_images(
    fleet: &Fleet,
    assignment: &Assignment,
    project: &Project,
) -> BTreeMap<JobId, NeededImage> {
    let texts: BTreeMap<Sha256, &str> = assignment
        .set
        .datasets
        .iter()
        .map(|dataset| (dataset.sha256, dataset.body.as_str()))
        .collect();
    let open = assignment
        .jobs
        .iter()
        .filter(|job| fleet.job(job.id).is_none_or(|entry| entry.closed.is_none()));
    open.filter_map(|job| {
        let pipeline = project
            .config
            .pipeline(&job.pipeline)
            .filter(|pipeline| pipeline.is_native())?;
        let text = texts.get(&job.dataset.as_ref()?.sha256)?;
        let instance: Instance = serde_json::from_str(text).ok()?;
        let image = pipeline::image(pipeline, &project.config, &instance).ok()?;
        let names = runtime_names(&image);
        let source = image.source;
        Some((job.id, NeededImage { source, names }))
    })
    .collect()
}

/// How the tags of an image's runtime images may call it.
pub fn runtime_names(image: &Image) -> Vec<String> {
    image.tags.iter().map(|tag| base_name(tag)).collect()
}
