//! May a host take a job now, and if not, why not? `place` asks, and `explain` tells.

use std::fmt;

use super::Policy;
use crate::domain::hold::Kind;
use crate::domain::host::{Link, Outlook};
use crate::domain::memory::fits;
use crate::domain::{HostName, Span, Timestamp};
use crate::schedule::Fleet;
use crate::schedule::fleet::HostEntry;

/// Why a host takes nothing new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoRoom {
    /// It is not in `fleet.toml`.
    Unknown,
    /// A person says that it will never come back.
    Gone(String),
    /// It cannot be reached, since then.
    Down(Timestamp, String),
    /// It has not been reached yet, or has not told yet which images it has.
    NotYet,
    /// Something holds it.
    Held(Kind, String, Option<Timestamp>),
    /// It refused a job a moment ago.
    Refused(String),
    /// Something failed there, and it is being looked at.
    Looked,
    /// Leftovers are being removed.
    Cleaning,
    /// All of its slots are taken.
    Full,
    /// It has slots, and no memory for the tests of one more job.
    NoMemory(u64),
}

impl NoRoom {
    /// Does the host take jobs, and have as many as it can?
    pub fn is_busy(&self) -> bool {
        matches!(self, NoRoom::Full | NoRoom::NoMemory(_))
    }
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoRoom::Unknown => write!(f, "it is not in fleet.toml"),
            NoRoom::Gone(word) => write!(f, "it was declared gone: {word}"),
            NoRoom::Down(since, why) => write!(f, "not reached since {since}: {why}"),
            NoRoom::NotYet => write!(
                f,
                "it has not been reached yet, or has not told yet which images it has"
            ),
            NoRoom::Held(kind, why, until) => {
                let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
                write!(f, "it is {}{until}: {why}", kind.word())
            }
            NoRoom::Refused(why) => write!(f, "it has just refused a job: {why}"),
            NoRoom::Looked => write!(f, "something failed there, and it is being looked at"),
            NoRoom::Cleaning => write!(f, "leftovers are being removed from it"),
            NoRoom::Full => write!(f, "its slots are taken"),
            NoRoom::NoMemory(jobs) => write!(
                f,
                "its memory is enough for the tests of {jobs} at a time, and so many run there"
            ),
        }
    }
}

/// Why nothing new starts on this host now; none if something may.
pub(super) fn no_room(
    fleet: &Fleet,
    policy: &Policy,
    name: &HostName,
    host: HostEntry<'_>,
    now: Timestamp,
) -> Option<NoRoom> {
    if host.slots == 0 {
        return Some(NoRoom::Unknown);
    }
    if let Some(word) = host.gone {
        return Some(NoRoom::Gone(word.to_owned()));
    }
    match host.link {
        Link::Down { since, reason, .. } => return Some(NoRoom::Down(*since, reason.clone())),
        Link::Unknown => return Some(NoRoom::NotYet),
        Link::Up { .. } => {}
    }
    if let Some(hold) = fleet.host_hold(name) {
        return Some(NoRoom::Held(hold.kind, hold.why.clone(), hold.until));
    }
    if let Some((at, why)) = host.refused
        && now.since(*at) < policy.refused_pause
    {
        return Some(NoRoom::Refused(why.clone()));
    }
    if host.asked {
        return Some(NoRoom::NotYet);
    }
    if host.unseen && policy.docker {
        return Some(NoRoom::Looked);
    }
    if host.dirty {
        return Some(NoRoom::Cleaning);
    }
    if host.live.len() >= host.slots as usize {
        return Some(NoRoom::Full);
    }
    (host.live.len() >= capacity(host, policy)).then(|| NoRoom::NoMemory(capacity(host, policy) as u64))
}

/// How many jobs run on a host at a time: as many as it has slots, and memory for their tests.
pub(super) fn capacity(host: HostEntry<'_>, policy: &Policy) -> usize {
    let slots = host.slots as usize;
    match (policy.test_memory, host.facts) {
        (Some(each), Some((_, facts))) => {
            slots.min(usize::try_from(fits(facts.memory.0, each)).unwrap_or(slots))
        }
        _ => slots,
    }
}

/// Will this host do something of what waits, as far as is known? One that is not there for a moment will.
pub(super) fn usable(
    fleet: &Fleet,
    policy: &Policy,
    name: &HostName,
    host: HostEntry<'_>,
    now: Timestamp,
) -> bool {
    match no_room(fleet, policy, name, host, now) {
        None
        | Some(
            NoRoom::Full
            | NoRoom::NoMemory(_)
            | NoRoom::Refused(_)
            | NoRoom::Looked
            | NoRoom::Cleaning
            | NoRoom::NotYet,
        ) => true,
        Some(NoRoom::Down(since, _)) => {
            let passes = |link: &Link| {
                matches!(
                    link,
                    Link::Down {
                        outlook: Outlook::Transient,
                        ..
                    }
                )
            };
            passes(host.link) && now.since(since) < MOMENT
        }
        Some(NoRoom::Unknown | NoRoom::Gone(_) | NoRoom::Held(..)) => false,
    }
}

/// A host that is away for longer than this is not counted upon.
const MOMENT: Span = Span::seconds(10);
