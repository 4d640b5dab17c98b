//! `fleet pause`, `fleet resume` and `fleet drain`: what starts nothing new for a while.

use std::time::Duration;

use super::exit;
use super::perform::{How, perform};
use super::printer::Printer;
use crate::domain::hold::{Kind, Subject};
use crate::domain::{Fleet, HostName, Span};
use crate::doors::clock;
use crate::report::words;
use crate::service::commands::PlannedCommand;
use crate::service::{Problem, ProblemKind, Project};
use crate::store::Wish;

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

pub(super) async fn pause(args: &Pause, project: &Project, printer: &Printer) -> Result<u8, Problem> {
    let fleet = known(project).await?;
    let subjects = subjects(args.sort, &args.names, &fleet, project)?;
    let until = args.lasts.map(|span| clock::now().after(span));
    let planned = subjects
        .into_iter()
        .map(|subject| hold(subject, Kind::Paused, &args.because, until));
    // Said twice, it holds once; but a new end is a new hold.
    let planned: Vec<PlannedCommand> = planned.filter(|planned| is_news(&fleet, &planned.wish)).collect();
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

pub(super) async fn resume(args: &Resume, project: &Project, printer: &Printer) -> Result<u8, Problem> {
    let fleet = known(project).await?;
    let held = fleet.stands().filter(|(_, stand)| stand.hold.is_some());
    let subjects = match args.sort {
        Some(sort) => subjects(sort, &args.names, &fleet, project)?,
        None => held.map(|(subject, _)| subject.clone()).collect(),
    };
    let held = subjects
        .into_iter()
        .filter(|subject| fleet.hold(subject).is_some_and(|hold| hold.kind != Kind::Unheard));
    let planned: Vec<PlannedCommand> = held
        .map(|subject| PlannedCommand {
            what: format!("{subject} may go on"),
            wish: Wish::Release {
                subject,
                why: args.because.clone(),
            },
        })
        .collect();
    perform(args.how, &planned, "nothing to do: not held", project, printer).await?;
    Ok(exit::OK)
}

pub(super) async fn drain(args: &Drain, project: &Project, printer: &Printer) -> Result<u8, Problem> {
    let fleet = known(project).await?;
    let names: Vec<String> = args.hosts.iter().map(ToString::to_string).collect();
    let subjects = subjects(Sort::Host, &names, &fleet, project)?;
    let planned = subjects
        .into_iter()
        .map(|subject| hold(subject, Kind::Draining, &args.because, None));
    let planned: Vec<PlannedCommand> = planned.filter(|planned| is_news(&fleet, &planned.wish)).collect();
    perform(
        args.how,
        &planned,
        "nothing to do: drained already",
        project,
        printer,
    )
    .await?;
    if args.wait {
        empty(&args.hosts, project, printer).await?;
    }
    Ok(exit::OK)
}

/// Waits until nothing runs on these hosts.
async fn empty(hosts: &[HostName], project: &Project, printer: &Printer) -> Result<(), Problem> {
    let mut told = None;
    loop {
        let fleet = known(project).await?;
        let running: usize = hosts
            .iter()
            .filter_map(|name| fleet.host(name))
            .map(|host| host.live.len())
            .sum();
        if running == 0 {
            printer.say("nothing runs there any more");
            return Ok(());
        }
        if project.running_coordinator().is_none() {
            return Err(Problem::new(
                ProblemKind::Incomplete,
                format!(
                    "{} may still be running there, and no coordinator is at work",
                    words::jobs(running)
                ),
            )
            .hint("`fleet dispatch` of the same assignment hears how they end; then run this again"));
        }
        if told.replace(running) != Some(running) {
            printer.say(&format!(
                "{} there still",
                words::count(running, "job runs", "jobs run")
            ));
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// What is known; nothing yet is an empty fleet.
async fn known(project: &Project) -> Result<Fleet, Problem> {
    let (store, fleet) = project.read_facts().await?;
    store.close().await;
    Ok(fleet)
}

fn hold(subject: Subject, kind: Kind, why: &str, until: Option<crate::domain::Timestamp>) -> PlannedCommand {
    let ends = until.map(|until| format!(" until {until}")).unwrap_or_default();
    PlannedCommand {
        what: format!("{subject} {}{ends}", kind.word()),
        wish: Wish::Hold {
            subject,
            kind,
            why: why.to_owned(),
            until,
        },
    }
}

fn is_news(fleet: &Fleet, wish: &Wish) -> bool {
    match wish {
        Wish::Hold {
            subject, kind, until, ..
        } => {
            let known = fleet.hold(subject);
            known.is_none_or(|hold| hold.kind != *kind || until.is_some())
        }
        _ => true,
    }
}

/// These things, each of which must be known.
fn subjects(sort: Sort, names: &[String], fleet: &Fleet, project: &Project) -> Result<Vec<Subject>, Problem> {
    let (word, known): (&str, Vec<String>) = match sort {
        Sort::Host => ("host", fleet.hosts().map(|(name, _)| name.to_string()).collect()),
        Sort::Model => {
            let asked = fleet.jobs().map(|entry| entry.job.model.to_string());
            let told = project.config.models.iter().map(|model| model.name.to_string());
            ("model", asked.chain(told).collect())
        }
        Sort::Set => (
            "set",
            fleet.jobs().map(|entry| entry.job.set.to_string()).collect(),
        ),
        Sort::Image => ("image", names.to_vec()),
    };
    let unknown: Vec<String> = names
        .iter()
        .filter(|name| !known.contains(name))
        .map(|name| format!("no {word} is called `{}`", name.escape_debug()))
        .collect();
    if !unknown.is_empty() {
        return Err(
            Problem::new(ProblemKind::Input, format!("some {word}s are not known"))
                .causes(unknown)
                .hint("`fleet status` lists hosts and sets; models are in fleet.toml"),
        );
    }
    let subject = |name: &String| format!("{word} {name}").parse::<Subject>();
    let subjects: Result<Vec<Subject>, String> = names.iter().map(subject).collect();
    subjects.map_err(|what| Problem::new(ProblemKind::Input, what))
}
