//! `fleet pause`, `fleet resume` and `fleet drain`: what starts nothing new for a while.

use super::exit;
use super::perform::{How, perform};
use super::printer::Printer;
use crate::domain::{HostName, Span};
use crate::doors::clock;
use crate::service::hold::{self, HoldTargets, HoldableKind, PauseRequest};
use crate::service::{Problem, Project};

/// What can be held
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Sort {
    /// A host: other hosts take the jobs that wait for it
    Host,
    /// A model, with all of its jobs
    Model,
    /// A set, with all of its jobs
    Set,
    /// An image, named by its source, with all jobs that need it
    Image,
}

/// Start no job of a host, a model, a set or an image for a while
///
/// Jobs that run go on. `fleet resume` ends it. Works beside a running coordinator, or without one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet pause host eval3 --because 'disk is being swapped'
  fleet pause model kimi --for 2h
  fleet pause set phase8")]
pub(super) struct Pause {
    /// What is held
    sort: Sort,
    /// Their names
    #[arg(required = true)]
    names: Vec<String>,
    /// The reason, as `fleet status` and `fleet explain` show it
    #[arg(long, value_name = "WHY", default_value = "paused by hand")]
    because: String,
    /// End by itself after this time
    #[arg(long = "for", value_name = "SPAN")]
    lasts: Option<Span>,
    #[command(flatten)]
    how: How,
}

/// Let hosts, models, sets or images that are held start jobs again
///
/// Held means paused, draining, quarantined, ailing or stopped; `fleet status` lists it. Evidence from before is
/// forgotten. Jobs that waited start while `fleet dispatch` runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet resume host eval3
  fleet resume model kimi --because 'new key'
  fleet resume --all")]
pub(super) struct Resume {
    /// What is held
    #[arg(required_unless_present = "all")]
    sort: Option<Sort>,
    /// Their names
    #[arg(required_unless_present = "all")]
    names: Vec<String>,
    /// Everything that is held now
    #[arg(long, conflicts_with_all = ["sort", "names"])]
    all: bool,
    /// The reason, as `fleet status` and `fleet explain` show it
    #[arg(long, value_name = "WHY", default_value = "resumed by hand")]
    because: String,
    #[command(flatten)]
    how: How,
}

/// Empty hosts: they finish the jobs that they have begun, and start no others
///
/// Other hosts take the jobs that wait for them. `--wait` returns once nothing runs there any more: the host may be switched off
/// then, after `fleet collect`. `fleet resume host NAME` ends it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet drain eval3 --because 'to be replaced' --wait")]
pub(super) struct Drain {
    /// Which hosts
    #[arg(required = true)]
    hosts: Vec<HostName>,
    /// The reason, as `fleet status` and `fleet explain` show it
    #[arg(long, value_name = "WHY", default_value = "drained by hand")]
    because: String,
    /// Return only once nothing runs there any more
    #[arg(long, conflicts_with = "dry_run")]
    wait: bool,
    #[command(flatten)]
    how: How,
}

impl From<Sort> for HoldableKind {
    fn from(sort: Sort) -> HoldableKind {
        match sort {
            Sort::Host => HoldableKind::Host,
            Sort::Model => HoldableKind::Model,
            Sort::Set => HoldableKind::Set,
            Sort::Image => HoldableKind::Image,
        }
    }
}

pub(super) async fn pause(
    args: &Pause,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let request = PauseRequest {
        targets: HoldTargets {
            kind: args.sort.into(),
            names: args.names.clone(),
        },
        why: args.because.clone(),
        until: args.lasts.map(|span| clock::now().after(span)),
    };
    let planned = hold::plan_pause(&request, project).await?;
    perform(
        args.how,
        &planned,
        "nothing to do: held already",
        project,
        printer,
    )
    .await?;
    Ok(exit::OK)
}

pub(super) async fn resume(
    args: &Resume,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let targets = args.sort.map(|sort| HoldTargets {
        kind: sort.into(),
        names: args.names.clone(),
    });
    let planned = hold::plan_resume(targets.as_ref(), &args.because, project).await?;
    perform(args.how, &planned, "nothing to do: not held", project, printer).await?;
    Ok(exit::OK)
}

pub(super) async fn drain(
    args: &Drain,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let planned = hold::plan_drain(&args.hosts, &args.because, project).await?;
    let nothing = "nothing to do: drained already";
    perform(args.how, &planned, nothing, project, printer).await?;
    if args.wait {
        hold::wait_until_idle(&args.hosts, project, printer).await?;
    }
    Ok(exit::OK)
}
