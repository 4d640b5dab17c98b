//! What should be held, what may go on, and which results a bad host has made doubtful.

use std::collections::BTreeSet;

use super::Policy;
use super::evidence;
use crate::domain::hold::{Kind, Subject};
use crate::domain::host::Link;
use crate::domain::journal::Outcome;
use crate::domain::memory::fits;
use crate::domain::verdict::Decision;
use crate::domain::wire::{Facts, Program};
use crate::domain::{AttemptId, AttemptState, Event, HostName, Span, Timestamp};
use crate::schedule::Fleet;
use crate::schedule::fleet::{Finding, HostEntry, Trial};

/// Less than this free, of bytes or inodes, and a host's jobs fail for no fault of theirs.
const LEAST_DISK: u64 = 512 << 20;
const LEAST_MEMORY: u64 = 256 << 20;
/// A quarantine never lasts longer.
const LONGEST: Span = Span::seconds(86_400);

/// Decisions about holds, before anything is placed.
pub(super) fn holds(fleet: &Fleet, policy: &Policy, now: Timestamp) -> Vec<Event> {
    let mut decisions: Vec<Event> = fleet
        .alarms()
        .filter(|(subject, _)| fleet.hold(subject).is_none())
        .map(|(subject, why)| Event::Held {
            subject: subject.clone(),
            kind: Kind::Refused,
            why: why.to_owned(),
            until: None,
        })
        .collect();
    for (subject, stand) in fleet.stands() {
        let Some(hold) = &stand.hold else { continue };
        // Our clock was set back since: it lasts as long as it was meant to, from now on.
        let timed = hold.until.is_some() || hold.kind == Kind::Ailing;
        if hold.since > now && timed {
            decisions.push(Event::Held {
                subject: subject.clone(),
                kind: hold.kind,
                why: hold.why.clone(),
                until: hold.until.map(|until| now.after(until.since(hold.since))),
            });
            continue;
        }
        let why = match (subject, hold.kind) {
            (_, _) if hold.until.is_some_and(|until| until <= now) => "its time is up",
            (Subject::Host(name), Kind::Ailing) if is_well(fleet.host(name), policy, hold.since) => {
                "it says that it is well again"
            }
            (_, _) => continue,
        };
        decisions.push(Event::Released {
            subject: subject.clone(),
            why: why.to_owned(),
            vouched: false,
        });
    }
    for (name, host) in fleet.hosts() {
        decisions.extend(against(fleet, policy, name, host, now));
    }
    decisions
}

/// What should be held against a host: what it says itself, or else what speaks against it.
fn against(fleet: &Fleet, policy: &Policy, name: &HostName, host: &HostEntry, now: Timestamp) -> Vec<Event> {
    let ailment = ailment(host, policy).filter(|_| matches!(host.link, Link::Up { .. }));
    let doubtful = || host.trials.last().is_some_and(Trial::is_bad);
    if (ailment.is_none() && !doubtful())
        || host.slots == 0
        || host.gone.is_some()
        || fleet.host_hold(name).is_some()
    {
        return Vec::new();
    }
    if let Some(why) = ailment {
        return vec![hold(name, Kind::Ailing, why, None)];
    }
    let Some(why) = evidence::against(fleet, name, host) else {
        return Vec::new();
    };
    let strikes = fleet
        .stand(&Subject::Host(name.clone()))
        .map_or(0, |stand| stand.strikes);
    let lasts = policy.quarantine.0.saturating_mul(1 << strikes.min(16));
    let until = now.after(Span(lasts.min(LONGEST.0)));
    let mut decisions = suspects(fleet, host, &why);
    decisions.push(hold(name, Kind::Quarantined, why, Some(until)));
    decisions
}

fn hold(host: &HostName, kind: Kind, why: String, until: Option<Timestamp>) -> Event {
    Event::Held {
        subject: Subject::Host(host.clone()),
        kind,
        why,
        until,
    }
}

/// What the host itself says is wrong with it, as far as jobs would suffer from it.
pub(super) fn ailment(host: &HostEntry, policy: &Policy) -> Option<String> {
    let (_, facts) = host.facts.as_ref()?;
    if policy.docker
        && let Program::Missing(why) = &facts.docker
    {
        return Some(format!("its Docker engine does not answer: {why}"));
    }
    if let Some(each) = policy.test_memory
        && fits(facts.memory.0, each) == 0
    {
        return Some(format!(
            "its memory, {} MB less a reserve, is too small for tests that get {} MB",
            facts.memory.0 >> 20,
            each >> 20
        ));
    }
    scarce(facts)
}

/// What has run out on it.
fn scarce(facts: &Facts) -> Option<String> {
    let low = |(all, free): (u64, u64), least: u64| all > 0 && free < least.min(all / 20);
    let megabytes = |bytes: u64| format!("{} MB", bytes >> 20);
    if low(facts.disk, LEAST_DISK) {
        return Some(format!("its disk is full: {} free", megabytes(facts.disk.1)));
    }
    if low(facts.memory, LEAST_MEMORY) {
        return Some(format!(
            "its memory is used up: {} available",
            megabytes(facts.memory.1)
        ));
    }
    if facts.inodes.0 > 0 && facts.inodes.1 < facts.inodes.0 / 100 {
        return Some(format!("its disk has no inodes left: {} free", facts.inodes.1));
    }
    None
}

/// Has it been looked at since, and nothing was found?
fn is_well(host: Option<&HostEntry>, policy: &Policy, since: Timestamp) -> bool {
    host.is_some_and(|host| {
        host.facts.as_ref().is_some_and(|(at, _)| *at > since) && ailment(host, policy).is_none()
    })
}

/// Results that a host which turned out to be bad may have spoilt: all since it last did a task to the end that was
/// resolved, which no bad host could have done. What is resolved stands.
fn suspects(fleet: &Fleet, host: &HostEntry, why: &str) -> Vec<Event> {
    let sound = |finding: &Finding| matches!(finding, Finding::Good { resolved: true });
    let since: Vec<_> = host
        .trials
        .iter()
        .rev()
        .take_while(|trial| !sound(&trial.finding))
        .map(|trial| trial.attempt)
        .collect();
    let doubtful = doubtful(fleet, since.into_iter()).into_iter();
    doubtful
        .map(|attempt| Event::Suspected {
            attempt,
            why: why.to_owned(),
        })
        .collect()
}

/// Of these attempts, those whose result says that the model failed.
pub fn doubtful(fleet: &Fleet, attempts: impl Iterator<Item = AttemptId>) -> BTreeSet<AttemptId> {
    let is_doubtful = |id: &AttemptId| {
        let Some(attempt) = fleet.attempt(*id) else {
            return false;
        };
        let suspect = attempt.told.as_ref().is_some_and(|told| told.suspect.is_some());
        let unresolved = attempt
            .verdict()
            .is_some_and(|verdict| verdict.decision != Decision::Resolved);
        attempt.state == AttemptState::Ended(Outcome::Succeeded) && unresolved && !suspect
    };
    attempts.filter(is_doubtful).collect()
}
