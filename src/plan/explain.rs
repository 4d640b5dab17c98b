//! Why? What `plan` goes by for one job or one host, told by the same functions that decide.

use super::Policy;
use super::choose::Choice;
use super::evidence;
use super::reason::{Coordination, Reason, Reasons};
use super::retry::{self, Delay};
use super::room::no_room;
use crate::domain::journal::Outcome;
use crate::domain::{AttemptState, HostName, JobId, Place, Timestamp};
use crate::schedule::Fleet;
use crate::schedule::fleet::{Attempt, Closure, HostEntry, JobEntry, Spot};

/// One line of an explanation: what it is about, and what there is to say.
pub type Line = (&'static str, String);

/// Why a job is where it is.
pub fn job(fleet: &Fleet, policy: &Policy, id: JobId, now: Timestamp, by: Coordination) -> Vec<Line> {
    let Some(entry) = fleet.job(id) else {
        return Vec::new();
    };
    let mut lines = vec![("state", state(entry, now))];
    lines.extend(tries(entry, policy));
    if let Some(estimate) = fleet.measures().job(&entry.job) {
        let phases = fleet.measures().phases(&entry.job.pipeline).iter();
        let own = phases.filter_map(|phase| fleet.measures().phase(&entry.job, phase));
        let n = own.map(|estimate| estimate.n).max().unwrap_or(0);
        let text = match n {
            0 => format!("{estimate}, by jobs like it"),
            n => format!(
                "{estimate}, after {} of this instance and model, and others like them",
                count(n, "run", "runs")
            ),
        };
        lines.push(("expected", text));
    }
    if let Place::Host(host) = &entry.job.place {
        let order = if policy.pinned { "an order" } else { "a preference" };
        lines.push(("meant for", format!("{host}, which is {order}")));
    }
    if entry.is_waiting() {
        lines.extend(why_waiting(fleet, policy, entry, now, by));
    }
    if let Some(why) = entry.suspect() {
        lines.push((
            "suspect",
            format!("{why}; `fleet retry --suspect` evaluates it again"),
        ));
    }
    lines
}

fn state(entry: &JobEntry, now: Timestamp) -> String {
    match (&entry.closed, entry.live()) {
        (Some(Closure::GivenUp { why }), _) => format!("given up: {why}"),
        (Some(closed), _) => {
            let fault = entry.decisive().and_then(Attempt::fault).map(ToString::to_string);
            let phase = match closed {
                Closure::Failed { phase, .. } => format!(" in {phase}"),
                Closure::Succeeded | Closure::Cancelled | Closure::GivenUp { .. } => String::new(),
            };
            let excerpt = entry.decisive().and_then(|attempt| attempt.excerpt.clone());
            let is_failed = matches!(closed, Closure::Failed { .. });
            let why = fault.or(excerpt.filter(|_| is_failed));
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            format!("{}{phase}{why}", closed.word())
        }
        (None, Some(live)) => {
            let phase = match &live.state {
                AttemptState::Running { phase: Some(phase) } => format!("in {phase}"),
                AttemptState::Running { phase: None }
                | AttemptState::Intended
                | AttemptState::Refused
                | AttemptState::Ended(_) => "about to start".to_owned(),
            };
            let doubt = live
                .doubt()
                .map(|why| format!("; {} cannot tell how it is, and keeps it: {why}", live.host))
                .unwrap_or_default();
            format!(
                "on {} for {}, {phase}{doubt}",
                live.host,
                now.since(live.intended)
            )
        }
        (None, None) => "waiting".to_owned(),
    }
}

fn tries(entry: &JobEntry, policy: &Policy) -> Vec<Line> {
    let lost = entry.lost().map(|attempt| {
        let why = match (&attempt.state, attempt.fault()) {
            (_, Some(fault)) => fault.to_string(),
            (AttemptState::Ended(Outcome::Lost { proof }), None) => proof.clone(),
            (AttemptState::Ended(Outcome::Failed { ending, .. }), None) => match ending.host_fault() {
                Some((name, why)) => format!("{name} (host): {why}"),
                None => attempt.state.word().to_owned(),
            },
            (state, None) => state.word().to_owned(),
        };
        (
            "tried",
            format!("attempt {} on {}: {why}", attempt.n, attempt.host),
        )
    });
    let mut lines: Vec<Line> = lost.collect();
    if !lines.is_empty() {
        let most = policy.lost_retries as usize + 1;
        lines.push(("budget", format!("{} of {most} tries used", entry.tries())));
    }
    lines
}

fn why_waiting(
    fleet: &Fleet,
    policy: &Policy,
    entry: &JobEntry,
    now: Timestamp,
    by: Coordination,
) -> Vec<Line> {
    let reason = Reasons::new(fleet, policy, now, by).job(entry);
    let mut lines = vec![("waits", reason.to_string())];
    if matches!(reason, Reason::Held { .. } | Reason::OtherSets) {
        return lines;
    }
    if let Some(waiting) = fleet.waiting(entry.job.id) {
        let ahead = fleet
            .waiting_jobs()
            .filter(|(_, other)| other.spot == waiting.spot && other.rank < waiting.rank)
            .count();
        let queue = match &waiting.spot {
            Spot::Host(host) => format!("the queue of {host}"),
            Spot::Pool => "the queue of jobs for any host".to_owned(),
            Spot::Again => "the queue of jobs to be tried again".to_owned(),
            Spot::Parked => "no queue".to_owned(),
        };
        lines.push((
            "place",
            format!("{ahead} before it in {queue}, the longest first"),
        ));
    }
    for (name, host) in fleet.hosts().filter(|(_, host)| host.slots > 0) {
        let why = no_room(fleet, policy, name, host, now)
            .map(|why| why.to_string())
            .or_else(|| Some(delay(&retry::delay(fleet, policy, entry, name, now)?)));
        let why = why.unwrap_or_else(|| "has room, and takes what is more urgent first".to_owned());
        lines.push(("not on", format!("{name}: {why}")));
    }
    lines
}

fn delay(delay: &Delay) -> String {
    match delay {
        Delay::Until(until) => format!("the job is not tried again before {until}, since it failed"),
        Delay::KeptOn(host) => format!("its finished phases are on {host}"),
        Delay::CleanedOn(host) => format!("{host} has been cleaned for it and gets one more try"),
        Delay::FailedHere => "it has failed here, and others may take it".to_owned(),
    }
}

/// Why a host does what it does.
pub fn host(fleet: &Fleet, policy: &Policy, name: &HostName, now: Timestamp) -> Vec<Line> {
    let Some(host) = fleet.host(name) else {
        return Vec::new();
    };
    let room = no_room(fleet, policy, name, host, now);
    let mut lines = vec![(
        "takes jobs",
        room.as_ref()
            .map_or_else(|| "yes".to_owned(), |why| format!("no: {why}")),
    )];
    let unheard = fleet.unheard().filter(|(other, _)| *other == name);
    lines.extend(unheard.map(|(_, hold)| ("unheard", hold.why.clone())));
    for id in &host.live {
        if let Some(entry) = fleet.job(id.job) {
            lines.push((
                "runs",
                format!(
                    "{} ({} {}), {}",
                    id,
                    entry.job.instance,
                    entry.job.model,
                    state(entry, now)
                ),
            ));
        }
    }
    lines.extend(next(fleet, policy, name, host, now));
    lines.push((
        "queue",
        format!(
            "{} meant for it, {} of work",
            count(host.queue.len(), "job is", "jobs are"),
            host.queue.load()
        ),
    ));
    lines.push(("evidence", trials(fleet, name, host)));
    if host.pace.n > 0 {
        lines.push((
            "speed",
            format!(
                "things take {:.2} times as long here as expected ({} phases measured)",
                host.slowness(),
                host.pace.n
            ),
        ));
    }
    let bytes: u64 = host.shelf.values().map(|stock| stock.bytes).sum();
    lines.push((
        "images",
        format!("{} known to be here, {} MB", host.shelf.len(), bytes >> 20),
    ));
    lines
}

/// `1 job`, `3 jobs`.
fn count(n: impl std::fmt::Display, one: &str, many: &str) -> String {
    let n = n.to_string();
    let word = if n == "1" { one } else { many };
    format!("{n} {word}")
}

/// How the last attempts on a host went, and whether that speaks against it.
fn trials(fleet: &Fleet, name: &HostName, host: &HostEntry) -> String {
    let bad = host.trials.iter().filter(|trial| trial.is_bad()).count();
    let tries = match (bad, host.trials.len()) {
        (_, 0) => "no attempt has ended on it yet".to_owned(),
        (0, 1) => "the last attempt on it does not speak against it".to_owned(),
        (_, 1) => "the last attempt on it failed, perhaps through its fault".to_owned(),
        (0, all) => format!("none of the last {all} attempts on it speaks against it"),
        (bad, all) => format!("{bad} of the last {all} attempts on it failed, perhaps through its fault"),
    };
    let verdict = evidence::against(fleet, name, host).map_or_else(
        || "no proof against it".to_owned(),
        |why| format!("proof against it: {why}"),
    );
    format!("{tries}; {verdict}")
}

fn next(fleet: &Fleet, policy: &Policy, name: &HostName, host: &HostEntry, now: Timestamp) -> Option<Line> {
    let job = Choice::new(fleet, policy, now).next(name, host)?;
    let entry = fleet.job(job)?;
    let image = fleet.image(job).map(|image| match fleet.missing(host, image) {
        0 => ", whose image is here".to_owned(),
        bytes => format!(", for which {} MB must move", bytes >> 20),
    });
    Some((
        "next",
        format!(
            "{job} ({} {}){}",
            entry.job.instance,
            entry.job.model,
            image.unwrap_or_default()
        ),
    ))
}
