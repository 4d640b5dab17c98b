//! The images on the hosts: listed, fetched ahead of their jobs, removed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::{Problem, ProblemKind, Project, assignment, image_check, image_needs};
use crate::domain::host::HostConfig;
use crate::domain::swe::{Image, Source};
use crate::domain::wire::{Answer, Ask, Shelved};
use crate::domain::{HostName, Instance, Job, Place};
use crate::pipeline;

/// One image of one host.
#[derive(Debug, Serialize)]
pub struct ListedImage {
    /// The host.
    pub host: HostName,
    /// Of an instance, or a runtime image.
    pub kind: &'static str,
    #[serde(flatten)]
    /// What the host says of it.
    pub image: Shelved,
}

/// What hosts have to say.
pub struct ImagesAnswer {
    /// By host and source.
    pub images: Vec<ListedImage>,
    complaints: Vec<String>,
}

/// The images that each host is to have ready.
pub type PlannedFetches<'c> = Vec<(&'c HostConfig, Vec<Image>)>;

/// What is asked of each host, one after the other.
type HostAsks<'c> = Vec<(&'c HostConfig, Vec<Ask>)>;

impl ImagesAnswer {
    /// Did every host do all that it was asked for?
    pub fn is_complete(&self) -> bool {
        self.complaints.is_empty()
    }

    /// What could not be done.
    pub fn check_complete(&self) -> Result<(), Problem> {
        if self.is_complete() {
            return Ok(());
        }
        Err(
            Problem::new(ProblemKind::Incomplete, "not everything could be done")
                .causes(self.complaints.iter().cloned())
                .hint("`fleet doctor` looks at the hosts; the same command goes on"),
        )
    }
}

/// The hosts of these names; all, without any.
pub fn hosts_to_ask<'c>(names: &[HostName], project: &'c Project) -> Result<Vec<&'c HostConfig>, Problem> {
    let all = &project.config.hosts;
    if let Some(unknown) = names.iter().find(|name| project.config.host(name).is_none()) {
        return Err(
            Problem::new(ProblemKind::Input, format!("no host is called {unknown}"))
                .hint("`fleet hosts` lists them"),
        );
    }
    let is_meant = |host: &&HostConfig| names.is_empty() || names.contains(&host.name);
    Ok(all.iter().filter(is_meant).collect())
}

/// All images that these hosts have.
pub async fn list_images(hosts: &[&HostConfig], project: &Project) -> ImagesAnswer {
    let ask = || Ask::Shelf {
        runtimes: project.config.runtimes(),
    };
    let asks = hosts.iter().map(|host| (*host, vec![ask()])).collect();
    ask_hosts(project, asks).await
}

/// The images that each host needs for its own jobs. What any host may take is fetched when one has taken it.
pub fn plan_prefetch<'c>(
    files: &[PathBuf],
    hosts: &[&'c HostConfig],
    project: &Project,
) -> Result<PlannedFetches<'c>, Problem> {
    let mut by_host: BTreeMap<HostName, BTreeMap<Source, Image>> = BTreeMap::new();
    for file in files {
        let assignment = assignment::read_assignment(file, &project.config)?;
        let jobs = assignment.jobs.iter().map(AsRef::as_ref);
        // Names that are no good are told of here.
        image_check::needed_objects(&assignment, jobs, &project.config)?;
        let texts: BTreeMap<_, _> = assignment
            .set
            .datasets
            .iter()
            .map(|dataset| (dataset.sha256, dataset.body.as_str()))
            .collect();
        for job in &assignment.jobs {
            let text = job
                .dataset
                .as_ref()
                .and_then(|dataset| texts.get(&dataset.sha256));
            if let (Place::Host(host), Some(image)) =
                (&job.place, text.and_then(|text| image_of(job, text, project)))
            {
                by_host
                    .entry(host.clone())
                    .or_default()
                    .insert(image.source.clone(), image);
            }
        }
    }
    Ok(hosts
        .iter()
        .filter_map(|host| Some((*host, by_host.remove(&host.name)?.into_values().collect())))
        .collect())
}

/// Makes these images ready.
pub async fn prefetch(planned: PlannedFetches<'_>, project: &Project) -> Result<ImagesAnswer, Problem> {
    let store = project.open_objects().await;
    let mut wishes = Vec::new();
    for (host, images) in planned {
        let mut asks = Vec::new();
        for image in images {
            let url = match &image.source {
                Source::Object { bucket, key } => Some(store.sign(bucket, key).await.map_err(|error| {
                    Problem::new(ProblemKind::Environment, "cannot sign the address of an image")
                        .caused_by(&error)
                })?),
                Source::Engine(_) => None,
            };
            let image = Box::new(image);
            asks.push(Ask::Prefetch { image, url });
        }
        wishes.push((host, asks));
    }
    Ok(ask_hosts(project, wishes).await)
}

/// The images of these hosts that no container uses and no job needs that is not closed; with `all`, also those that only
/// waiting jobs need. The runtime images come first, since they lie on top of others.
pub async fn find_idle(hosts: &[&HostConfig], all: bool, project: &Project) -> Result<ImagesAnswer, Problem> {
    let needs = image_needs::read_needs(all, project).await?;
    let mut answer = list_images(hosts, project).await;
    answer.images = image_needs::idle_images(answer.images, &needs);
    Ok(answer)
}

/// Removes these images.
pub async fn remove(idle: &[ListedImage], hosts: &[&HostConfig], project: &Project) -> ImagesAnswer {
    let asks_of = |host: &HostName| -> Vec<Ask> {
        let ours = idle.iter().filter(|one| one.host == *host);
        ours.map(|one| Ask::Discard {
            source: one.image.source.clone(),
            runtimes: project.config.runtimes(),
        })
        .collect()
    };
    let asks = hosts.iter().map(|host| (*host, asks_of(&host.name))).collect();
    ask_hosts(project, asks).await
}

/// Asks every host at once; what they have to say, and what went wrong.
async fn ask_hosts(project: &Project, asks: HostAsks<'_>) -> ImagesAnswer {
    let asked = asks.into_iter().map(|(host, asks)| async move {
        let (mut lines, mut complaints) = (Vec::new(), Vec::new());
        if asks.is_empty() {
            return (lines, complaints);
        }
        let mut call = match project.transport.open(host).await {
            Ok(link) => link.call(),
            Err(error) => return (lines, vec![error.to_string()]),
        };
        for ask in asks {
            match call.ask(ask).await {
                Ok(Answer::Images(images)) => lines.extend(images.into_iter().map(|image| ListedImage {
                    host: host.name.clone(),
                    kind: if image.runtime.is_some() {
                        "runtime"
                    } else {
                        "instance"
                    },
                    image,
                })),
                Ok(Answer::Fault(fault)) => complaints.push(format!("{}: {fault}", host.name)),
                Ok(other) => complaints.push(format!("{}: {other:?}", host.name)),
                Err(error) => {
                    complaints.push(error.to_string());
                    return (lines, complaints);
                }
            }
        }
        call.hang_up().await;
        (lines, complaints)
    });
    let (mut lines, mut complaints) = (Vec::new(), Vec::new());
    for (more, worse) in futures::future::join_all(asked).await {
        lines.extend(more);
        complaints.extend(worse);
    }
    lines.sort_by(|a, b| (&a.host, &a.image.source).cmp(&(&b.host, &b.image.source)));
    ImagesAnswer {
        images: lines,
        complaints,
    }
}

/// The image of a job.
pub(super) fn image_of(job: &Job, text: &str, project: &Project) -> Option<Image> {
    let pipeline = project.config.pipeline(&job.pipeline)?;
    let instance: Instance = serde_json::from_str(text).ok()?;
    pipeline::image(pipeline, &project.config, &instance).ok()
}
