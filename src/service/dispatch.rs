//! Running the jobs of assignments to their end: images looked for, jobs stored, the engine at work.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::assignment::{self, Assignment};
use super::image_sizes::{self, ObjectSizes};
use super::{DispatchEnd, NoteSink, Problem, ProblemKind, ProgressSink, Project};
use super::{image_check, run_engine, start_check};
use crate::domain::{Epoch, Event, JobId, SetName, Timestamp};
use crate::doors::clock;
use crate::report::words;
use crate::schedule::Fleet;
use crate::store::{Added, Runs, Store, StoreError};

/// Assignments that may be run: they are without fault, and the images of all new jobs are there.
pub struct PreparedDispatch {
    /// In the order in which they were asked for.
    pub assignments: Vec<Assignment>,
    sizes: ObjectSizes,
}

impl PreparedDispatch {
    /// Reads assignment files, and looks for their images. Nothing is stored. All faults at once.
    pub async fn read(
        files: &[PathBuf],
        project: &Project,
        notes: &dyn NoteSink,
    ) -> Result<PreparedDispatch, Problem> {
        let assignments = assignment::read_assignments(files, &project.config)?;
        PreparedDispatch::check(assignments, project, notes).await
    }

    /// Looks for the images of all jobs that are new.
    pub async fn check(
        assignments: Vec<Assignment>,
        project: &Project,
        notes: &dyn NoteSink,
    ) -> Result<PreparedDispatch, Problem> {
        let sizes = find_images(&assignments, project, notes).await?;
        Ok(PreparedDispatch { assignments, sizes })
    }

    /// How many jobs are asked for, known ones included.
    pub fn job_count(&self) -> usize {
        self.assignments.iter().map(|one| one.jobs.len()).sum()
    }
}

/// Stores these jobs, and runs them until all are closed, waiting would not help, or `interrupted` is ready. Jobs go on
/// on their hosts then. With `pinned`, jobs run on the hosts that their file gives them, and nowhere else.
pub async fn run_dispatch(
    prepared: PreparedDispatch,
    pinned: bool,
    project: &Project,
    notes: &dyn NoteSink,
    progress: &mut dyn ProgressSink,
    interrupted: impl Future<Output = ()>,
) -> Result<DispatchEnd, Problem> {
    let PreparedDispatch {
        assignments,
        mut sizes,
    } = prepared;
    let assignments = assignments.as_slice();
    let mut coordinator = project.coordinate().await.map_err(|problem| match problem.kind {
        ProblemKind::Refused => hint_how_to_add(project, assignments, problem),
        _ => problem,
    })?;
    for assignment in assignments {
        // Secrets are looked for before anything is stored, so that a missing one leaves no trace.
        let mut trial = Fleet::new(coordinator.fleet.epoch(), &project.config.hosts);
        trial.enable(&assignment.set.name);
        let now = clock::now();
        for job in assignment
            .jobs
            .iter()
            .filter(|job| coordinator.fleet.job(job.id).is_none())
        {
            trial
                .fold(now, &Event::JobAdded(job.clone()))
                .map_err(|error| Problem::new(ProblemKind::Internal, error.to_string()))?;
        }
        run_engine::find_secrets(&trial, &project.config)?;
    }
    start_check::check_steps(
        assignments,
        &coordinator.fleet,
        &coordinator.store,
        &project.config,
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
                .map_err(|error| Problem::new(ProblemKind::Internal, error.to_string()))?;
        }
        image_sizes::learn_needs(&mut coordinator.fleet, assignment, &mut sizes, project).await;
        coordinator.fleet.enable(&assignment.set.name);
        note_added(notes, &assignment.set.name, &added, assignment.jobs.len());
    }
    let secrets = run_engine::find_secrets(&coordinator.fleet, &project.config)?;
    let mut policy = project.policy();
    policy.pinned |= pinned;
    let sets: Vec<SetName> = assignments.iter().map(|one| one.set.name.clone()).collect();
    coordinator.announce(Runs {
        sets: sets.clone(),
        files: assignments.iter().map(|one| one.set.file.clone()).collect(),
        pinned: policy.pinned,
    })?;
    progress.started(&policy)?;
    let mut observer =
        |fleet: &Fleet, now: Timestamp, events: &[Event]| progress.advanced(fleet, now, events);
    let run = run_engine::run_sets(project, coordinator, policy, secrets, &mut observer, interrupted);
    let (fleet, stop) = Box::pin(run).await?;
    progress.ended(&fleet);
    Ok(DispatchEnd { fleet, stop, sets })
}

/// Looks for the images of all jobs that are new, before anything is stored; the sizes of those that there are.
async fn find_images(
    assignments: &[Assignment],
    project: &Project,
    notes: &dyn NoteSink,
) -> Result<ObjectSizes, Problem> {
    let mut objects = image_check::NeededObjects::new();
    let known = known_jobs(project).await?;
    for assignment in assignments {
        let new = assignment.jobs.iter().filter(|job| !known.contains(&job.id));
        let more = image_check::needed_objects(assignment, new.map(AsRef::as_ref), &project.config)?;
        for (object, instances) in more {
            objects.entry(object).or_default().extend(instances);
        }
    }
    let found = image_check::check_objects(project, &objects).await?;
    if !found.is_empty() {
        let bytes = found.values().map(|facts| facts.size).sum();
        notes.note(&format!(
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

/// How these sets come to run although another coordinator is at work: one coordinator runs all of them.
fn hint_how_to_add(project: &Project, assignments: &[Assignment], problem: Problem) -> Problem {
    let Some(holder) = project.running_coordinator() else {
        return problem;
    };
    let Some(runs) = &holder.runs else { return problem };
    let new: Vec<&Assignment> = assignments
        .iter()
        .filter(|one| !runs.sets.contains(&one.set.name))
        .collect();
    let pinned = if runs.pinned { "--pinned " } else { "" };
    if new.is_empty() {
        return problem.hint("it runs this set already; `fleet status --watch` shows it");
    }
    let files: Vec<&str> = runs
        .files
        .iter()
        .map(String::as_str)
        .chain(new.iter().map(|one| one.set.file.as_str()))
        .collect();
    problem.hint(format!(
        "to add {}: end that coordinator with Ctrl-C, or `kill {}` (its jobs go on), then run `fleet dispatch {pinned}{}`",
        if new.len() == 1 { "this set" } else { "these sets" },
        holder.pid,
        files.join(" ")
    ))
}

/// The jobs that need no look at their images any more.
async fn known_jobs(project: &Project) -> Result<BTreeSet<JobId>, Problem> {
    let store = match Store::peek(&project.database_path()).await {
        Ok(Some(store)) => store,
        Ok(None) => return Ok(BTreeSet::new()),
        // Dispatching is what brings an older one up to date.
        Err(StoreError::Older { .. }) => Store::open(&project.database_path()).await?,
        Err(error) => return Err(error.into()),
    };
    let fleet = store.load(Epoch(0), &project.config.hosts).await?;
    store.close().await;
    Ok(fleet.jobs().map(|entry| entry.job.id).collect())
}

fn note_added(notes: &dyn NoteSink, set: &SetName, added: &Added, asked: usize) {
    let Added {
        new,
        known,
        differing,
        ..
    } = added;
    notes.note(&match (new.len(), *known) {
        (new, 0) => format!("{set}: {} added", words::jobs(new)),
        (0, known) => format!("{set}: nothing new; {} known already", words::jobs(known)),
        (new, known) => format!("{set}: {} added, {known} known already", words::jobs(new)),
    });
    if !differing.is_empty() {
        let ids: Vec<String> = differing.iter().take(5).map(ToString::to_string).collect();
        notes.note(&format!(
            "{set}: the file has changed for {} (host, pipeline, data or variables): {}{}; they stay as they were first dispatched. To run them with the changes, give the file another name",
            words::count(differing.len(), "known job", "known jobs"),
            ids.join(", "),
            if differing.len() > 5 { ", …" } else { "" }
        ));
    }
    debug_assert_eq!(new.len() + known, asked);
}
