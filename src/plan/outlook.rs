//! Is there anything left to wait for?

use std::collections::BTreeMap;

use super::Policy;
use super::retry::keeper;
use crate::domain::hold::{Hold, Kind, Subject};
use crate::domain::host::{Link, Outlook as LinkOutlook};
use crate::domain::{HostName, JobId, Timestamp};
use crate::schedule::Fleet;
use crate::schedule::fleet::HostEntry;

/// What a coordinator that is running now can expect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outlook {
    /// Every enabled job is closed.
    Done,
    /// Something runs, or may run soon.
    Working,
    /// Jobs are left, and nothing that this coordinator could wait for will move them.
    Stuck(Vec<Stuck>),
}

/// What a coordinator is here for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// Every job of the enabled sets.
    Sets,
    /// These jobs, until they are closed.
    Close(Vec<JobId>),
}

/// What jobs wait for in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// A host, or whatever is held.
    pub subject: Subject,
    /// How many jobs wait for it.
    pub waiting: usize,
    /// How many jobs it may be running.
    pub running: usize,
    /// What is wrong with it.
    pub why: String,
    /// The hold on it, if there is one.
    pub hold: Option<Kind>,
}

/// Looks at hosts only, so that it can be asked at every tick.
pub fn outlook(fleet: &Fleet, errand: &Errand, policy: &Policy, now: Timestamp) -> Outlook {
    let jobs = match errand {
        Errand::Sets if fleet.open() == 0 => return Outlook::Done,
        Errand::Sets => None,
        Errand::Close(jobs) => Some(jobs),
    };
    let waits = if jobs.is_some() {
        Waits::default()
    } else {
        Waits::of(fleet, policy)
    };
    let mut stuck = Vec::new();
    let unheard: BTreeMap<&HostName, &Hold> = fleet.unheard().collect();
    for (name, host) in fleet.hosts() {
        let running = host
            .live
            .iter()
            .filter(|id| jobs.is_none_or(|jobs| jobs.contains(&id.job)))
            .count();
        let waiting = waits.bound.get(name).copied().unwrap_or_default();
        let hold = fleet.host_hold(name);
        let trouble = trouble(host, policy, now);
        // What is held takes nothing new, but what runs there goes on.
        let passes = |hold| passes(hold, waiting > 0) || is_unheard(hold, host, policy, now);
        let takes = match unheard.get(name) {
            // It may come, and tell.
            Some(_) => trouble.is_none() && !matches!(host.link, Link::Up { .. }),
            None => trouble.is_none() && hold.is_none_or(passes) && unheard.is_empty(),
        };
        if (running > 0 && trouble.is_none()) || (takes && waiting + waits.free > 0) {
            return Outlook::Working;
        }
        if running + waiting > 0 || waits.free > 0 {
            let keeps = || hold.map(|hold| format!("{}: {}", hold.kind.word(), hold.why));
            if let Some(why) = trouble.or_else(keeps) {
                stuck.push(Stuck {
                    subject: Subject::Host(name.clone()),
                    waiting,
                    running,
                    why,
                    hold: hold.map(|hold| hold.kind),
                });
            }
        }
    }
    if waits
        .parked
        .keys()
        .any(|subject| fleet.hold(subject).is_some_and(|hold| hold.until.is_some()))
    {
        return Outlook::Working;
    }
    let all = waits.free + waits.bound.values().sum::<usize>();
    if all > 0 {
        stuck.extend(unheard.iter().map(|(name, hold)| Stuck {
            subject: Subject::Memory((*name).clone()),
            waiting: all,
            running: 0,
            why: hold.why.clone(),
            hold: Some(hold.kind),
        }));
    }
    stuck.extend(waits.held(fleet));
    if jobs.is_some() && stuck.is_empty() {
        Outlook::Done
    } else {
        Outlook::Stuck(stuck)
    }
}

/// Will this hold end without a person, or does it let `bound` jobs go on?
fn passes(hold: &Hold, bound: bool) -> bool {
    match hold.kind {
        Kind::Quarantined => true,
        Kind::Paused | Kind::Ailing | Kind::Refused | Kind::Draining if hold.until.is_some() => true,
        Kind::Draining => bound,
        Kind::Paused | Kind::Ailing | Kind::Refused | Kind::Unheard => false,
    }
}

/// Is it held for what it said to an earlier coordinator, and has not said anything to this one yet? It may be mended.
fn is_unheard(hold: &Hold, host: HostEntry<'_>, policy: &Policy, now: Timestamp) -> bool {
    hold.kind == Kind::Ailing
        && host.facts.is_none()
        && match host.link {
            Link::Up { since } => now.since(*since) < policy.unreachable,
            Link::Down { .. } | Link::Unknown => true,
        }
}

/// What jobs wait for.
#[derive(Debug, Default)]
struct Waits<'a> {
    /// Any host.
    free: usize,
    /// This host alone.
    bound: BTreeMap<&'a HostName, usize>,
    /// A person who ends the hold on this.
    parked: BTreeMap<Subject, usize>,
}

impl<'a> Waits<'a> {
    fn of(fleet: &'a Fleet, policy: &Policy) -> Waits<'a> {
        let mut waits = Waits {
            free: fleet.pool().len(),
            ..Waits::default()
        };
        // Jobs to try again wait for the host that has their finished phases, or else for any.
        for entry in fleet.again().all().filter_map(|queued| fleet.job(queued.job)) {
            match keeper(fleet, entry) {
                Some(host) => *waits.bound.entry(host).or_default() += 1,
                None => waits.free += 1,
            }
        }
        for (name, host) in fleet.hosts() {
            if policy.pinned && !host.queue.is_empty() {
                *waits.bound.entry(name).or_default() += host.queue.len();
            } else {
                waits.free += host.queue.len();
            }
        }
        for entry in fleet.parked().filter_map(|id| fleet.job(id)) {
            if let Some((subject, _)) = fleet.job_hold(entry) {
                *waits.parked.entry(subject).or_default() += 1;
            }
        }
        waits
    }

    fn held(self, fleet: &Fleet) -> Vec<Stuck> {
        let parked = self.parked.into_iter();
        parked
            .filter_map(|(subject, waiting)| {
                let hold = fleet.hold(&subject)?;
                Some(Stuck {
                    waiting,
                    running: 0,
                    why: format!("{}: {}", hold.kind.word(), hold.why),
                    hold: Some(hold.kind),
                    subject,
                })
            })
            .collect()
    }
}

/// Why this host will not do anything that is worth waiting for, if so.
fn trouble(host: HostEntry<'_>, policy: &Policy, now: Timestamp) -> Option<String> {
    if host.slots == 0 {
        return Some("it is not in fleet.toml".to_owned());
    }
    if let Some(word) = host.gone {
        return Some(format!("it was declared gone: {word}"));
    }
    match host.link {
        Link::Down {
            reason,
            outlook: LinkOutlook::Permanent,
            ..
        } => Some(reason.clone()),
        Link::Down {
            since,
            reason,
            outlook: LinkOutlook::Transient,
        } if now.since(*since) >= policy.unreachable => {
            Some(format!("not reached for {}: {reason}", now.since(*since)))
        }
        Link::Up { since } => {
            // A host that does nothing but refuse is as good as down.
            let (_, why) = host
                .refused
                .filter(|(at, _)| now.since(*at) < policy.unreachable)?;
            (host.live.is_empty() && now.since(*since) >= policy.unreachable).then(|| why.clone())
        }
        Link::Down { .. } | Link::Unknown => None,
    }
}
