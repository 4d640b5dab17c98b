//! `fleet pause`, `fleet resume` and `fleet drain`: what starts nothing new for a while.

use std::time::Duration;

use super::context::Context;
use super::printer::Printer;
use super::tell::{self, Deed, How};
use super::{CommandError, Kind as Fault, exit};
use crate::domain::hold::{Kind, Subject};
use crate::domain::{Fleet, HostName, Span};
use crate::doors::clock;
use crate::report::words;
use crate::store::Command;

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

pub(super) async fn pause(
    args: &Pause,
    context: &Context,
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    let fleet = known(context).await?;
    let subjects = subjects(args.sort, &args.names, &fleet, context)?;
    let until = args.lasts.map(|span| clock::now().after(span));
    let deeds = subjects
        .into_iter()
        .map(|subject| hold(subject, Kind::Paused, &args.because, until));
    // Said twice, it holds once; but a new end is a new hold.
    let deeds: Vec<Deed> = deeds.filter(|deed| is_news(&fleet, &deed.wish)).collect();
    tell::perform(args.how, &deeds, "nothing to do: held already", context, printer).await?;
    Ok(exit::OK)
}

pub(super) async fn resume(
    args: &Resume,
    context: &Context,
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    let fleet = known(context).await?;
    let held = fleet.stands().filter(|(_, stand)| stand.hold.is_some());
    let subjects = match args.sort {
        Some(sort) => subjects(sort, &args.names, &fleet, context)?,
        None => held.map(|(subject, _)| subject.clone()).collect(),
    };
    let held = subjects
        .into_iter()
        .filter(|subject| fleet.hold(subject).is_some_and(|hold| hold.kind != Kind::Unheard));
    let deeds: Vec<Deed> = held
        .map(|subject| Deed {
            what: format!("{subject} may go on"),
            wish: Command::Release {
                subject,
                why: args.because.clone(),
            },
        })
        .collect();
    tell::perform(args.how, &deeds, "nothing to do: not held", context, printer).await?;
    Ok(exit::OK)
}

pub(super) async fn drain(
    args: &Drain,
    context: &Context,
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    let fleet = known(context).await?;
    let names: Vec<String> = args.hosts.iter().map(ToString::to_string).collect();
    let subjects = subjects(Sort::Host, &names, &fleet, context)?;
    let deeds = subjects
        .into_iter()
        .map(|subject| hold(subject, Kind::Draining, &args.because, None));
    let deeds: Vec<Deed> = deeds.filter(|deed| is_news(&fleet, &deed.wish)).collect();
    tell::perform(
        args.how,
        &deeds,
        "nothing to do: drained already",
        context,
        printer,
    )
    .await?;
    if args.wait {
        empty(&args.hosts, context, printer).await?;
    }
    Ok(exit::OK)
}

/// Waits until nothing runs on these hosts.
async fn empty(hosts: &[HostName], context: &Context, printer: &Printer) -> Result<(), CommandError> {
    let mut told = None;
    loop {
        let fleet = known(context).await?;
        let running: usize = hosts
            .iter()
            .filter_map(|name| fleet.host(name))
            .map(|host| host.live.len())
            .sum();
        if running == 0 {
            printer.say("nothing runs there any more");
            return Ok(());
        }
        if context.coordinator().is_none() {
            return Err(CommandError::new(
                Fault::Incomplete,
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
async fn known(context: &Context) -> Result<Fleet, CommandError> {
    let (store, fleet) = context.peek().await?;
    store.close().await;
    Ok(fleet)
}

fn hold(subject: Subject, kind: Kind, why: &str, until: Option<crate::domain::Timestamp>) -> Deed {
    let ends = until.map(|until| format!(" until {until}")).unwrap_or_default();
    Deed {
        what: format!("{subject} {}{ends}", kind.word()),
        wish: Command::Hold {
            subject,
            kind,
            why: why.to_owned(),
            until,
        },
    }
}

fn is_news(fleet: &Fleet, wish: &Command) -> bool {
    match wish {
        Command::Hold {
            subject, kind, until, ..
        } => {
            let known = fleet.hold(subject);
            known.is_none_or(|hold| hold.kind != *kind || until.is_some())
        }
        _ => true,
    }
}

/// These things, each of which must be known.
fn subjects(
    sort: Sort,
    names: &[String],
    fleet: &Fleet,
    context: &Context,
) -> Result<Vec<Subject>, CommandError> {
    let (word, known): (&str, Vec<String>) = match sort {
        Sort::Host => ("host", fleet.hosts().map(|(name, _)| name.to_string()).collect()),
        Sort::Model => {
            let asked = fleet.jobs().map(|entry| entry.job.model.to_string());
            let told = context.config.models.iter().map(|model| model.name.to_string());
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
            CommandError::new(Fault::Input, format!("some {word}s are not known"))
                .causes(unknown)
                .hint("`fleet status` lists hosts and sets; models are in fleet.toml"),
        );
    }
    let subject = |name: &String| format!("{word} {name}").parse::<Subject>();
    let subjects: Result<Vec<Subject>, String> = names.iter().map(subject).collect();
    subjects.map_err(|what| CommandError::new(Fault::Input, what))
}
