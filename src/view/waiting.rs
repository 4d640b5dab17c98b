//! Why a job waits.

use std::collections::BTreeMap;

use serde::Serialize;

use super::board::{HostLine, in_order};
use crate::domain::fleet::JobEntry;
use crate::domain::host::Link;
use crate::domain::{Fleet, HostName, JobId, Place, Timestamp};

/// Waiting jobs that wait for the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// The host that they are for; none if any will do.
    pub host: Option<HostName>,
    /// What they wait for. Untrusted where it quotes a host.
    pub why: String,
    /// The jobs, in order.
    pub jobs: Vec<JobId>,
}

/// All waiting jobs, by host and reason.
pub(super) fn groups(fleet: &Fleet, hosts: &[HostLine], now: Timestamp) -> Vec<Waiting> {
    let pool = pool_reason(hosts);
    let mut groups: BTreeMap<(Option<HostName>, String), Vec<JobId>> = BTreeMap::new();
    for entry in in_order(fleet).into_iter().filter(|entry| entry.is_waiting()) {
        if let Some((subject, hold)) = fleet.job_hold(entry) {
            let why = format!("{subject} is {}: {}", hold.kind.word(), hold.why);
            groups.entry((None, why)).or_default().push(entry.job.id);
            continue;
        }
        if let Some((host, hold)) = fleet.unheard().next() {
            let why = format!("it may be running on {host}: {}", hold.why);
            groups.entry((None, why)).or_default().push(entry.job.id);
            continue;
        }
        let model = &entry.job.model;
        if let Some(rate) = fleet.provider_rate(model).filter(|rate| rate.until > now) {
            let why = format!(
                "the provider of {model} asked for a pause: none before {}",
                rate.until
            );
            groups.entry((None, why)).or_default().push(entry.job.id);
            continue;
        }
        let host = wanted_host(entry);
        let why = match host {
            Some(name) => host_reason(fleet, name, hosts.iter().find(|line| line.host == *name)),
            None => pool.clone(),
        };
        groups.entry((host.cloned(), why)).or_default().push(entry.job.id);
    }
    let whole = |((host, why), jobs)| Waiting { host, why, jobs };
    groups.into_iter().map(whole).collect()
}

/// Once a host has lost a job, any other may take it.
fn wanted_host(entry: &JobEntry) -> Option<&HostName> {
    match &entry.job.place {
        Place::Host(host) if entry.lost().next().is_none() => Some(host),
        Place::Host(_) | Place::Any => None,
    }
}

const NOTHING: &str = "nothing; starts while `fleet dispatch` runs";

fn host_reason(fleet: &Fleet, name: &HostName, line: Option<&HostLine>) -> String {
    let Some(line) = line.filter(|line| line.configured) else {
        return "the host is not in fleet.toml".to_owned();
    };
    if let Some(word) = &line.gone {
        return format!("the host is gone: {word}");
    }
    match &line.link {
        Link::Down { reason, .. } => format!("the host is down: {reason}"),
        Link::Unknown => "no link to the host yet".to_owned(),
        Link::Up { .. } if !has_room(line) => "its slots are busy".to_owned(),
        Link::Up { .. } => match fleet.host(name).and_then(|host| host.refused.as_ref()) {
            Some((_, why)) => format!("the host refused: {why}"),
            None => NOTHING.to_owned(),
        },
    }
}

fn pool_reason(hosts: &[HostLine]) -> String {
    let up =
        |line: &&HostLine| line.configured && line.gone.is_none() && matches!(line.link, Link::Up { .. });
    let mut up = hosts.iter().filter(up).peekable();
    if up.peek().is_none() {
        "no host has a link".to_owned()
    } else if up.any(has_room) {
        NOTHING.to_owned()
    } else {
        "all slots are busy".to_owned()
    }
}

fn has_room(line: &HostLine) -> bool {
    line.used < line.slots as usize
}
