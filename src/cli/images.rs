//! `fleet images`: the images on the hosts, those of instances and those that the harness builds on them: listed, fetched
//! ahead, removed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Serialize;

use super::context::Context;
use super::needs::{Named, runtime_names};
use super::printer::Printer;
use super::{CommandError, Kind, assignment, exit, preflight};
use crate::domain::host::HostConfig;
use crate::domain::runtime::belongs;
use crate::domain::swe::{Image, Source};
use crate::domain::wire::{Answer, Ask, Shelved};
use crate::domain::{Fleet, HostName, Instance, Job, Place};
use crate::pipeline;
use crate::report::table::{Table, left, prose, right};
use crate::report::words;
use crate::store::Store;

/// List the images of instances and of the harness on the hosts, fetch them ahead of their jobs, or remove them
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet images
  fleet images prefetch assignments/phase8.json
  fleet images prune --dry-run")]
pub(super) struct Args {
    /// Only these hosts
    #[arg(long = "host", global = true, value_name = "HOST")]
    hosts: Vec<HostName>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// What the hosts have. The default
    List,
    /// Make the images of an assignment's jobs ready on the hosts that it names
    Prefetch {
        /// Assignment files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Say what would be fetched; fetch nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Remove images that no open job needs and no container uses
    Prune {
        /// Also those that waiting jobs need: they are fetched again
        #[arg(long)]
        all: bool,
        /// Say what would be removed; remove nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// One image of one host.
#[derive(Debug, Serialize)]
struct Line {
    host: HostName,
    kind: &'static str,
    #[serde(flatten)]
    image: Shelved,
}

#[derive(Debug, Serialize)]
struct Listing<'a> {
    version: u32,
    images: &'a [Line],
}

/// What is asked of each host, one after the other.
type Wishes<'c> = Vec<(&'c HostConfig, Vec<Ask>)>;

pub(super) async fn run(
    args: &Args,
    context: &Context,
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    let hosts = hosts(args, context)?;
    let (wishes, did) = match &args.verb {
        None | Some(Verb::List) => (listings(&hosts, context), ""),
        Some(Verb::Prefetch { files, dry_run }) => {
            let images = wanted(files, context, &hosts)?;
            if *dry_run {
                return would_fetch(&images, printer);
            }
            (prefetches(images, context).await?, "ready")
        }
        Some(Verb::Prune { all, dry_run }) => {
            let needed = needed(context, *all).await?;
            let (lines, complaints) = ask(context, listings(&hosts, context)).await;
            let idle = idle(lines, &needed);
            if *dry_run || !complaints.is_empty() {
                return show(args, &idle, complaints, "could be removed", printer);
            }
            (discards(&idle, &hosts, context), "removed")
        }
    };
    let (lines, complaints) = ask(context, wishes).await;
    show(args, &lines, complaints, did, printer)
}

fn hosts<'c>(args: &Args, context: &'c Context) -> Result<Vec<&'c HostConfig>, CommandError> {
    let all = &context.config.hosts;
    if let Some(unknown) = args.hosts.iter().find(|name| context.config.host(name).is_none()) {
        return Err(
            CommandError::new(Kind::Input, format!("no host is called {unknown}"))
                .hint("`fleet hosts` lists them"),
        );
    }
    let named = |host: &&HostConfig| args.hosts.is_empty() || args.hosts.contains(&host.name);
    Ok(all.iter().filter(named).collect())
}

/// Asks every host at once; what they have to say, and what went wrong.
async fn ask(context: &Context, wishes: Wishes<'_>) -> (Vec<Line>, Vec<String>) {
    let asked = wishes.into_iter().map(|(host, asks)| async move {
        let (mut lines, mut complaints) = (Vec::new(), Vec::new());
        if asks.is_empty() {
            return (lines, complaints);
        }
        let mut call = match context.transport.open(host).await {
            Ok(link) => link.call(),
            Err(error) => return (lines, vec![error.to_string()]),
        };
        for ask in asks {
            match call.ask(ask).await {
                Ok(Answer::Images(images)) => lines.extend(images.into_iter().map(|image| Line {
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
    (lines, complaints)
}

fn show(
    args: &Args,
    lines: &[Line],
    complaints: Vec<String>,
    did: &str,
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    if args.json {
        printer.json(&Listing {
            version: 1,
            images: lines,
        })?;
    } else {
        let mut table = Table::new(&[
            left("host"),
            left("kind"),
            prose("image"),
            right("size"),
            right("moved"),
            left("used by"),
        ]);
        for line in lines {
            let image = &line.image;
            let moved = if image.moved > 0 {
                words::bytes(image.moved)
            } else {
                "-".to_owned()
            };
            let name = match image.runtime {
                Some(_) => &image.source,
                None => image.tags.first().unwrap_or(&image.source),
            };
            let used = if image.here {
                image.used_by.join(" ")
            } else {
                "(gone)".to_owned()
            };
            table.row([
                line.host.as_str(),
                line.kind,
                name,
                &words::bytes(image.size),
                &moved,
                &used,
            ]);
        }
        printer.data(&table.render(printer.width()))?;
    }
    if !did.is_empty() {
        printer.say(&format!("{} {did}", words::count(lines.len(), "image", "images")));
    }
    if complaints.is_empty() {
        return Ok(exit::OK);
    }
    Err(
        CommandError::new(Kind::Incomplete, "not everything could be done")
            .causes(complaints)
            .hint("`fleet doctor` looks at the hosts; the same command goes on"),
    )
}

/// The images that each host needs for its own jobs. What any host may take is fetched when one has taken it.
fn wanted<'c>(
    files: &[PathBuf],
    context: &'c Context,
    hosts: &[&'c HostConfig],
) -> Result<Vec<(&'c HostConfig, Vec<Image>)>, CommandError> {
    let mut by_host: BTreeMap<HostName, BTreeMap<Source, Image>> = BTreeMap::new();
    for file in files {
        let assignment = assignment::read(file, &context.config)?;
        let jobs = assignment.jobs.iter().map(AsRef::as_ref);
        // Names that are no good are told of here.
        preflight::objects(&assignment, jobs, &context.config)?;
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
                (&job.place, text.and_then(|text| image(job, text, context)))
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

fn image(job: &Job, text: &str, context: &Context) -> Option<Image> {
    let pipeline = context.config.pipeline(&job.pipeline)?;
    let instance: Instance = serde_json::from_str(text).ok()?;
    pipeline::image(pipeline, &context.config, &instance).ok()
}

fn would_fetch(
    images: &[(&HostConfig, Vec<Image>)],
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    let mut table = Table::new(&[left("host"), prose("image")]);
    for (host, images) in images {
        for image in images {
            table.row([host.name.as_str(), image.tags.first().map_or("", String::as_str)]);
        }
    }
    printer.data(&table.render(printer.width()))?;
    Ok(exit::OK)
}

async fn prefetches<'c>(
    images: Vec<(&'c HostConfig, Vec<Image>)>,
    context: &Context,
) -> Result<Wishes<'c>, CommandError> {
    let store = context.objects().await;
    let mut wishes = Vec::new();
    for (host, images) in images {
        let mut asks = Vec::new();
        for image in images {
            let url = match &image.source {
                Source::Object { bucket, key } => Some(store.sign(bucket, key).await.map_err(|error| {
                    CommandError::new(Kind::Environment, "cannot sign the address of an image")
                        .caused_by(&error)
                })?),
                Source::Engine(_) => None,
            };
            let image = Box::new(image);
            asks.push(Ask::Prefetch { image, url });
        }
        wishes.push((host, asks));
    }
    Ok(wishes)
}

/// What jobs need that are not closed: for each host that may be running one, and for every host.
#[derive(Debug, Default)]
struct Needed {
    live: BTreeSet<(HostName, Named)>,
    /// Hosts that may be running a job of which nobody knows the image.
    unknown: BTreeSet<HostName>,
    waiting: BTreeSet<Named>,
}

async fn needed(context: &Context, all: bool) -> Result<Needed, CommandError> {
    let mut needed = Needed::default();
    let Some(store) = Store::peek(&context.database()).await? else {
        return Ok(needed);
    };
    let fleet: Fleet = store.load(crate::domain::Epoch(0), &context.config.hosts).await?;
    for entry in fleet.jobs().filter(|entry| entry.closed.is_none()) {
        let text = match &entry.job.dataset {
            Some(dataset) => store.dataset(&dataset.sha256).await?.unwrap_or_default(),
            None => String::new(),
        };
        let Some(image) = image(&entry.job, &text, context) else {
            needed.unknown.extend(entry.live().map(|live| live.host.clone()));
            continue;
        };
        let names = runtime_names(&image);
        let source = image.source;
        let image = Named { source, names };
        match entry.live() {
            Some(live) => {
                needed.live.insert((live.host.clone(), image));
            }
            None if !all => {
                needed.waiting.insert(image);
            }
            None => {}
        }
    }
    store.close().await;
    Ok(needed)
}

/// Those that no container uses and no job needs; the runtime images first, since they lie on top of others.
fn idle(lines: Vec<Line>, needed: &Needed) -> Vec<Line> {
    let layers: BTreeMap<(HostName, String), Vec<(String, u64)>> = lines
        .iter()
        .map(|line| {
            (
                (line.host.clone(), line.image.source.clone()),
                line.image.layers.clone(),
            )
        })
        .collect();
    let serves = |line: &Line, image: &Named| {
        let source = image.source.to_string();
        let Some(base) = &line.image.runtime else {
            return line.image.source == source;
        };
        let below = layers.get(&(line.host.clone(), source));
        let below = below.map(Vec::as_slice).unwrap_or_default();
        belongs(base, &line.image.layers, image.names.iter(), below)
    };
    let is_idle = |line: &Line| {
        let mut live = needed.live.iter().filter(|(host, _)| *host == line.host);
        let is_unclear = line.image.runtime.is_some() && needed.unknown.contains(&line.host);
        line.image.used_by.is_empty()
            && !is_unclear
            && !needed.waiting.iter().any(|image| serves(line, image))
            && !live.any(|(_, image)| serves(line, image))
    };
    let mut idle: Vec<Line> = lines.into_iter().filter(is_idle).collect();
    idle.sort_by_key(|line| (line.host.clone(), line.image.runtime.is_none()));
    idle
}

/// Asks each host for all that it has.
fn listings<'c>(hosts: &[&'c HostConfig], context: &Context) -> Wishes<'c> {
    let ask = || Ask::Shelf {
        runtimes: context.config.runtimes(),
    };
    hosts.iter().map(|host| (*host, vec![ask()])).collect()
}

fn discards<'c>(idle: &[Line], hosts: &[&'c HostConfig], context: &Context) -> Wishes<'c> {
    let of = |host: &HostName| -> Vec<Ask> {
        let ours = idle.iter().filter(|line| line.host == *host);
        ours.map(|line| Ask::Discard {
            source: line.image.source.clone(),
            runtimes: context.config.runtimes(),
        })
        .collect()
    };
    hosts.iter().map(|host| (*host, of(&host.name))).collect()
}
