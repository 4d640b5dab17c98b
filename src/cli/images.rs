//! `fleet images`: the images on the hosts, those of instances and those that the harness builds on them: listed, fetched
//! ahead, removed.

use std::path::PathBuf;

use serde::Serialize;

use super::exit;
use super::printer::Printer;
use crate::domain::HostName;
use crate::report::table::{Table, left, prose, right};
use crate::report::words;
use crate::service::images::{self, ImagesAnswer, ListedImage, PlannedFetches};
use crate::service::{Problem, Project};

/// List the images on the hosts, fetch them ahead of their jobs, or remove them
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

#[derive(Debug, Serialize)]
struct Listing<'a> {
    version: u32,
    images: &'a [ListedImage],
}

pub(super) async fn run(
    args: &Args,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let hosts = images::hosts_to_ask(&args.hosts, project)?;
    let (answer, did) = match &args.verb {
        None | Some(Verb::List) => (images::list_images(&hosts, project).await, ""),
        Some(Verb::Prefetch { files, dry_run }) => {
            let planned = images::plan_prefetch(files, &hosts, project)?;
            if *dry_run {
                return would_fetch(&planned, printer);
            }
            (images::prefetch(planned, project).await?, "ready")
        }
        Some(Verb::Prune { all, dry_run }) => {
            let idle = images::find_idle(&hosts, *all, project).await?;
            if *dry_run || !idle.is_complete() {
                return show(args, &idle, "could be removed", printer);
            }
            (images::remove(&idle.images, &hosts, project).await, "removed")
        }
    };
    show(args, &answer, did, printer)
}

fn show(args: &Args, answer: &ImagesAnswer, did: &str, printer: &Printer) -> Result<exit::VerbExit, Problem> {
    if args.json {
        printer.json(&Listing {
            version: 1,
            images: &answer.images,
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
        for line in &answer.images {
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
        printer.say(&format!(
            "{} {did}",
            words::count(answer.images.len(), "image", "images")
        ));
    }
    answer.check_complete()?;
    Ok(exit::OK)
}

fn would_fetch(planned: &PlannedFetches<'_>, printer: &Printer) -> Result<exit::VerbExit, Problem> {
    let mut table = Table::new(&[left("host"), prose("image")]);
    for (host, images) in planned {
        for image in images {
            table.row([host.name.as_str(), image.tags.first().map_or("", String::as_str)]);
        }
    }
    printer.data(&table.render(printer.width()))?;
    Ok(exit::OK)
}
