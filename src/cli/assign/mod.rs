//! `fleet assign`: an assignment file of what is still missing, shared out fairly.

mod file;
mod known;
mod subjects;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use super::context::Context;
use super::printer::Printer;
use super::{CommandError, Kind, exit};
use crate::assign::{self, Missing, Room, Share};
use crate::config::finding::suggestion;
use crate::domain::{HostName, ModelName, PipelineName, SetName, Span, hold};
use crate::doors::clock;
use crate::report::table::{Table, left, right};
use crate::report::words;
use crate::validate::{MOST_RUNS, POOL};
use file::{Place, Written};

/// Write an assignment file of what is missing: datasets × models × runs, less what is done or under way
///
/// A question (instance, model, run) is done if a job of any set has a result that counts, in the database or in
/// a tree of results: resolved, unresolved or succeeded. What was cancelled, excluded or is undecided is missing
/// again. Instances that share an image stay on one host, the longest are placed first, and how long each will
/// take is known from earlier ones. The same command twice writes the same file.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet assign --datasets datasets --models gpt,kimi --runs 4 --set phase9
  fleet assign --datasets new/*.jsonl --models gpt --out assignments/phase9.json --hosts eval1,eval2
  fleet assign --datasets datasets --models gpt --set phase9 --done old/results --dry-run")]
pub(super) struct Args {
    /// Dataset files, or directories of them
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    datasets: Vec<PathBuf>,
    /// The models, as fleet.toml calls them
    #[arg(long, required = true, value_delimiter = ',', value_name = "MODEL")]
    models: Vec<ModelName>,
    /// Independent tries of each instance by each model
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_RUNS)))]
    runs: u32,
    /// The set's name; without it, that of the file
    #[arg(long, required_unless_present = "out", value_name = "NAME")]
    set: Option<SetName>,
    /// The file to write; without it, assignments/NAME.json
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Only these hosts; without it, all of fleet.toml that are neither gone nor held
    #[arg(long, value_delimiter = ',', value_name = "HOST", conflicts_with = "star")]
    hosts: Vec<HostName>,
    /// Bind no job to a host: all go under `*`, for any host that is idle
    #[arg(long)]
    star: bool,
    /// What the jobs go through; without it, fleet.toml's default
    #[arg(long, value_name = "NAME")]
    pipeline: Option<PipelineName>,
    /// More trees of results that count, beside fleet.toml's own
    #[arg(long, num_args = 1.., value_name = "DIR")]
    done: Vec<PathBuf>,
    /// Replace a file that says something else
    #[arg(long)]
    force: bool,
    /// Say what would be written; write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The JSON form.
#[derive(Debug, Serialize)]
struct Report<'a> {
    version: u32,
    set: &'a SetName,
    file: String,
    written: Written,
    wanted: usize,
    results: usize,
    at_home: usize,
    under_way: usize,
    missing: usize,
    again: &'a BTreeMap<&'static str, usize>,
    hosts: Vec<Line>,
    assignment: serde_json::Value,
}

#[derive(Debug, Serialize)]
struct Line {
    host: HostName,
    jobs: usize,
    images: usize,
    expected_ms: Option<Span>,
}

pub(super) async fn run(
    args: &Args,
    context: &Context,
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    let place = Place::of(args.set.as_ref(), args.out.as_deref());
    let base = place.as_ref().map(|place| place.base.clone()).unwrap_or_default();
    let subjects = subjects::read(&args.datasets, &base, &context.config.images);
    let mut faults = unknown(args, context);
    let (place, subjects) = match (place, subjects) {
        (Ok(place), Ok(subjects)) if faults.is_empty() => (place, subjects),
        (place, subjects) => {
            faults.extend(place.err());
            faults.extend(subjects.err());
            return Err(CommandError::all(faults)
                .unwrap_or_else(|| CommandError::new(Kind::Internal, "nothing is wrong")));
        }
    };
    let past = known::read(context, &args.done, printer).await?;
    let mut models: Vec<ModelName> = Vec::new();
    for model in &args.models {
        if !models.contains(model) {
            models.push(model.clone());
        }
    }
    let mut missing = assign::missing(&subjects, &models, args.runs, &past.known, &past.estimate);
    tell(&missing, printer);
    let tasks = std::mem::take(&mut missing.tasks);
    let count = tasks.len();
    if let Some(set) = past.fleet.as_ref() {
        file::fits(set, &place.set, &tasks)?;
    }
    let rooms = rooms(args, context, &past, printer)?;
    let shares = assign::balance(tasks, &rooms);
    let text = assign::text(&shares, args.pipeline.as_ref(), args.star.then_some(POOL));
    let written = if count == 0 {
        printer.say("nothing is missing, and no file was written");
        Written::Nothing
    } else {
        file::check(&text, &place, &context.config)?;
        file::write(&text, &place, args.force, args.dry_run, printer)?
    };
    if args.json {
        let assignment = if count == 0 { "{}" } else { &text };
        printer.json(&Report {
            version: 1,
            set: &place.set,
            file: place.file.display().to_string(),
            written,
            wanted: missing.wanted,
            results: missing.results,
            at_home: missing.at_home,
            under_way: missing.under_way,
            missing: count,
            again: &missing.again,
            hosts: shares.iter().map(line).collect(),
            assignment: serde_json::from_str(assignment)
                .map_err(|error| CommandError::new(Kind::Internal, error.to_string()))?,
        })?;
    } else if count > 0 {
        printer.data(&table(&shares, printer.width()))?;
    }
    Ok(exit::OK)
}

/// Names that fleet.toml does not have, all at once.
fn unknown(args: &Args, context: &Context) -> Vec<CommandError> {
    let config = &context.config;
    let mut faults = Vec::new();
    let mut add = |what: &str, name: &str, known: Vec<&str>| {
        let message = format!("fleet.toml has no {what} `{name}`");
        faults.push(CommandError::new(Kind::Input, message).hint(suggestion(name, known)));
    };
    for name in args.models.iter().filter(|name| config.model(name).is_none()) {
        let known = config.models.iter().map(|model| model.name.as_str());
        add("model", name.as_str(), known.collect());
    }
    for name in args.hosts.iter().filter(|name| config.host(name).is_none()) {
        let known = config.hosts.iter().map(|host| host.name.as_str());
        add("host", name.as_str(), known.collect());
    }
    for name in args
        .pipeline
        .iter()
        .filter(|name| config.pipeline(name).is_none())
    {
        let known = config.pipelines.iter().map(|one| one.name.as_str());
        add("pipeline", name.as_str(), known.collect());
    }
    faults
}

/// The hosts that get a share.
fn rooms(
    args: &Args,
    context: &Context,
    past: &known::Past,
    printer: &Printer,
) -> Result<Vec<Room>, CommandError> {
    let away = |host: &HostName| {
        let fleet = past.fleet.as_ref()?;
        if let Some(word) = &fleet.host(host)?.gone {
            return Some(format!("it was declared gone ({word})"));
        }
        // What is over, or may be by the time that somebody dispatches, is no reason.
        let lasts = |hold: &&hold::Hold| {
            hold.kind != hold::Kind::Ailing && hold.until.is_none_or(|until| until > clock::now())
        };
        let hold = fleet.host_hold(host).filter(lasts)?;
        Some(format!("it is {} ({})", hold.kind.word(), hold.why))
    };
    let mut rooms = Vec::new();
    for host in &context.config.hosts {
        if args.hosts.is_empty() {
            if let Some(why) = away(&host.name) {
                printer.say(&format!("{} gets nothing: {why}", host.name));
                continue;
            }
        } else if !args.hosts.contains(&host.name) {
            continue;
        }
        rooms.push(Room {
            host: host.name.clone(),
            slots: host.slots,
        });
    }
    if rooms.is_empty() {
        return Err(
            CommandError::new(Kind::Input, "there is no host that could get a share")
                .hint("`fleet host back HOST` takes back that it is gone; `--hosts` names one all the same"),
        );
    }
    Ok(rooms)
}

fn tell(missing: &Missing, printer: &Printer) {
    let list = |parts: &[(usize, &str)]| {
        let parts = parts.iter().filter(|(n, _)| *n > 0);
        let parts: Vec<String> = parts.map(|(n, what)| format!("{n} {what}")).collect();
        parts.join(", ")
    };
    let taken = list(&[
        (missing.results, "with a result that counts"),
        (missing.at_home, "with one among collected results"),
        (missing.under_way, "under way"),
    ]);
    let again: Vec<(usize, &str)> = missing.again.iter().map(|(word, n)| (*n, *word)).collect();
    let again = list(&again);
    let mut text = format!(
        "{} wanted, {} missing",
        words::jobs(missing.wanted),
        missing.tasks.len()
    );
    if !taken.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(text, "; taken away: {taken}");
    }
    if !again.is_empty() {
        let _ = write!(text, "; missing again: {again}");
    }
    printer.say(&text);
}

fn line(share: &Share) -> Line {
    Line {
        host: share.host.clone(),
        jobs: share.tasks.len(),
        images: share.images(),
        expected_ms: share.expected(),
    }
}

fn table(shares: &[Share], most: Option<usize>) -> String {
    let mut table = Table::new(&[left("host"), right("jobs"), right("images"), right("expected")]);
    for share in shares {
        let expected = share
            .expected()
            .map_or("unknown".to_owned(), |span| span.to_string());
        table.row([
            share.host.as_str(),
            &share.tasks.len().to_string(),
            &share.images().to_string(),
            &expected,
        ]);
    }
    table.render(most)
}
