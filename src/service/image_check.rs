//! Before anything is dispatched: is the image of every job there? All that are missing, at once.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;

use super::assignment::Assignment;
use super::{Problem, ProblemKind, Project};
use crate::config::Config;
use crate::domain::swe::Source;
use crate::domain::{Instance, Job, Sha256};
use crate::objects::ObjectFacts;
use crate::pipeline;
use crate::report::words;

/// Requests under way at once.
const REQUESTS: usize = 32;

/// Every object of these jobs, with the instances that need it.
pub type NeededObjects = BTreeMap<(String, String), BTreeSet<String>>;

/// The objects that the native jobs of an assignment need; or what is wrong with their names.
pub fn needed_objects<'a>(
    assignment: &Assignment,
    jobs: impl Iterator<Item = &'a Job>,
    config: &Config,
) -> Result<NeededObjects, Problem> {
    let texts: BTreeMap<Sha256, &str> = assignment
        .set
        .datasets
        .iter()
        .map(|dataset| (dataset.sha256, dataset.body.as_str()))
        .collect();
    let (mut objects, mut faults) = (NeededObjects::new(), BTreeSet::new());
    for job in jobs {
        let Some(pipeline) = config
            .pipeline(&job.pipeline)
            .filter(|pipeline| pipeline.is_native())
        else {
            continue;
        };
        let text = job
            .dataset
            .as_ref()
            .and_then(|dataset| texts.get(&dataset.sha256));
        let Some(instance) = text.and_then(|text| serde_json::from_str::<Instance>(text).ok()) else {
            faults.insert(format!("{}: its dataset is no instance", job.instance));
            continue;
        };
        match pipeline::image(pipeline, config, &instance) {
            Ok(image) => {
                if let Source::Object { bucket, key } = image.source {
                    let needed = objects.entry((bucket, key)).or_default();
                    needed.insert(instance.id.to_string());
                }
            }
            Err(error) => {
                faults.insert(error.to_string());
            }
        }
    }
    if faults.is_empty() {
        return Ok(objects);
    }
    Err(Problem::new(ProblemKind::Input, "images of instances cannot be named").causes(faults))
}

/// Looks for all of them in the store; their sizes.
pub async fn check_objects(
    project: &Project,
    objects: &NeededObjects,
) -> Result<BTreeMap<(String, String), ObjectFacts>, Problem> {
    if objects.is_empty() {
        return Ok(BTreeMap::new());
    }
    let store = project.open_objects().await;
    let looks = objects.iter().map(|((bucket, key), instances)| {
        let store = &store;
        async move { (bucket, key, instances, store.head(bucket, key).await) }
    });
    let answers: Vec<_> = futures::stream::iter(looks)
        .buffer_unordered(REQUESTS)
        .collect()
        .await;
    let (mut facts, mut causes) = (BTreeMap::new(), BTreeSet::new());
    for (bucket, key, instances, answer) in answers {
        match answer {
            Ok(found) if found.size > 0 => {
                facts.insert((bucket.clone(), key.clone()), found);
            }
            Ok(_) => {
                causes.insert(format!("s3://{bucket}/{key} is empty{}", needed_by(instances)));
            }
            Err(error) => {
                causes.insert(format!("{error}{}", needed_by(instances)));
            }
        }
    }
    if causes.is_empty() {
        return Ok(facts);
    }
    let what = format!(
        "{} cannot be fetched",
        words::count(causes.len(), "image", "images")
    );
    Err(Problem::new(ProblemKind::Environment, what)
        .causes(causes)
        .hint("nothing has been dispatched; mend it and run the same command again"))
}

fn needed_by(instances: &BTreeSet<String>) -> String {
    let few: Vec<&str> = instances.iter().take(3).map(String::as_str).collect();
    let more = instances.len().saturating_sub(few.len());
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!(" (for {}{more})", few.join(", "))
}
