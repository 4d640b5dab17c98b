//! Running the jobs of assignments to their end: images looked for, jobs stored, the engine at work.

use std::collections::BTreeSet;

use super::assignment::Assignment;
use super::context::Context;
use super::needs::{self, Sizes};
use super::printer::Printer;
use super::progress::Progress;
use super::{CommandError, Kind, coordinate, fit, preflight, ways};
use crate::domain::hold::{Kind as Hold, Subject};
use crate::domain::{Epoch, Event, JobId, SetName};
use crate::doors::clock;
use crate::engine::Stop;
use crate::plan::Stuck;
use crate::report::words;
use crate::schedule::Fleet;
use crate::store::{Added, Runs, Store, StoreError};

/// Looks for the images of all jobs that are new, before anything is stored; the sizes of those that there are.
pub(super) async fn look(
    assignments: &[Assignment],
    context: &Context,
    printer: &Printer,
) -> Result<Sizes, CommandError> {
    let mut objects = preflight::Objects::new();
    let known = known_jobs(context).await?;
    for assignment in assignments {
        let new = assignment.jobs.iter().filter(|job| !known.contains(&job.id));
        let more = preflight::objects(assignment, new.map(AsRef::as_ref), &context.config)?;
        for (object, instances) in more {
            objects.entry(object).or_default().extend(instances);
        }
    }
    let found = preflight::look(context, &objects).await?;
    if !found.is_empty() {
        let bytes = found.values().map(|facts| facts.size).sum();
        printer.say(&format!(
            "{} in the store, {}",
            words::count(found.len(), "image is", "images are"),
            words::bytes(bytes)
        ));
    }
    Ok(found
        .into_iter()
        .map(|(object, facts)| (object, facts.size))
        .collect())
}

/// Checks the images, then stores and runs these jobs.
pub(super) async fn execute(
    assignments: &[Assignment],
    context: &Context,
    printer: &Printer,
    background: bool,
) -> Result<(Fleet, Stop), CommandError> {
    let sizes = look(assignments, context, printer).await?;
    let how = How {
        background,
        pinned: false,
    };
    drive(assignments, sizes, context, printer, how).await
}

/// How jobs are driven.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    /// Somebody waits to hear that this process coordinates.
    pub(super) background: bool,
    /// The hosts of the assignment are an order.
    pub(super) pinned: bool,
}

/// Stores and runs these jobs.
pub(super) async fn drive(
    assignments: &[Assignment],
    mut sizes: Sizes,
    context: &Context,
    printer: &Printer,
    how: How,
) -> Result<(Fleet, Stop), CommandError> {
    let mut coordinator = context.coordinate().await.map_err(|error| match error.kind() {
        Kind::Refused => beside(context, assignments, error),
        _ => error,
    })?;
    for assignment in assignments {
        // Secrets are looked for before anything is stored, so that a missing one leaves no trace.
        let mut trial = Fleet::new(coordinator.fleet.epoch(), &context.config.hosts);
        trial.enable(&assignment.set.name);
        let now = clock::now();
        for job in assignment
            .jobs
            .iter()
            .filter(|job| coordinator.fleet.job(job.id).is_none())
        {
            trial
                .fold(now, &Event::JobAdded(job.clone()))
                .map_err(|error| CommandError::new(Kind::Internal, error.to_string()))?;
        }
        coordinate::secrets(&trial, &context.config)?;
    }
    fit::check(
        assignments,
        &coordinator.fleet,
        &coordinator.store,
        &context.config,
    )
    .await?;
    for assignment in assignments {
        let now = clock::now();
        let added = coordinator
            .store
            .add_set(now, &assignment.set, &assignment.jobs)
            .await?;
        for job in &added.new {
            coordinator
                .fleet
                .fold(now, &Event::JobAdded(job.clone()))
                .map_err(|error| CommandError::new(Kind::Internal, error.to_string()))?;
        }
        needs::learn(&mut coordinator.fleet, assignment, &mut sizes, context).await;
        coordinator.fleet.enable(&assignment.set.name);
        say_added(printer, &assignment.set.name, &added, assignment.jobs.len());
    }
    let secrets = coordinate::secrets(&coordinator.fleet, &context.config)?;
    let mut policy = context.policy();
    policy.pinned |= how.pinned;
    coordinator.announce(Runs {
        sets: assignments.iter().map(|one| one.set.name.clone()).collect(),
        files: assignments.iter().map(|one| one.set.file.clone()).collect(),
        pinned: policy.pinned,
    })?;
    if how.background {
        // The process that was typed waits for this line.
        printer.data("coordinating in the background\n")?;
    }
    let mut progress = Progress::new(printer, policy.clone());
    let (fleet, stop) = coordinate::run(
        context,
        coordinator,
        policy,
        secrets,
        &mut |fleet, now, events| {
            progress.show(fleet, now, events);
        },
    )
    .await?;
    progress.finish(&fleet);
    Ok((fleet, stop))
}

/// How these sets come to run although another coordinator is at work: one coordinator runs all of them.
fn beside(context: &Context, assignments: &[Assignment], error: CommandError) -> CommandError {
    let Some(holder) = context.coordinator() else {
        return error;
    };
    let Some(runs) = &holder.runs else { return error };
    let new: Vec<&Assignment> = assignments
        .iter()
        .filter(|one| !runs.sets.contains(&one.set.name))
        .collect();
    let pinned = if runs.pinned { "--pinned " } else { "" };
    if new.is_empty() {
        return error.hint("it runs this set already; `fleet status --watch` shows it");
    }
    let files: Vec<&str> = runs
        .files
        .iter()
        .map(String::as_str)
        .chain(new.iter().map(|one| one.set.file.as_str()))
        .collect();
    error.hint(format!(
        "to add {}: end that coordinator with Ctrl-C, or `kill {}` (its jobs go on), then run `fleet dispatch {pinned}{}`",
        if new.len() == 1 { "this set" } else { "these sets" },
        holder.pid,
        files.join(" ")
    ))
}

/// The jobs that need no look at their images any more.
async fn known_jobs(context: &Context) -> Result<BTreeSet<JobId>, CommandError> {
    let store = match Store::peek(&context.database()).await {
        Ok(Some(store)) => store,
        Ok(None) => return Ok(BTreeSet::new()),
        // Dispatching is what brings an older one up to date.
        Err(StoreError::Older { .. }) => Store::open(&context.database()).await?,
        Err(error) => return Err(error.into()),
    };
    let fleet = store.load(Epoch(0), &context.config.hosts).await?;
    store.close().await;
    Ok(fleet.jobs().map(|entry| entry.job.id).collect())
}

fn say_added(printer: &Printer, set: &SetName, added: &Added, asked: usize) {
    let Added {
        new,
        known,
        differing,
        ..
    } = added;
    printer.say(&match (new.len(), *known) {
        (new, 0) => format!("{set}: {} added", words::jobs(new)),
        (0, known) => format!("{set}: nothing new; {} known already", words::jobs(known)),
        (new, known) => format!("{set}: {} added, {known} known already", words::jobs(new)),
    });
    if !differing.is_empty() {
        let ids: Vec<String> = differing.iter().take(5).map(ToString::to_string).collect();
        printer.say(&format!(
            "{set}: the file has changed for {} (host, pipeline, data or variables): {}{}; they stay as they were first dispatched. To run them with the changes, give the file another name",
            words::count(differing.len(), "known job", "known jobs"),
            ids.join(", "),
            if differing.len() > 5 { ", …" } else { "" }
        ));
    }
    debug_assert_eq!(new.len() + known, asked);
}

/// What is left, and how to go on, unless all jobs are closed.
pub(super) fn unless_done(
    fleet: &Fleet,
    sets: &[SetName],
    stop: &Stop,
    again: &str,
) -> Result<(), CommandError> {
    let mine = || fleet.jobs().filter(|entry| sets.contains(&entry.job.set));
    match stop {
        Stop::Done => Ok(()),
        Stop::Interrupted => {
            let running = mine().filter(|entry| entry.live().is_some()).count();
            let waiting = mine().filter(|entry| entry.is_waiting()).count();
            Err(CommandError::new(Kind::Interrupted, format!("interrupted: {} on the hosts, {waiting} waiting here", words::count(running, "job continues", "jobs continue")))
                .hint(format!("come back with `{again}`; look with `fleet status`; stop jobs with `fleet cancel`")))
        }
        Stop::Stuck(stuck) => {
            let left = mine().filter(|entry| entry.closed.is_none()).count();
            let what = format!("{} left, and waiting would not help", words::count(left, "job is", "jobs are"));
            let error = CommandError::new(Kind::Incomplete, what).causes(stuck.iter().map(told));
            let ways: BTreeSet<String> = stuck.iter().map(way_out).collect();
            let error = ways.into_iter().fold(error, CommandError::hint);
            Err(error.hint(format!("then `{again}` goes on; `fleet failures` says more")))
        }
        Stop::Fenced(host, epoch) => Err(CommandError::new(
            Kind::Refused,
            format!("{host} obeys another coordinator (epoch {epoch}; this one has {})", fleet.epoch()),
        )
        .hint("jobs go on. If that coordinator is at work, stop one of the two; if it is gone (a lost database, another directory), `fleet adopt` learns what it knew and takes the hosts over")),
    }
}

/// What would let these jobs go on.
fn way_out(stuck: &Stuck) -> String {
    let subject = &stuck.subject;
    match (subject, stuck.hold) {
        (Subject::Model(model), Some(Hold::Refused)) => {
            format!("correct the key, the quota or the name of {model}, then `fleet resume model {model}`")
        }
        (Subject::Image(source), Some(Hold::Refused)) => {
            format!("upload the image again, then `fleet resume image {source}`; `fleet retry --class image` opens the jobs again that failed because of it")
        }
        (_, Some(Hold::Paused | Hold::Draining)) => format!("`fleet resume {subject}` lets it go on"),
        (Subject::Memory(host), _) => ways::unheard(host.as_str()),
        (Subject::Host(_), _) => "`fleet doctor` says how to mend hosts. If one will never come back, `fleet host gone NAME --because WHY` frees its jobs".to_owned(),
        (_, _) => format!("`fleet resume {subject}` lets it go on once it is mended"),
    }
}

fn told(stuck: &Stuck) -> String {
    let mut jobs = Vec::new();
    if stuck.running > 0 {
        jobs.push(format!("may be running {}", words::jobs(stuck.running)));
    }
    if stuck.waiting > 0 {
        jobs.push(format!(
            "{} for it",
            words::count(stuck.waiting, "job waits", "jobs wait")
        ));
    }
    let jobs = if jobs.is_empty() {
        String::new()
    } else {
        format!(" ({})", jobs.join(", "))
    };
    format!("{}{jobs}: {}", stuck.subject, stuck.why)
}
