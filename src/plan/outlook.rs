//! Is there anything left to wait for?

use std::collections::BTreeMap;

use super::Policy;
use super::place::keeper;
use crate::domain::fleet::HostEntry;
use crate::domain::host::{Link, Outlook as LinkOutlook};
use crate::domain::{Fleet, HostName, JobId, Timestamp};

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

/// One host that jobs wait for in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// Which host.
    pub host: HostName,
    /// How many jobs wait for it.
    pub waiting: usize,
    /// How many jobs it may be running.
    pub running: usize,
    /// What is wrong with it.
    pub why: String,
}

/// Looks at hosts only, so that it can be asked at every tick.
pub fn outlook(fleet: &Fleet, errand: &Errand, policy: &Policy, now: Timestamp) -> Outlook {
    let jobs = match errand {
        Errand::Sets if fleet.open() == 0 => return Outlook::Done,
        Errand::Sets => None,
        Errand::Close(jobs) => Some(jobs),
    };
    // Jobs to try again wait for the host that has their finished phases, or else for any.
    let mut kept: BTreeMap<&HostName, usize> = BTreeMap::new();
    let mut shared = jobs.is_none() && fleet.pool().next().is_some();
    for entry in fleet
        .again()
        .filter_map(|id| fleet.job(id))
        .filter(|_| jobs.is_none())
    {
        match keeper(fleet, entry) {
            Some(host) => *kept.entry(host).or_default() += 1,
            None => shared = true,
        }
    }
    let mut stuck = Vec::new();
    for (name, host) in fleet.hosts() {
        let running = host
            .live
            .iter()
            .filter(|id| jobs.is_none_or(|jobs| jobs.contains(&id.job)))
            .count();
        let waiting = if jobs.is_some() { 0 } else { host.queue.len() };
        let waiting = waiting + kept.get(name).copied().unwrap_or_default();
        if running + waiting == 0 && !shared {
            continue;
        }
        match trouble(host, policy, now) {
            None => return Outlook::Working,
            Some(why) => stuck.push(Stuck {
                host: name.clone(),
                waiting,
                running,
                why,
            }),
        }
    }
    if jobs.is_some() && stuck.is_empty() {
        Outlook::Done
    } else {
        Outlook::Stuck(stuck)
    }
}

/// Why this host will not do anything that is worth waiting for, if so.
fn trouble(host: &HostEntry, policy: &Policy, now: Timestamp) -> Option<String> {
    if host.slots == 0 {
        return Some("it is not in fleet.toml".to_owned());
    }
    if let Some(word) = &host.gone {
        return Some(format!("it was declared gone: {word}"));
    }
    match &host.link {
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
                .as_ref()
                .filter(|(at, _)| now.since(*at) < policy.unreachable)?;
            (host.live.is_empty() && now.since(*since) >= policy.unreachable).then(|| why.clone())
        }
        Link::Down { .. } | Link::Unknown => None,
    }
}
