//! The supervisor: one process for each attempt, in a session of its own. No other process waits for it.
//!
//! Invariant: it alone writes the capsule, as long as it lives; and the last thing it does is to say
//! how the attempt ended, once everything that this line vouches for is durable.

use std::path::Path;
use std::time::Duration;

use super::cancel;
use super::capsule::Capsule;
use super::context::{AttemptContext, UNASKED};
use super::error::{Doing as _, RunnerError};
use super::journal::Journal;
use super::root::Root;
use super::signals::Signals;
use super::slot::Slot;
use super::traces::Recorder;
use super::{boot, cgroup, handover, keep, manifest, processes, profile, step};
use crate::domain::journal::{Ending, Entry, Outcome};
use crate::domain::wire::Holder;
use crate::domain::{AttemptId, Secrets, Spec};
use crate::doors::{clock, env, secrets};

/// How long a supervisor waits for room on a full disk before it gives up without a last line; the
/// next runner then closes the capsule.
const PATIENCE: Duration = Duration::from_mins(15);

/// Runs an attempt to its end. The capsule must exist, and stdin must be the lock of its slot. If secrets are `handed`
/// over, they are in a pipe beside that.
pub fn supervise(root: &Path, attempt: AttemptId, handed: bool) -> Result<(), RunnerError> {
    let secrets = if handed {
        handover::inherited()?
    } else {
        Secrets::none()
    };
    secrets::learn(&secrets);
    let signals = Signals::listen()?;
    // The runner that started it has made it a session's first; started otherwise, it makes its own.
    let _ = nix::unistd::setsid();
    nix::sys::prctl::set_child_subreaper(true).doing(|| "become the parent of orphans")?;
    let slot = Slot::inherited(attempt)?;
    let root = Root::open(root)?;
    let capsule = Capsule::existing(&root, attempt)?;
    let spec = capsule.spec()?;
    // In a thread: the kernel may take its time to move a process, as the disk does for the first line.
    let group = std::thread::spawn(move || cgroup::enter(attempt));
    let mut journal = Journal::open(&capsule.journal())?;
    slot.name(&Holder {
        attempt,
        pid: Some(processes::me()),
        started: processes::read(processes::me()).map(|myself| myself.started),
        host: spec.host.clone(),
    })?;
    // What the host has of them itself must not show either.
    let here = spec
        .secrets
        .iter()
        .filter_map(|name| Some((name.clone(), env::get(name)?)));
    secrets::learn(&here.collect());
    let boot = boot::identity()?;
    let group = group.join().ok().flatten();
    let recorder = Recorder::start(&capsule.path, &boot, group).doing(|| "look at this process")?;
    let mut context = AttemptContext {
        unasked: false,
        recorder,
        wish: cancel::read_stop_request(&capsule),
        root,
        capsule,
        spec,
        signals,
        secrets,
        profile: None,
    };
    let outcome = run(&mut context, &mut journal)?;
    // Once more, since the phases could write there; where it does not fit any more, the seal will say so, too.
    let _ = profile::write(&context);
    // What a failure left is worth less of a wait than a result.
    let patience = if outcome == Outcome::Succeeded {
        PATIENCE
    } else {
        PATIENCE / 15
    };
    let (outcome, seal) = match patiently(patience, || manifest::seal(&context.capsule)) {
        Ok(seal) => (outcome, Some(seal)),
        Err(error) => (uncounted(&context.spec, outcome, &error), None),
    };
    context.hear();
    let (outcome, seal) = match unless_stopped(&context, outcome) {
        lost @ Outcome::Lost { .. } => (lost, None),
        outcome @ (Outcome::Succeeded | Outcome::Failed { .. } | Outcome::Cancelled) => (outcome, seal),
    };
    patiently(PATIENCE, || {
        journal.append(&Entry::Ended {
            outcome: outcome.clone(),
            seal,
        })
    })?;
    slot.release()
}

fn run(context: &mut AttemptContext, journal: &mut Journal) -> Result<Outcome, RunnerError> {
    let kept = patiently(PATIENCE, || keep::take_over(&context.capsule, &context.spec))?;
    if kept.is_empty() {
        context.profile = profile::of(&context.root, &context.spec);
        patiently(PATIENCE, || profile::write(context))?;
    }
    for step in context.spec.steps.clone() {
        if let Some(from) = kept.get(&step.phase) {
            let (phase, from) = (step.phase.clone(), *from);
            patiently(PATIENCE, || {
                journal.append(&Entry::PhaseKept {
                    phase: phase.clone(),
                    from,
                })
            })?;
            continue;
        }
        context.hear();
        if context.wish.is_some() {
            return Ok(Outcome::Cancelled);
        }
        if context.unasked {
            return Ok(lost());
        }
        let phase = step.phase.clone();
        patiently(PATIENCE, || {
            journal.append(&Entry::PhaseStarted { phase: phase.clone() })
        })?;
        let end = step::run(context, &step, journal);
        let conclusion = match step.task {
            Some(task) => patiently(PATIENCE, || keep::conclude(&context.capsule, task, &end))?.map(Box::new),
            None => None,
        };
        patiently(PATIENCE, || {
            journal.append(&Entry::PhaseEnded {
                phase: phase.clone(),
                ending: end.ending.clone(),
                took: end.took,
                output: end.output,
                excerpt: end.excerpt.clone(),
                conclusion: conclusion.clone(),
            })
        })?;
        match end.ending {
            ending if ending.is_success() => {}
            Ending::Cancelled => return Ok(Outcome::Cancelled),
            ending => return Ok(Outcome::Failed { phase, ending }),
        }
    }
    Ok(Outcome::Succeeded)
}

fn lost() -> Outcome {
    Outcome::Lost {
        proof: UNASKED.to_owned(),
    }
}

/// A failure that came together with a SIGTERM which no coordinator asked for counts as lost: a host that shuts down
/// (or its administrator) signals the supervisor and its steps at the same time.
fn unless_stopped(context: &AttemptContext, outcome: Outcome) -> Outcome {
    match &outcome {
        Outcome::Failed {
            ending: Ending::Exit(_) | Ending::Signal(_) | Ending::NotStarted(_) | Ending::HostFault(_),
            ..
        } if context.unasked => lost(),
        Outcome::Failed { .. } | Outcome::Succeeded | Outcome::Cancelled | Outcome::Lost { .. } => outcome,
    }
}

/// An attempt whose artifacts could not be counted has not succeeded, however well its steps ended.
fn uncounted(spec: &Spec, outcome: Outcome, error: &RunnerError) -> Outcome {
    match (outcome, spec.steps.last()) {
        (Outcome::Succeeded, Some(last)) => Outcome::Failed {
            phase: last.phase.clone(),
            ending: Ending::HostFault(error.to_string()),
        },
        (Outcome::Succeeded, None) => Outcome::Lost {
            proof: error.to_string(),
        },
        (outcome, _) => outcome,
    }
}

/// Tries until it works or patience ends: a full disk may get room again. A directory that was removed does not come back.
fn patiently<T>(
    patience: Duration,
    mut write: impl FnMut() -> Result<T, RunnerError>,
) -> Result<T, RunnerError> {
    let since = clock::tick();
    let mut pause = Duration::from_millis(50);
    loop {
        match write() {
            Err(error) if since.elapsed() < patience && !error.is_gone() => {
                tracing::warn!(%error, "waiting for the disk");
                std::thread::sleep(pause);
                pause = (2 * pause).min(Duration::from_secs(10));
            }
            done => return done,
        }
    }
}
