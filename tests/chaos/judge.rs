//! Was a promise broken? The ledgers of the hosts against the books, and against what was done to them.
//!
//! What was done excuses only what follows from it. Nothing excuses an overlap, a job that is in no account, or a
//! success without an end. An attempt that really ended may be run again, or be missing in the books, only if its own
//! supervisor, its own capsule or its host at that time was damaged.

use std::collections::{BTreeMap, BTreeSet};

use super::ledger::{Tick, Try};

/// After its last line in the ledger, an attempt needs so long to get its end into its journal.
const CLOSING: Tick = 1500;

/// What was done to attempts, so that their ends may not be known.
#[derive(Debug, Clone)]
pub(crate) struct Deed {
    /// Where.
    pub(crate) host: String,
    /// To this attempt; without it, to all that lived there.
    pub(crate) attempt: Option<String>,
    /// From when.
    pub(crate) from: Tick,
    /// Until when.
    pub(crate) to: Tick,
}

/// A job in the books.
#[derive(Debug, Clone)]
pub(crate) struct Booked {
    /// Its id.
    pub(crate) job: String,
    /// Its account.
    pub(crate) account: String,
    /// What more the books say.
    pub(crate) how: String,
    /// Are its files at home?
    pub(crate) at_home: bool,
}

/// All that there is to judge by.
#[derive(Debug, Default)]
pub(crate) struct Case {
    /// What the hosts' ledgers say.
    pub(crate) tries: Vec<Try>,
    /// The books: each row by `SET/INSTANCE`.
    pub(crate) books: Vec<(String, Booked)>,
    /// Every job that was dispatched, as `SET/INSTANCE`.
    pub(crate) dispatched: BTreeSet<String>,
    /// Jobs of which a person wanted the end.
    pub(crate) cancelled: BTreeSet<String>,
    /// Jobs that a person wanted to be tried again.
    pub(crate) retried: BTreeSet<String>,
    /// What was done to attempts.
    pub(crate) deeds: Vec<Deed>,
    /// When the database was deleted, or an older one put back.
    pub(crate) losses: Vec<Tick>,
    /// How many jobs each host may run at a time.
    pub(crate) slots: BTreeMap<String, usize>,
}

/// Which promise was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Two attempts of one job lived at the same time.
    Overlap,
    /// One attempt was started twice, or its number was given twice.
    Twice,
    /// A host ran more jobs at a time than it has slots.
    Slot,
    /// A job ran again although it had ended and its end was to be had.
    Again,
    /// A job is in no account, or in several.
    Lost,
    /// A job is open, and nothing happens any more.
    Open,
    /// A success without an end.
    False,
    /// What came out is not what the books say.
    Wrong,
    /// What came out is not at home.
    Away,
}

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breach {
    /// Which one.
    pub(crate) kind: Kind,
    /// What happened.
    pub(crate) what: String,
}

/// All broken promises.
pub(crate) fn breaches(case: &Case) -> Vec<Breach> {
    let mut found = Vec::new();
    let mut jobs: BTreeMap<&str, Vec<&Try>> = BTreeMap::new();
    for one in &case.tries {
        jobs.entry(&one.who).or_default().push(one);
    }
    for tries in jobs.values() {
        overlaps(case, tries, &mut found);
        again(case, tries, &mut found);
    }
    slots(case, &mut found);
    let mut books: BTreeMap<&str, Vec<&Booked>> = BTreeMap::new();
    for (who, booked) in &case.books {
        books.entry(who).or_default().push(booked);
    }
    for who in &case.dispatched {
        let tries = jobs.get(who.as_str()).map_or(&[][..], Vec::as_slice);
        match books.remove(who.as_str()).as_deref() {
            Some([booked]) => found.extend(account(case, who, tries, booked)),
            rows => found.push(Breach {
                kind: Kind::Lost,
                what: format!(
                    "{who} stands in the books {} times: {}",
                    rows.map_or(0, <[_]>::len),
                    told(tries)
                ),
            }),
        }
    }
    found.extend(books.into_keys().map(|who| Breach {
        kind: Kind::Lost,
        what: format!("{who} stands in the books, and nobody dispatched it"),
    }));
    found
}

fn overlaps(case: &Case, tries: &[&Try], found: &mut Vec<Breach>) {
    for (i, one) in tries.iter().enumerate() {
        let known = |pair: &[Tick]| matches!(pair, [from, to] if !case.is_forgotten(one, *from, *to));
        if one.starts.windows(2).any(known) {
            found.push(Breach {
                kind: Kind::Twice,
                what: told(&[one]),
            });
        }
        for other in &tries[i + 1..] {
            if one.attempt == other.attempt && !case.is_forgotten(one, one.last, other.first) {
                found.push(Breach {
                    kind: Kind::Twice,
                    what: told(&[one, other]),
                });
            }
            let both = one.overlap(other);
            if both > 0 {
                found.push(Breach {
                    kind: Kind::Overlap,
                    what: format!("{} for {}: {}", one.who, seconds(both), told(&[one, other])),
                });
            }
        }
    }
}

fn again(case: &Case, tries: &[&Try], found: &mut Vec<Breach>) {
    for one in tries {
        let Some((_, at)) = one.end else { continue };
        let later = tries.iter().find(|other| other.first > at);
        if let Some(later) = later.filter(|_| !case.retried.contains(&one.who) && !case.excuses(one)) {
            found.push(Breach {
                kind: Kind::Again,
                what: format!("{}: {}", one.who, told(&[one, later])),
            });
        }
    }
}

fn slots(case: &Case, found: &mut Vec<Breach>) {
    for (host, slots) in &case.slots {
        // In the order in which they began.
        let mut alive: Vec<&Try> = Vec::new();
        for one in case.tries.iter().filter(|one| one.host == *host) {
            alive.retain(|other| other.overlap(one) > 0);
            if alive.len() >= *slots {
                let both = alive.iter().map(|other| other.overlap(one)).min().unwrap_or(0);
                let names: Vec<&Try> = alive.iter().copied().chain([one]).collect();
                found.push(Breach {
                    kind: Kind::Slot,
                    what: format!("{host} for {}: {}", seconds(both), told(&names)),
                });
            }
            alive.push(one);
        }
    }
}

fn account(case: &Case, who: &str, tries: &[&Try], booked: &Booked) -> Option<Breach> {
    let breach = |kind| {
        let Booked {
            job, account, how, ..
        } = booked;
        let tries = told(tries);
        let what = format!("{who} ({job}) is {account} ({how}): {tries}");
        Some(Breach { kind, what })
    };
    // A number that was given twice is a breach already; here the later one of them counts.
    let last = tries.iter().max_by_key(|one| (one.n(), one.first));
    let ended = |good| {
        tries
            .iter()
            .any(|one| one.end.is_some_and(|(well, _)| well == good))
    };
    let doubted = last.is_some_and(|last| case.excuses(last));
    match (booked.account.as_str(), last.and_then(|last| last.end)) {
        ("waiting" | "running", _) => breach(Kind::Open),
        ("succeeded", _) if !ended(true) => breach(Kind::False),
        ("succeeded", Some((true, _))) | ("failed", Some((false, _))) if !booked.at_home && !doubted => {
            breach(Kind::Away)
        }
        ("succeeded", Some((true, _))) | ("failed", Some((false, _))) => None,
        ("cancelled", _) if case.cancelled.contains(who) => None,
        // The last attempt's own end may be gone; then an earlier one decides.
        ("succeeded", _) if doubted => None,
        ("failed", _) if doubted && ended(false) => None,
        (_, _) => breach(Kind::Wrong),
    }
}

impl Case {
    /// Is an attempt that lived at `from` forgotten for good? Its own capsule was destroyed, and the database lost
    /// after that, before its number was given once more.
    fn is_forgotten(&self, one: &Try, from: Tick, again: Tick) -> bool {
        self.deeds.iter().any(|deed| {
            let own = deed.host == one.host && deed.attempt.as_ref() == Some(&one.attempt);
            let lost = |at: &Tick| (from.max(deed.from)..again).contains(at);
            own && self.losses.iter().any(lost)
        })
    }

    /// May the end of this attempt be unknown?
    fn excuses(&self, one: &Try) -> bool {
        self.deeds.iter().any(|deed| {
            let then = deed.from <= one.last + CLOSING && deed.to >= one.first;
            deed.host == one.host
                && deed
                    .attempt
                    .as_ref()
                    .map_or(then, |attempt| *attempt == one.attempt)
        })
    }
}

fn told(tries: &[&Try]) -> String {
    let one = |one: &&Try| {
        let end = match one.end {
            Some((true, at)) => format!("ended {}", seconds(at)),
            Some((false, at)) => format!("failed {}", seconds(at)),
            None => "no end".to_owned(),
        };
        let starts = match one.starts.len() {
            1 => String::new(),
            n => format!(", {n} starts"),
        };
        let Try { attempt, host, .. } = one;
        let (first, last) = (seconds(one.first), seconds(one.last));
        format!("{attempt} on {host} {first} to {last} ({end}{starts})")
    };
    if tries.is_empty() {
        return "it never ran".to_owned();
    }
    tries.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// A time or a length of time, for people.
pub(crate) fn seconds(ticks: Tick) -> String {
    format!("{}.{:02}s", ticks / 100, ticks % 100)
}
