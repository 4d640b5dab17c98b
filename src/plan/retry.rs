//! The one layer that tries again: which jobs, where, when, and which are given up.

use std::collections::BTreeSet;

use super::Policy;
use crate::domain::fault::{Again, Class};
use crate::domain::hold::{Kind, Subject};
use crate::domain::{Event, HostName, Span, Timestamp};
use crate::schedule::Fleet;
use crate::schedule::fleet::{Attempt, HostEntry, JobEntry};

/// Why a waiting job may not start now on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Delay {
    /// Not yet, wherever.
    Until(Timestamp),
    /// Its finished phases are on that host.
    KeptOn(HostName),
    /// It is to be tried again on the host that was cleaned for it.
    CleanedOn(HostName),
    /// It failed on this host, and another one may take it.
    FailedHere,
}

/// Jobs whose budget of tries, time or money is used up.
pub(super) fn give_up<'a>(
    fleet: &'a Fleet,
    policy: &'a Policy,
    now: Timestamp,
) -> impl Iterator<Item = Event> + 'a {
    let spent = fleet.again().all().filter_map(move |queued| {
        let why = spent(fleet.job(queued.job)?, policy, now)?;
        Some(Event::GaveUp { job: queued.job, why })
    });
    spent.chain(fleet.parked().filter_map(|id| {
        let why = spoilt(fleet, fleet.job(id)?)?;
        Some(Event::GaveUp { job: id, why })
    }))
}

/// A job that has met an image which is no good on any host need not see it once more.
fn spoilt(fleet: &Fleet, entry: &JobEntry) -> Option<String> {
    let (Subject::Image(_), hold) = fleet.job_hold(entry)? else {
        return None;
    };
    let met = entry.lost().any(|attempt| attempt.blame() == Some(Class::Image));
    (hold.kind == Kind::Refused && met).then(|| hold.why.clone())
}

/// Which budget is used up, and on what; none if there is some left.
fn spent(entry: &JobEntry, policy: &Policy, now: Timestamp) -> Option<String> {
    let last = entry.lost().last()?;
    let tries = entry.tries();
    if tries > policy.lost_retries as usize {
        return Some(told(entry, &format!("{tries} tries")));
    }
    if let Some(since) = pausing_since(entry)
        && now.since(since) > policy.provider_patience
    {
        let waited = format!("for {}", now.since(since));
        return Some(told(entry, &waited));
    }
    let money: u64 = entry
        .lost()
        .filter(|attempt| attempt.done().is_empty())
        .filter_map(|attempt| attempt.told.as_ref()?.spent)
        .sum();
    if policy.retry_money.is_some_and(|most| money >= most) && last.done().is_empty() {
        let dollars = format!(
            "{}.{:02} dollars spent on it",
            money / 1_000_000,
            money / 10_000 % 100
        );
        return Some(told(entry, &dollars));
    }
    None
}

/// Since when its provider has been asking for a pause, with nothing else in between.
fn pausing_since(entry: &JobEntry) -> Option<Timestamp> {
    let lost: Vec<&Attempt> = entry.lost().collect();
    let later = |attempt: &&&Attempt| attempt.fault().is_some_and(|fault| fault.again == Again::Later);
    let pauses = lost.iter().rev().take_while(later);
    // The earliest is the first one, unless the clock was set back in between.
    pauses
        .filter_map(|attempt| Some(attempt.told.as_ref()?.fault.as_ref()?.0))
        .min()
}

/// Why a job is given up: what its last attempt failed of, and where that happened.
fn told(entry: &JobEntry, budget: &str) -> String {
    let hosts: Vec<String> = entry.lost().map(|attempt| attempt.host.to_string()).collect();
    let hosts = hosts.join(", ");
    match entry.lost().last().and_then(Attempt::fault) {
        Some(fault) => format!("{fault} ({budget}, on {hosts})"),
        None => format!("lost ({budget}, on {hosts})"),
    }
}

/// May a job to try again start now on this host?
pub(super) fn may_start(
    fleet: &Fleet,
    policy: &Policy,
    entry: &JobEntry,
    here: &HostName,
    now: Timestamp,
) -> bool {
    spent(entry, policy, now).is_none() && delay(fleet, policy, entry, here, now).is_none()
}

/// What keeps a job that is to be tried again from starting here and now. What was paid for decides first: a job with
/// finished phases goes where they are. Otherwise to a host that has not failed it, unless there is none.
pub(super) fn delay(
    fleet: &Fleet,
    policy: &Policy,
    entry: &JobEntry,
    here: &HostName,
    now: Timestamp,
) -> Option<Delay> {
    if let Some(until) = cooling(entry, policy, now) {
        return Some(Delay::Until(until));
    }
    if let Some(keeper) = keeper(fleet, entry) {
        return (keeper != here).then(|| Delay::KeptOn(keeper.clone()));
    }
    if let Some(host) = cleaned(fleet, entry) {
        return (host != here).then(|| Delay::CleanedOn(host.clone()));
    }
    let losers: BTreeSet<&HostName> = entry.lost().map(|attempt| &attempt.host).collect();
    let others = || {
        let held = |name| fleet.host_hold(name).is_some();
        let mut hosts = fleet.hosts();
        hosts.any(|(name, host)| host.may_come() && !held(name) && !losers.contains(name))
    };
    // Where the provider asks for a pause, or nothing says that the host was to blame, it may be this host again.
    let innocent = entry
        .lost()
        .last()
        .and_then(Attempt::fault)
        .is_some_and(|fault| matches!(fault.again, Again::Later | Again::Mended));
    (losers.contains(here) && !innocent && others()).then_some(Delay::FailedHere)
}

/// When a job that has just failed through no fault of its own may be tried again.
fn cooling(entry: &JobEntry, policy: &Policy, now: Timestamp) -> Option<Timestamp> {
    let last = entry.lost().last()?;
    let (at, fault) = last.told.as_ref()?.fault.as_ref()?;
    // The provider's own rate says when.
    if matches!(fault.again, Again::Later | Again::Mended) {
        return None;
    }
    let doublings = u32::try_from(entry.tries().saturating_sub(1)).unwrap_or(u32::MAX);
    let pause = policy.retry_pause.0.saturating_mul(1 << doublings.min(16));
    at.pause(Span(pause), now)
}

/// The host that is to try the job once more, after leftovers were removed from it: if that is still worth it.
fn cleaned<'a>(fleet: &'a Fleet, entry: &'a JobEntry) -> Option<&'a HostName> {
    let last = entry.lost().last()?;
    let of = |attempt: &&Attempt| {
        attempt.host == last.host && attempt.fault().is_some_and(|fault| fault.again == Again::Cleaned)
    };
    let sound = |name: &HostName| {
        let host = fleet.host(name);
        host.is_some_and(HostEntry::may_come) && fleet.host_hold(name).is_none()
    };
    (entry.lost().filter(of).count() == 1 && of(&last) && sound(&last.host)).then_some(&last.host)
}

/// The host that holds finished phases of the job, unless it will never come back.
pub(super) fn keeper<'a>(fleet: &'a Fleet, entry: &'a JobEntry) -> Option<&'a HostName> {
    let lives = |name: &&HostName| {
        fleet
            .host(name)
            .is_some_and(|host| host.slots > 0 && host.gone.is_none())
    };
    entry.kept().map(|attempt| &attempt.host).find(lives)
}
