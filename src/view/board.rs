//! The board: everything that `fleet status` shows, as one value. Serialised, it is `status --json`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::waiting::{self, Waiting};
use crate::domain::host::{HostConfig, Link};
use crate::domain::{
    AttemptId, AttemptState, HostName, InstanceId, JobId, ModelName, PhaseName, SetName, Span, Timestamp,
};
use crate::plan::Policy;
use crate::plan::reason::{Coordination, Reasons};
use crate::report::{Account, Tally, words};
use crate::schedule::Fleet;
use crate::schedule::fleet::{Attempt, Closure, JobEntry};

/// The version of the JSON form that this build writes.
const VERSION: u32 = 1;

/// The fleet at one instant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Board {
    /// Of the JSON form.
    pub version: u32,
    /// The instant.
    pub at: Timestamp,
    /// Is a coordinator at work? If not, hosts are as the last one saw them.
    pub coordinated: bool,
    /// When that was; none while one is at work, or if there was none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_known: Option<Timestamp>,
    /// In the order of `fleet.toml`, then hosts that are no longer in it.
    pub hosts: Vec<HostLine>,
    /// By name.
    pub sets: Vec<SetLine>,
    /// All sets together.
    pub total: Tally,
    /// Jobs that a host may be working on.
    pub running: Vec<RunningJob>,
    /// Jobs that failed or were given up.
    pub failed: Vec<FailedJob>,
    /// Waiting jobs, by what they wait for.
    pub waiting: Vec<Waiting>,
    /// What starts nothing new now.
    pub held: Vec<HoldLine>,
    /// Jobs whose result is not to be trusted, since their host turned out to be bad.
    pub suspect: Vec<JobId>,
}

/// When the fleet is looked at, and who runs it then.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// The instant.
    pub now: Timestamp,
    /// Is a coordinator at work?
    pub by: Coordination,
    /// When the last fact was stored.
    pub last_known: Option<Timestamp>,
}

/// Something of which nothing starts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HoldLine {
    /// Where, or of what: `host eval3`.
    pub subject: String,
    /// What kind of hold, in a word.
    pub kind: &'static str,
    /// Why. Untrusted where it quotes a host.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
    /// When it ends by itself, if it does.
    pub until: Option<Timestamp>,
}

/// A host.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HostLine {
    /// Its name.
    pub host: HostName,
    /// In `fleet.toml`?
    pub configured: bool,
    /// Its link, as last heard.
    pub link: Link,
    /// A person's word that it will not come back.
    pub gone: Option<String>,
    /// How it is held, if it is.
    pub held: Option<&'static str>,
    /// Room for so many jobs.
    pub slots: u32,
    /// So many jobs are on it.
    pub used: usize,
}

/// A set of jobs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SetLine {
    /// Its name.
    pub set: SetName,
    /// Its jobs by account.
    pub jobs: Tally,
    /// How many have their results at home.
    pub collected: usize,
}

/// A job that a host may be working on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunningJob {
    /// Its id.
    pub job: JobId,
    /// Its set.
    pub set: SetName,
    /// Its task.
    pub instance: InstanceId,
    /// Who solves it.
    pub model: ModelName,
    /// Which independent try.
    pub run: u32,
    /// Which attempt.
    pub attempt: u32,
    /// Where.
    pub host: HostName,
    /// Where it stands: a phase, once there is one.
    pub phase: Option<PhaseName>,
    /// How long that phase has been going on.
    #[serde(rename = "phase_ms")]
    pub phase_age: Span,
    /// How long the attempt has.
    #[serde(rename = "age_ms")]
    pub age: Span,
    /// A person wants it stopped.
    pub cancelling: bool,
    /// Why its host cannot say how it is, if so. Quotes the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
}

/// A job that failed or was given up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FailedJob {
    /// Its id.
    pub job: JobId,
    /// Its set.
    pub set: SetName,
    /// Its task.
    pub instance: InstanceId,
    /// Who was to solve it.
    pub model: ModelName,
    /// Which independent try.
    pub run: u32,
    /// Where it was last.
    pub host: Option<HostName>,
    /// The phase that failed.
    pub phase: Option<PhaseName>,
    /// How, in words.
    pub how: String,
    /// The line of output that best says why. Untrusted.
    pub excerpt: Option<String>,
}

impl Board {
    /// The board of this fleet, with its links as they are stored. `collected`: the jobs whose results are at home.
    pub fn of(
        fleet: &Fleet,
        policy: &Policy,
        seen: Seen,
        collected: &BTreeSet<JobId>,
        configs: &[HostConfig],
    ) -> Board {
        let Seen { now, by, last_known } = seen;
        let reasons = Reasons::new(fleet, policy, now, by);
        let mut sets: BTreeMap<SetName, SetLine> = BTreeMap::new();
        let mut total = Tally::default();
        let (mut running, mut failed) = (Vec::new(), Vec::new());
        for entry in in_order(fleet) {
            let account = Account::of(entry);
            total.add(account);
            let set = sets.entry(entry.job.set.clone()).or_insert_with(|| SetLine {
                set: entry.job.set.clone(),
                jobs: Tally::default(),
                collected: 0,
            });
            set.jobs.add(account);
            set.collected += usize::from(collected.contains(&entry.job.id));
            if let (Account::Running, Some(live)) = (account, entry.live()) {
                running.push(running_job(entry, live, now));
            }
            if let Some(closed @ (Closure::Failed { .. } | Closure::GivenUp { .. })) = &entry.closed {
                failed.push(failed_job(entry, closed));
            }
        }
        Board {
            version: VERSION,
            at: now,
            coordinated: by == Coordination::AtWork,
            last_known: last_known.filter(|_| by == Coordination::Nobody),
            waiting: waiting::groups(fleet, &reasons),
            held: held(fleet),
            suspect: fleet
                .jobs()
                .filter(|entry| entry.suspect().is_some())
                .map(|entry| entry.job.id)
                .collect(),
            hosts: hosts(fleet, configs),
            sets: sets.into_values().collect(),
            total,
            running,
            failed,
        }
    }

    /// The jobs on this host.
    pub fn on(&self, host: &HostName) -> impl Iterator<Item = &RunningJob> {
        self.running.iter().filter(move |job| job.host == *host)
    }

    /// The JSON form.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }
}

/// Jobs by set and position in its file.
pub(super) fn in_order(fleet: &Fleet) -> Vec<&JobEntry> {
    let mut jobs: Vec<&JobEntry> = fleet.jobs().collect();
    jobs.sort_by(|a, b| (&a.job.set, a.job.order, a.job.id).cmp(&(&b.job.set, b.job.order, b.job.id)));
    jobs
}

fn hosts(fleet: &Fleet, configs: &[HostConfig]) -> Vec<HostLine> {
    let configured: BTreeSet<&HostName> = configs.iter().map(|config| &config.name).collect();
    let known = configs.iter().map(|config| (&config.name, config.slots));
    let others = fleet.hosts().filter(|(name, host)| {
        !configured.contains(name) && (!host.live.is_empty() || !host.queue.is_empty() || host.gone.is_some())
    });
    known
        .chain(others.map(|(name, _)| (name, 0)))
        .map(|(name, slots)| {
            let entry = fleet.host(name);
            HostLine {
                host: name.clone(),
                configured: configured.contains(name),
                link: entry.map_or(Link::Unknown, |entry| entry.link.clone()),
                gone: entry.and_then(|entry| entry.gone.map(str::to_owned)),
                held: fleet.host_hold(name).map(|hold| hold.kind.word()),
                slots,
                used: entry.map_or(0, |entry| entry.live.len()),
            }
        })
        .collect()
}

fn held(fleet: &Fleet) -> Vec<HoldLine> {
    let held = fleet
        .stands()
        .filter_map(|(subject, stand)| Some((subject, stand.hold.as_ref()?)));
    held.map(|(subject, hold)| HoldLine {
        subject: subject.to_string(),
        kind: hold.kind.word(),
        why: hold.why.clone(),
        since: hold.since,
        until: hold.until,
    })
    .collect()
}

fn running_job(entry: &JobEntry, live: &Attempt, now: Timestamp) -> RunningJob {
    let phase = match &live.state {
        AttemptState::Running { phase } => phase.clone(),
        AttemptState::Intended | AttemptState::Refused | AttemptState::Ended(_) => None,
    };
    let id = AttemptId {
        job: entry.job.id,
        n: live.n,
    };
    RunningJob {
        job: id.job,
        set: entry.job.set.clone(),
        instance: entry.job.instance.clone(),
        model: entry.job.model.clone(),
        run: entry.job.run,
        attempt: id.n,
        host: live.host.clone(),
        phase,
        phase_age: now.since(live.phase_since(now)),
        age: now.since(live.intended),
        cancelling: entry.cancel.is_some(),
        doubt: live.doubt().map(str::to_owned),
    }
}

fn failed_job(entry: &JobEntry, closed: &Closure) -> FailedJob {
    let last = entry.decisive();
    let (phase, how) = match closed {
        Closure::Failed { phase, ending } => (Some(phase.clone()), words::ending(ending)),
        Closure::GivenUp { why } => (None, format!("given up: {why}")),
        Closure::Succeeded | Closure::Cancelled => (None, closed.word().to_owned()),
    };
    FailedJob {
        job: entry.job.id,
        set: entry.job.set.clone(),
        instance: entry.job.instance.clone(),
        model: entry.job.model.clone(),
        run: entry.job.run,
        host: last.map(|attempt| attempt.host.clone()),
        phase,
        how,
        excerpt: last.and_then(|attempt| attempt.excerpt.clone()),
    }
}
