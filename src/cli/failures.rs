//! `fleet failures`: what failed, whose doing it was, and the way out.

use clap::ValueEnum;

use super::exit;
use super::printer::Printer;
use crate::config::finding::suggestion;
use crate::domain::SetName;
use crate::domain::fault::Class;
use crate::schedule::fleet::JobEntry;
use crate::service::{Problem, ProblemKind, Project, reports};
use crate::view;

/// Show what failed, by class and fault, and what to do about it
///
/// The class says what is at fault: a host, an image, the dataset, the provider … Attempts that were lost are listed,
/// too, and jobs that recovered. What a model did is a result, and is listed apart.
/// Reads the database only: it works beside a running coordinator, and without one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet failures
  fleet failures phase8 --class host
  fleet failures --json | jq -r '.failures[].run[]'")]
pub(super) struct Args {
    /// Only these sets
    #[arg(value_name = "SET")]
    sets: Vec<SetName>,
    /// Only failures of this class
    #[arg(long, value_name = "CLASS")]
    class: Option<Blame>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The classes, as they are typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Blame {
    Host,
    Image,
    Config,
    Dataset,
    Provider,
    Model,
    Harness,
    Unknown,
}

impl From<Blame> for Class {
    fn from(blame: Blame) -> Class {
        match blame {
            Blame::Host => Class::Host,
            Blame::Image => Class::Image,
            Blame::Config => Class::Config,
            Blame::Dataset => Class::Dataset,
            Blame::Provider => Class::Provider,
            Blame::Model => Class::Model,
            Blame::Harness => Class::Harness,
            Blame::Unknown => Class::Unknown,
        }
    }
}

pub(super) async fn run(
    args: &Args,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let (store, fleet) = project.read_facts().await?;
    store.close().await;
    let known: std::collections::BTreeSet<&SetName> = fleet.jobs().map(|entry| &entry.job.set).collect();
    let unknown: Vec<String> = args
        .sets
        .iter()
        .filter(|set| !known.contains(set))
        .map(|set| format!("no job is of set `{set}`"))
        .collect();
    if let Some(set) = args.sets.iter().find(|set| !known.contains(set)) {
        return Err(Problem::new(ProblemKind::Input, "some sets are not known")
            .causes(unknown)
            .hint(suggestion(set.as_str(), known.iter().map(|set| set.as_str()))));
    }
    let calibrations = reports::calibrations(&fleet, &project.config);
    let distrusted = |entry: &JobEntry| {
        let key = entry.verdict().and_then(|verdict| verdict.key);
        calibrations.distrust(key).map(str::to_owned)
    };
    let failures = view::failures(&fleet, &args.sets, args.class.map(Class::from), &distrusted);
    if args.json {
        printer.json(&failures)?;
        return Ok(exit::OK);
    }
    if failures.failures.is_empty() && failures.results.is_empty() {
        printer.say("nothing failed");
        return Ok(exit::OK);
    }
    printer.data(&view::failures_text(&failures, printer.width()))?;
    Ok(exit::OK)
}
