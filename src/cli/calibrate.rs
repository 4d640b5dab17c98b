//! `fleet calibrate`: weigh the instances themselves, with their own solution and with none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::assignment::{self, Assignment};
use super::context::Context;
use super::printer::Printer;
use super::{CommandError, Kind, drive, exit, results};
use crate::config::{Config, Pipeline};
use crate::domain::fleet::JobEntry;
use crate::domain::{Epoch, Fleet, InstanceId, Job, JobId, ModelName, SetName, Sha256};
use crate::report::calibration::{Weight, judge};
use crate::report::table::{Table, left, prose};
use crate::report::words;
use crate::store::{NewSet, Store};

/// Run each instance with its own solution (`gold`) and with none (`noop`), to see which can be trusted
///
/// Without a solution, every `FAIL_TO_PASS` test must fail and every `PASS_TO_PASS` test pass; with it, all must
/// pass. Verdicts on instances that fail this are marked undecided. What is known of an image is not asked
/// again. The jobs belong to the set `calibration`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet calibrate assignments/phase8.json
  fleet calibrate --json assignments/phase8.json")]
pub(super) struct Args {
    /// Assignment files whose instances are run
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Run instances again that are known already
    #[arg(long)]
    again: bool,
    /// Say what would be run; run nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The set of these jobs.
const SET: &str = "calibration";

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    instances: &'a [Line],
}

/// What is known of one instance.
#[derive(Debug, Serialize)]
struct Line {
    instance: InstanceId,
    gold: &'static str,
    noop: &'static str,
    trusted: Option<bool>,
    why: Option<String>,
}

pub(super) async fn run(
    args: &Args,
    context: &Context,
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    let weights = models(&context.config)?;
    let mut asked: BTreeMap<InstanceId, Arc<Job>> = BTreeMap::new();
    let mut datasets = BTreeMap::new();
    for file in &args.files {
        let assignment = assignment::read(file, &context.config)?;
        for job in assignment.jobs {
            let native = context
                .config
                .pipeline(&job.pipeline)
                .is_some_and(Pipeline::is_native);
            if native {
                asked.entry(job.instance.clone()).or_insert(job);
            }
        }
        datasets.extend(assignment.set.datasets.into_iter().map(|one| (one.sha256, one)));
    }
    if asked.is_empty() {
        return Err(
            CommandError::new(Kind::Input, "no job of these assignments has an instance to run")
                .hint("name an assignment whose jobs go through a pipeline with `does`"),
        );
    }
    let before = known(context).await?;
    let set: SetName = SET
        .parse()
        .map_err(|_| CommandError::new(Kind::Internal, "no set"))?;
    let jobs: Vec<Arc<Job>> = asked
        .values()
        .flat_map(|job| weights.iter().map(move |(model, weight)| (job, model, *weight)))
        .filter_map(|(job, model, weight)| {
            next(job, model, weight, &set, before.as_ref(), args.again, context)
        })
        .collect();
    if args.dry_run {
        printer.say(&format!("{} would be run", words::jobs(jobs.len())));
        return Ok(exit::OK);
    }
    let used: BTreeSet<Sha256> = jobs
        .iter()
        .flat_map(|job| &job.dataset)
        .map(|one| one.sha256)
        .collect();
    datasets.retain(|sha256, _| used.contains(sha256));
    let names: Vec<String> = jobs.iter().map(|job| job.id.to_string()).collect();
    let assignment = Assignment {
        set: NewSet {
            name: set.clone(),
            file: args
                .files
                .iter()
                .map(|file| file.display().to_string())
                .collect::<Vec<_>>()
                .join(" "),
            sha256: Sha256::of(names.join("\n").as_bytes()),
            datasets: datasets.into_values().collect(),
        },
        jobs,
    };
    let fleet = if assignment.jobs.is_empty() && before.as_ref().is_some_and(|fleet| is_closed(fleet, &set)) {
        before.unwrap_or_default()
    } else {
        let (fleet, stop) = Box::pin(drive::execute(&[assignment], context, printer, false)).await?;
        drive::unless_done(&fleet, std::slice::from_ref(&set), &stop, "fleet calibrate")?;
        fleet
    };
    show(args, &lines(&asked, &fleet, &context.config), printer)
}

/// Models that stand for the two weights.
fn models(config: &Config) -> Result<Vec<(ModelName, Weight)>, CommandError> {
    let mut found = Vec::new();
    for agent in ["gold", "noop"] {
        let model = config
            .models
            .iter()
            .find(|model| model.agent.as_deref() == Some(agent));
        let (Some(model), Some(weight)) = (model, Weight::of(agent)) else {
            let what = format!("no model of fleet.toml has agent `{agent}`");
            return Err(CommandError::new(Kind::Input, what)
                .hint(format!("add [[model]] name = \"{agent}\" agent = \"{agent}\"")));
        };
        found.push((model.name.clone(), weight));
    }
    Ok(found)
}

async fn known(context: &Context) -> Result<Option<Fleet>, CommandError> {
    let Some(store) = Store::peek(&context.database()).await? else {
        return Ok(None);
    };
    let fleet = store.load(Epoch(0), &context.config.hosts).await?;
    store.close().await;
    Ok(Some(fleet))
}

fn is_closed(fleet: &Fleet, set: &SetName) -> bool {
    fleet
        .jobs()
        .filter(|entry| entry.job.set == *set)
        .all(|entry| entry.closed.is_some())
}

/// The job that weighs this instance next; none if what it would say is known.
fn next(
    job: &Job,
    model: &ModelName,
    weight: Weight,
    set: &SetName,
    before: Option<&Fleet>,
    again: bool,
    context: &Context,
) -> Option<Arc<Job>> {
    let data = |entry: &JobEntry| entry.job.dataset.as_ref().map(|one| one.sha256);
    let same = |entry: &&JobEntry| data(entry) == job.dataset.as_ref().map(|one| one.sha256);
    let entries: Vec<&JobEntry> = before
        .iter()
        .flat_map(|fleet| fleet.jobs())
        .filter(same)
        .collect();
    let weighed = |entry: &&&JobEntry| results::weight(&entry.job, &context.config) == Some(weight);
    let done: BTreeSet<Sha256> = entries
        .iter()
        .filter(weighed)
        .filter_map(|entry| entry.verdict())
        .filter(|verdict| judge(weight, verdict).is_some())
        .filter_map(|verdict| verdict.key)
        .collect();
    // Results of another image than the one that was weighed.
    let other = entries
        .iter()
        .filter_map(|entry| entry.verdict()?.key)
        .any(|key| !done.contains(&key));
    if !again && !done.is_empty() && !other {
        return None;
    }
    let ours: Vec<&JobEntry> = before
        .iter()
        .flat_map(|fleet| fleet.jobs())
        .filter(|entry| {
            entry.job.set == *set && entry.job.instance == job.instance && entry.job.model == *model
        })
        .collect();
    // One that is under way is waited for; otherwise the next run.
    let open = ours.iter().find(|entry| entry.closed.is_none());
    let run = match open {
        Some(entry) => entry.job.run,
        None => ours.iter().map(|entry| entry.job.run).max().unwrap_or(0) + 1,
    };
    Some(Arc::new(Job {
        id: JobId::derive(set, &job.instance, model, run),
        set: set.clone(),
        model: model.clone(),
        run,
        trajectory: None,
        env: Vec::new(),
        ..job.clone()
    }))
}

fn lines(asked: &BTreeMap<InstanceId, Arc<Job>>, fleet: &Fleet, config: &Config) -> Vec<Line> {
    asked
        .iter()
        .map(|(instance, job)| {
            let mut line = Line {
                instance: instance.clone(),
                gold: "-",
                noop: "-",
                trusted: None,
                why: None,
            };
            let same = |entry: &&JobEntry| {
                entry.job.dataset.as_ref().map(|one| one.sha256) == job.dataset.as_ref().map(|one| one.sha256)
            };
            for entry in fleet.jobs().filter(same) {
                weigh(&mut line, entry, config);
            }
            if line.why.is_none() && line.gold == "yes" && line.noop == "yes" {
                line.trusted = Some(true);
            }
            line
        })
        .collect()
}

fn weigh(line: &mut Line, entry: &JobEntry, config: &Config) {
    let (Some(weight), Some(verdict)) = (results::weight(&entry.job, config), entry.verdict()) else {
        return;
    };
    let Some(found) = judge(weight, verdict) else {
        return;
    };
    let slot = match weight {
        Weight::Gold => &mut line.gold,
        Weight::Noop => &mut line.noop,
    };
    match found {
        Ok(()) if *slot == "-" => *slot = "yes",
        Ok(()) => {}
        Err(why) => {
            *slot = "no";
            line.trusted = Some(false);
            line.why = Some(why);
        }
    }
}

fn show(args: &Args, lines: &[Line], printer: &Printer) -> Result<exit::VerbExit, CommandError> {
    if args.json {
        printer.json(&Report {
            version: 1,
            instances: lines,
        })?;
    } else {
        let mut table = Table::new(&[
            left("instance"),
            left("gold resolves"),
            left("noop does not"),
            prose("why not trusted"),
        ]);
        for line in lines {
            let why = line.why.as_deref().unwrap_or_default();
            table.row([line.instance.as_str(), line.gold, line.noop, why]);
        }
        printer.data(&table.render(printer.width()))?;
    }
    let count = |trusted| lines.iter().filter(|line| line.trusted == trusted).count();
    let (good, bad, open) = (count(Some(true)), count(Some(false)), count(None));
    printer.say(&format!(
        "{} trusted, {bad} not, {open} unknown",
        words::count(good, "instance is", "instances are")
    ));
    Ok(if bad + open == 0 { exit::OK } else { exit::FAILED })
}
