//! Services without a terminal: what the command line does, done by a caller that has none.

use std::cell::RefCell;
use std::path::PathBuf;

use fleet::domain::{Event, JobId, Timestamp};
use fleet::engine::Stop;
use fleet::plan::Policy;
use fleet::schedule::Fleet;
use fleet::service::cancel::{self, CancelRequest};
use fleet::service::commands;
use fleet::service::dispatch::{self, PreparedDispatch};
use fleet::service::hold::{self, HoldTargets, HoldableKind, PauseRequest};
use fleet::service::retry::{self, RetryRequest};
use fleet::service::{NoteSink, Problem, ProblemKind, ProgressSink, Project};
use tokio::sync::oneshot;

use crate::support::World;

/// Keeps what it is told.
#[derive(Default)]
struct HeardNotes(RefCell<Vec<String>>);

impl NoteSink for HeardNotes {
    fn note(&self, text: &str) {
        self.0.borrow_mut().push(text.to_owned());
    }
}

/// Counts what happens, and says when the first job runs.
#[derive(Default)]
struct HeardProgress {
    starts: usize,
    events: usize,
    closed_at_the_end: Option<usize>,
    runs: Option<oneshot::Sender<()>>,
}

impl ProgressSink for HeardProgress {
    fn started(&mut self, _policy: &Policy) -> Result<(), Problem> {
        self.starts += 1;
        Ok(())
    }

    fn advanced(&mut self, fleet: &Fleet, _now: Timestamp, events: &[Event]) {
        self.events += events.len();
        let runs = fleet.jobs().any(|entry| entry.word() == "running");
        if let Some(runs) = self.runs.take_if(|_| runs) {
            runs.send(()).unwrap();
        }
    }

    fn ended(&mut self, fleet: &Fleet) {
        self.closed_at_the_end = Some(fleet.jobs().filter(|entry| entry.closed.is_some()).count());
    }
}

/// The project of a world whose hosts are this machine.
fn project(world: &World) -> Project {
    let mut project = Project::load(&world.fleet_toml(), None).unwrap();
    // This test is no runner.
    project.transport.local_runner = Some(PathBuf::from(env!("CARGO_BIN_EXE_fleet")));
    project
}

#[tokio::test]
async fn a_caller_without_a_terminal_dispatches_and_hears_of_it() {
    let world = World::local(1).script("echo done > \"$FLEET_OUT/done\"");
    let file = world.jobs("phase8", 2, 0);
    let project = project(&world);
    let (notes, mut progress) = (HeardNotes::default(), HeardProgress::default());
    let prepared = PreparedDispatch::read(&[file], &project, &notes).await.unwrap();
    assert_eq!(prepared.job_count(), 2);
    let never = std::future::pending();
    let end = dispatch::run_dispatch(prepared, false, &project, &notes, &mut progress, never)
        .await
        .unwrap();
    assert!(end.stop == Stop::Done && end.has_succeeded());
    assert_eq!(end.check_done("again"), Ok(()));
    assert_eq!(*notes.0.borrow(), ["phase8: 2 jobs added"]);
    assert_eq!((progress.starts, progress.closed_at_the_end), (1, Some(2)));
    assert!(progress.events > 2);
    assert!(project.running_coordinator().is_none(), "the lease is free again");
}

#[tokio::test]
async fn the_caller_ends_a_run_and_holds_cancels_retries_and_reads_without_it() {
    let world = World::local(1).script("sleep 600");
    let file = world.jobs("phase8", 1, 0);
    let project = project(&world);
    let (runs, running) = oneshot::channel();
    let mut progress = HeardProgress {
        runs: Some(runs),
        ..HeardProgress::default()
    };
    let notes = HeardNotes::default();
    let prepared = PreparedDispatch::read(&[file], &project, &notes).await.unwrap();
    let interrupted = async { running.await.unwrap() };
    let end = dispatch::run_dispatch(prepared, false, &project, &notes, &mut progress, interrupted)
        .await
        .unwrap();
    assert_eq!(end.stop, Stop::Interrupted);
    let problem = end.check_done("again").unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Interrupted);
    assert_eq!(
        problem.message,
        "interrupted: 1 job continues on the hosts, 0 waiting here"
    );

    let pause = PauseRequest {
        targets: HoldTargets {
            kind: HoldableKind::Model,
            names: vec!["gpt".to_owned()],
        },
        why: "new prices".to_owned(),
        until: None,
    };
    let planned = hold::plan_pause(&pause, &project).await.unwrap();
    commands::submit_planned(&project, &planned).await.unwrap();
    assert_eq!(planned[0].what, "model gpt paused");
    let again = hold::plan_pause(&pause, &project).await.unwrap();
    assert!(again.is_empty(), "it is paused");

    let request = CancelRequest {
        set: Some("phase8".to_owned()),
        ..CancelRequest::default()
    };
    let (_, jobs) = cancel::find_open_jobs(&request, &project).await.unwrap();
    let never = std::future::pending();
    let end = cancel::cancel_jobs(&jobs, true, &project, never).await.unwrap();
    assert_eq!((&end.cancelled, end.check_gone()), (&jobs, Ok(())));

    let request = RetryRequest {
        jobs: jobs.iter().map(JobId::to_string).collect(),
        ..RetryRequest::default()
    };
    let plan = retry::plan_retry(&request, false, &project).await.unwrap();
    commands::submit_planned(&project, &plan.commands).await.unwrap();
    let snapshot = project.take_snapshot().await.unwrap();
    assert!(snapshot.holder.is_none() && snapshot.last_known.is_some());
    assert_eq!(snapshot.fleet.job(jobs[0]).unwrap().word(), "waiting");
}

#[tokio::test]
async fn what_a_caller_asks_for_wrongly_is_a_problem_of_its_input() {
    let world = World::local(1).script("true");
    let project = project(&world);
    let nothing = cancel::find_open_jobs(&CancelRequest::default(), &project).await;
    let problem = nothing.err().unwrap();
    assert_eq!(problem.kind, ProblemKind::Input);
    assert!(
        problem
            .message
            .starts_with("nothing has been dispatched from here")
    );
    assert_eq!(problem.hints.len(), 1);
    let missing = PreparedDispatch::read(&[world.path("none.json")], &project, &HeardNotes::default()).await;
    assert_eq!(missing.err().unwrap().kind, ProblemKind::Input);
}
