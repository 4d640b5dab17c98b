//! Why does it wait? One answer, as data, for everybody who tells people: `status`, `explain`, the lines of `dispatch`.
//!
//! Invariant: the answer comes from the functions that decide ([`no_room`](super::room), [`retry`], the allowance of
//! providers), so that what people read is what `plan` goes by.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt;

use super::Policy;
use super::rate::{self, Allowance};
use super::retry::{self, Delay};
use super::room::{NoRoom, no_room};
use crate::domain::hold::{Kind, Subject};
use crate::domain::{HostName, ModelName, Place, Timestamp};
use crate::schedule::Fleet;
use crate::schedule::fleet::JobEntry;

/// Why a job waits.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// Its set, its model or its image is held.
    Held {
        /// What is held.
        subject: Subject,
        /// How.
        kind: Kind,
        /// Why.
        why: String,
        /// When the hold ends by itself, if it does.
        until: Option<Timestamp>,
    },
    /// It may be running on a host whose memory is not known.
    Unheard {
        /// That host.
        host: HostName,
        /// Why its memory is not known.
        why: String,
    },
    /// The provider of its model asked for less.
    Provider {
        /// The model.
        model: ModelName,
        /// No job of it starts before.
        until: Option<Timestamp>,
        /// So many jobs of it may run at a time.
        cap: f64,
        /// So many do.
        running: usize,
    },
    /// It failed through no fault of its own, and is tried again then.
    Rests(Timestamp),
    /// It needs this host, which takes nothing now.
    Host {
        /// The host.
        host: HostName,
        /// What keeps the host from taking it.
        why: NoRoom,
        /// Why it must be that host.
        need: Need,
    },
    /// No host takes it.
    Hosts(Vec<(HostName, NoRoom)>),
    /// Every slot that could take it is taken.
    Busy,
    /// A host has room: the coordinator starts it next, or something more urgent.
    Next,
    /// A host would take it, and no coordinator is at work.
    NoCoordinator,
    /// The coordinator that is at work runs other sets.
    OtherSets,
}

/// Why a job must run on one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The hosts of its file are an order.
    Order,
    /// Its finished phases are there.
    Kept,
    /// The host was cleaned for it.
    Cleaned,
}

/// Who runs jobs now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coordination {
    /// A coordinator is at work, for the sets that are enabled.
    AtWork,
    /// No coordinator is at work. What is known of hosts is what the last one saw.
    Nobody,
}

/// The reasons of one moment.
#[derive(Debug)]
pub struct Reasons<'a> {
    fleet: &'a Fleet,
    policy: &'a Policy,
    now: Timestamp,
    by: Coordination,
    rates: Allowance<'a>,
    hosts: BTreeMap<&'a HostName, Option<NoRoom>>,
    /// What keeps jobs that were never tried, and may run anywhere: the same for all of them.
    fresh: OnceCell<Reason>,
}

impl<'a> Reasons<'a> {
    /// What keeps jobs waiting now.
    pub fn new(fleet: &'a Fleet, policy: &'a Policy, now: Timestamp, by: Coordination) -> Reasons<'a> {
        let room = |(name, host)| {
            let why = no_room(fleet, policy, name, host, now);
            // A host that no coordinator has tried to reach is no obstacle while there is no coordinator.
            let why = why.filter(|why| by == Coordination::AtWork || *why != NoRoom::NotYet);
            (name, why)
        };
        Reasons {
            fleet,
            policy,
            now,
            by,
            rates: Allowance::new(fleet, policy, now),
            hosts: fleet.hosts().map(room).collect(),
            fresh: OnceCell::new(),
        }
    }

    /// Why this host takes nothing new; none if it does.
    pub fn host(&self, name: &HostName) -> Option<&NoRoom> {
        self.hosts.get(name)?.as_ref()
    }

    /// Why this job waits.
    pub fn job(&self, entry: &JobEntry) -> Reason {
        let reason = self.obstacle(entry);
        let is_for_hosts = matches!(reason, Reason::Next | Reason::Busy | Reason::Hosts(_));
        if is_for_hosts && self.by == Coordination::AtWork && !self.fleet.is_enabled(&entry.job.set) {
            return Reason::OtherSets;
        }
        reason
    }

    /// The same, as if its set were run.
    fn obstacle(&self, entry: &JobEntry) -> Reason {
        if let Some((subject, hold)) = self.fleet.job_hold(entry) {
            return Reason::Held {
                subject,
                kind: hold.kind,
                why: hold.why.clone(),
                until: hold.until,
            };
        }
        if let Some((host, hold)) = self.fleet.unheard().next() {
            return Reason::Unheard {
                host: host.clone(),
                why: hold.why.clone(),
            };
        }
        let model = &entry.job.model;
        if !entry.is_paid_for() && !self.rates.admits(model) {
            return self.provider(model);
        }
        if entry.attempts.is_empty() && self.ordered(entry).is_none() {
            return self.fresh.get_or_init(|| self.room_for(entry)).clone();
        }
        self.room_for(entry)
    }

    fn provider(&self, model: &ModelName) -> Reason {
        let group = rate::group(self.policy, model);
        let rates = group.iter().filter_map(|model| self.fleet.provider_rate(model));
        let (cap, until) = rates
            .map(|rate| (rate.cap, rate.until))
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
            .unwrap_or((1.0, self.now));
        Reason::Provider {
            model: model.clone(),
            until: (until > self.now).then_some(until),
            cap,
            running: group.iter().map(|model| self.fleet.under_way(model)).sum(),
        }
    }

    fn room_for(&self, entry: &JobEntry) -> Reason {
        let mut obstacles = Vec::new();
        let mut is_free = false;
        for (name, room) in &self.hosts {
            match retry::delay(self.fleet, self.policy, entry, name, self.now) {
                Some(Delay::Until(until)) => return Reason::Rests(until),
                Some(Delay::KeptOn(host)) => return self.only(&host, Need::Kept),
                Some(Delay::CleanedOn(host)) => return self.only(&host, Need::Cleaned),
                Some(Delay::FailedHere) => continue,
                None => {}
            }
            if let Some(host) = self.ordered(entry)
                && host != *name
            {
                continue;
            }
            match room {
                None => is_free = true,
                Some(NoRoom::Held(Kind::Draining, ..)) if retry::keeper(self.fleet, entry) == Some(name) => {
                    is_free = true;
                }
                Some(why) => obstacles.push(((*name).clone(), why.clone())),
            }
        }
        if is_free {
            return self.start();
        }
        if let Some(host) = self.ordered(entry) {
            return self.only(host, Need::Order);
        }
        // Hosts that are no longer in the file are worth a word only where they are all there is.
        let is_there = |(_, why): &(HostName, NoRoom)| *why != NoRoom::Unknown;
        if obstacles.iter().any(is_there) {
            obstacles.retain(is_there);
        }
        if obstacles.iter().any(|(_, why)| why.is_busy()) {
            Reason::Busy
        } else {
            Reason::Hosts(obstacles)
        }
    }

    /// The one host that may take the job, where that is an order.
    fn ordered<'e>(&self, entry: &'e JobEntry) -> Option<&'e HostName> {
        match &entry.job.place {
            Place::Host(host) if self.policy.pinned && entry.lost().next().is_none() => Some(host),
            Place::Host(_) | Place::Any => None,
        }
    }

    fn only(&self, host: &HostName, need: Need) -> Reason {
        let drains = |why: &NoRoom| need == Need::Kept && matches!(why, NoRoom::Held(Kind::Draining, ..));
        let room = self.hosts.get(host).cloned().unwrap_or(Some(NoRoom::Unknown));
        match room.filter(|why| !drains(why)) {
            Some(why) => Reason::Host {
                host: host.clone(),
                why,
                need,
            },
            None => self.start(),
        }
    }

    fn start(&self) -> Reason {
        match self.by {
            Coordination::Nobody => Reason::NoCoordinator,
            Coordination::AtWork => Reason::Next,
        }
    }
}

impl Reason {
    /// One word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Reason::Held { .. } => "held",
            Reason::Unheard { .. } => "unheard",
            Reason::Provider { .. } => "provider",
            Reason::Rests(_) => "resting",
            Reason::Host { .. } => "host",
            Reason::Hosts(_) => "hosts",
            Reason::Busy => "busy",
            Reason::Next => "next",
            Reason::NoCoordinator => "no-coordinator",
            Reason::OtherSets => "other-sets",
        }
    }

    /// What only a person can end: the subjects that `fleet resume` would let go on. Empty if time alone may end it.
    pub fn needs_resume(&self) -> Vec<Subject> {
        let by_hand = |why: &NoRoom| matches!(why, NoRoom::Held(Kind::Paused | Kind::Draining, _, None));
        match self {
            Reason::Held {
                subject, until: None, ..
            } => vec![subject.clone()],
            Reason::Host { host, why, .. } if by_hand(why) => vec![Subject::Host(host.clone())],
            Reason::Hosts(hosts) if !hosts.is_empty() && hosts.iter().all(|(_, why)| by_hand(why)) => hosts
                .iter()
                .map(|(host, _)| Subject::Host(host.clone()))
                .collect(),
            Reason::Held { .. }
            | Reason::Unheard { .. }
            | Reason::Provider { .. }
            | Reason::Rests(_)
            | Reason::Host { .. }
            | Reason::Hosts(_)
            | Reason::Busy
            | Reason::Next
            | Reason::NoCoordinator
            | Reason::OtherSets => Vec::new(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Held {
                subject,
                kind,
                why,
                until,
            } => {
                let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
                write!(f, "{subject} is {}{until}: {why}", kind.word())
            }
            Reason::Unheard { host, why } => write!(f, "it may be running on {host}: {why}"),
            Reason::Provider {
                model,
                until: Some(until),
                ..
            } => write!(
                f,
                "until {until} nothing of {model} starts: its provider asked for a pause"
            ),
            Reason::Provider {
                model,
                until: None,
                cap,
                running,
            } => write!(
                f,
                "the provider of {model} asked for less: {running} running, at most {cap:.0} at a time for now"
            ),
            Reason::Rests(until) => write!(f, "its last attempt failed; the next one starts after {until}"),
            Reason::Host { host, why, need } => {
                let need = match need {
                    Need::Order => "only this host may take it",
                    Need::Kept => "its finished phases are there",
                    Need::Cleaned => "the host was cleaned for it",
                };
                write!(f, "{host}: {why} ({need})")
            }
            Reason::Hosts(hosts) if hosts.is_empty() => write!(f, "no host in fleet.toml may take it"),
            Reason::Hosts(hosts) => {
                let each: Vec<String> = hosts.iter().map(|(host, why)| format!("{host}: {why}")).collect();
                write!(f, "no host takes it now ({})", each.join("; "))
            }
            Reason::Busy => write!(f, "every slot that could take it is taken"),
            Reason::Next => write!(f, "a host has room; it starts next, after what is more urgent"),
            Reason::NoCoordinator => write!(f, "no coordinator is at work; `fleet dispatch` starts it"),
            Reason::OtherSets => write!(
                f,
                "the coordinator at work does not run its set; `fleet dispatch` with all sets does"
            ),
        }
    }
}
