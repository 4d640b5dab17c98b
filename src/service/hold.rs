//! What starts nothing new for a while: hosts, models, sets and images are paused, drained and resumed.

use std::time::Duration;

use super::commands::PlannedCommand;
use super::{NoteSink, Problem, ProblemKind, Project};
use crate::domain::hold::{Kind, Subject};
use crate::domain::{HostName, Timestamp};
use crate::report::words;
use crate::schedule::Fleet;
use crate::store::Command;

/// What can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldableKind {
    /// A host: other hosts take the jobs that wait for it.
    Host,
    /// A model, with all of its jobs.
    Model,
    /// A set, with all of its jobs.
    Set,
    /// An image, named by its source, with all jobs that need it.
    Image,
}

/// Things of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldTargets {
    /// Of which kind.
    pub kind: HoldableKind,
    /// What they are called.
    pub names: Vec<String>,
}

/// What is to be paused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PauseRequest {
    /// Of what nothing starts.
    pub targets: HoldTargets,
    /// The reason, as it is shown.
    pub why: String,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

/// What pauses them. What is paused already is left out.
pub async fn plan_pause(request: &PauseRequest, project: &Project) -> Result<Vec<PlannedCommand>, Problem> {
    let fleet = project.read_facts_only().await?;
    let subjects = find_subjects(&request.targets, &fleet, project)?;
    let planned = subjects
        .into_iter()
        .map(|subject| plan_hold(subject, Kind::Paused, &request.why, request.until));
    // Said twice, it holds once; but a new end is a new hold.
    Ok(planned.filter(|one| is_new_hold(&fleet, &one.wish)).collect())
}

/// What lets them go on; everything that is held, without targets. What is not held is left out.
pub async fn plan_resume(
    targets: Option<&HoldTargets>,
    why: &str,
    project: &Project,
) -> Result<Vec<PlannedCommand>, Problem> {
    let fleet = project.read_facts_only().await?;
    let held = fleet.stands().filter(|(_, stand)| stand.hold.is_some());
    let subjects = match targets {
        Some(targets) => find_subjects(targets, &fleet, project)?,
        None => held.map(|(subject, _)| subject.clone()).collect(),
    };
    let held = subjects
        .into_iter()
        .filter(|subject| fleet.hold(subject).is_some_and(|hold| hold.kind != Kind::Unheard));
    Ok(held
        .map(|subject| PlannedCommand {
            what: format!("{subject} may go on"),
            wish: Command::Release {
                subject,
                why: why.to_owned(),
            },
        })
        .collect())
}

/// What empties these hosts. Those that are being drained already are left out.
pub async fn plan_drain(
    hosts: &[HostName],
    why: &str,
    project: &Project,
) -> Result<Vec<PlannedCommand>, Problem> {
    let fleet = project.read_facts_only().await?;
    let targets = HoldTargets {
        kind: HoldableKind::Host,
        names: hosts.iter().map(ToString::to_string).collect(),
    };
    let subjects = find_subjects(&targets, &fleet, project)?;
    let planned = subjects
        .into_iter()
        .map(|subject| plan_hold(subject, Kind::Draining, why, None));
    Ok(planned.filter(|one| is_new_hold(&fleet, &one.wish)).collect())
}

/// Waits until nothing runs on these hosts.
pub async fn wait_until_idle(
    hosts: &[HostName],
    project: &Project,
    notes: &dyn NoteSink,
) -> Result<(), Problem> {
    let mut told = None;
    loop {
        let fleet = project.read_facts_only().await?;
        let running: usize = hosts
            .iter()
            .filter_map(|name| fleet.host(name))
            .map(|host| host.live.len())
            .sum();
        if running == 0 {
            notes.note("nothing runs there any more");
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
            notes.note(&format!(
                "{} there still",
                words::count(running, "job runs", "jobs run")
            ));
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

fn plan_hold(subject: Subject, kind: Kind, why: &str, until: Option<Timestamp>) -> PlannedCommand {
    let ends = until.map(|until| format!(" until {until}")).unwrap_or_default();
    PlannedCommand {
        what: format!("{subject} {}{ends}", kind.word()),
        wish: Command::Hold {
            subject,
            kind,
            why: why.to_owned(),
            until,
        },
    }
}

fn is_new_hold(fleet: &Fleet, wish: &Command) -> bool {
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
fn find_subjects(targets: &HoldTargets, fleet: &Fleet, project: &Project) -> Result<Vec<Subject>, Problem> {
    let (word, known): (&str, Vec<String>) = match targets.kind {
        HoldableKind::Host => ("host", fleet.hosts().map(|(name, _)| name.to_string()).collect()),
        HoldableKind::Model => {
            let asked = fleet.jobs().map(|entry| entry.job.model.to_string());
            let told = project.config.models.iter().map(|model| model.name.to_string());
            ("model", asked.chain(told).collect())
        }
        HoldableKind::Set => (
            "set",
            fleet.jobs().map(|entry| entry.job.set.to_string()).collect(),
        ),
        HoldableKind::Image => ("image", targets.names.clone()),
    };
    let names = &targets.names;
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
