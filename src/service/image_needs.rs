//! Which images jobs need that are not closed, and which of a host none of them needs.

use std::collections::{BTreeMap, BTreeSet};

use super::image_sizes::{NeededImage, runtime_names};
use super::listed_image::ListedImage;
use super::{Problem, Project};
use crate::domain::runtime::belongs;
use crate::domain::swe::Image;
use crate::domain::{Epoch, HostName, Instance, Job};
use crate::pipeline;
use crate::plan;
use crate::schedule::Fleet;
use crate::schedule::fleet::ImageNeed;
use crate::store::Store;

/// What jobs need that are not closed: for each host that may be running one, and for every host.
#[derive(Debug, Default)]
pub(super) struct ImageNeeds {
    live: BTreeSet<(HostName, NeededImage)>,
    /// Hosts that may be running a job whose image is not known.
    unknown: BTreeSet<HostName>,
    waiting: BTreeSet<NeededImage>,
}

pub(super) async fn read_needs(all: bool, project: &Project) -> Result<ImageNeeds, Problem> {
    let mut needs = ImageNeeds::default();
    let Some(store) = Store::peek(&project.database_path()).await? else {
        return Ok(needs);
    };
    let fleet: Fleet = store.load(Epoch(0), &project.config.hosts).await?;
    for entry in fleet.jobs().filter(|entry| entry.closed.is_none()) {
        let text = match &entry.job.dataset {
            Some(dataset) => store.dataset(&dataset.sha256).await?.unwrap_or_default(),
            None => String::new(),
        };
        let Some(image) = image_of(&entry.job, &text, project) else {
            needs.unknown.extend(entry.live().map(|live| live.host.clone()));
            continue;
        };
        let names = runtime_names(&image);
        let source = image.source;
        let image = NeededImage { source, names };
        match entry.live() {
            Some(live) => {
                needs.live.insert((live.host.clone(), image));
            }
            None if !all => {
                needs.waiting.insert(image);
            }
            None => {}
        }
    }
    store.close().await;
    Ok(needs)
}

/// Those that no container uses and no job needs; the runtime images first, since they lie on top of others.
pub(super) fn idle_images(listed: Vec<ListedImage>, needs: &ImageNeeds) -> Vec<ListedImage> {
    let layers: BTreeMap<(HostName, String), Vec<(String, u64)>> = listed
        .iter()
        .map(|one| {
            let layers = one.image.layers.clone();
            ((one.host.clone(), one.image.source.clone()), layers)
        })
        .collect();
    let waiting: Vec<ImageNeed> = needs.waiting.iter().map(NeededImage::need).collect();
    let live: Vec<(&HostName, ImageNeed)> = needs
        .live
        .iter()
        .map(|(host, image)| (host, image.need()))
        .collect();
    let is_idle = |one: &ListedImage| {
        let is_runtime_of = |need: &ImageNeed| {
            let below = layers.get(&(one.host.clone(), need.source.to_string()));
            let below = below.map(Vec::as_slice).unwrap_or_default();
            let base = one.image.runtime.as_ref();
            base.is_some_and(|base| belongs(base, &one.image.layers, need.names.iter(), below))
        };
        let here = live
            .iter()
            .filter(|(host, _)| **host == one.host)
            .map(|(_, need)| need);
        one.image.used_by.is_empty()
            && !plan::must_stay(
                &one.image.source,
                one.image.runtime.is_some(),
                here.chain(&waiting),
                needs.unknown.contains(&one.host),
                is_runtime_of,
            )
    };
    let mut idle: Vec<ListedImage> = listed.into_iter().filter(is_idle).collect();
    idle.sort_by_key(|one| (one.host.clone(), one.image.runtime.is_none()));
    idle
}

/// The image of a job.
pub(super) fn image_of(job: &Job, text: &str, project: &Project) -> Option<Image> {
    let pipeline = project.config.pipeline(&job.pipeline)?;
    let instance: Instance = serde_json::from_str(text).ok()?;
    pipeline::image(pipeline, &project.config, &instance).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::wire::Shelved;

    fn listed(host: &str, source: &str, runtime: Option<&str>, used_by: &[&str]) -> ListedImage {
        ListedImage {
            host: host.parse().unwrap(),
            kind: "instance",
            image: Shelved {
                source: source.to_owned(),
                id: "sha256:1".to_owned(),
                tags: Vec::new(),
                size: 1,
                moved: 0,
                loaded_at: Timestamp(0),
                last_used: Timestamp(0),
                used_by: used_by.iter().map(ToString::to_string).collect(),
                here: true,
                layers: Vec::new(),
                runtime: runtime.map(str::to_owned),
            },
        }
    }

    fn needed(key: &str) -> NeededImage {
        NeededImage {
            source: crate::domain::swe::Source::Object {
                bucket: "b".to_owned(),
                key: key.to_owned(),
            },
            names: vec![format!("{key}-base")],
        }
    }

    fn idle_sources(listed: Vec<ListedImage>, needs: &ImageNeeds) -> Vec<String> {
        let idle = idle_images(listed, needs).into_iter();
        idle.map(|one| one.image.source).collect()
    }

    #[test]
    fn an_image_is_idle_where_no_open_job_needs_it_nor_what_lies_below_it() {
        let all = || {
            vec![
                listed("eval1", "s3://b/one", None, &[]),
                listed("eval1", "s3://b/two", None, &[]),
                listed("eval1", "s3://b/three", None, &["agent-7"]),
                listed("eval1", "runtime:one", Some("one-base"), &[]),
                listed("eval1", "runtime:two", Some("two-base"), &[]),
            ]
        };
        let mut needs = ImageNeeds::default();
        let runtimes_first = ["runtime:one", "runtime:two", "s3://b/one", "s3://b/two"];
        assert_eq!(idle_sources(all(), &needs), runtimes_first);
        needs.waiting.insert(needed("one"));
        assert_eq!(idle_sources(all(), &needs), ["runtime:two", "s3://b/two"]);
        // It runs elsewhere: nothing of it is needed here.
        needs.live.insert(("eval2".parse().unwrap(), needed("two")));
        assert_eq!(idle_sources(all(), &needs), ["runtime:two", "s3://b/two"]);
        needs.live.insert(("eval1".parse().unwrap(), needed("two")));
        assert!(idle_sources(all(), &needs).is_empty());
        let mut unknown = ImageNeeds::default();
        unknown.unknown.insert("eval1".parse().unwrap());
        assert_eq!(
            idle_sources(all(), &unknown),
            ["s3://b/one", "s3://b/two"],
            "the harness may build on any"
        );
    }
}
