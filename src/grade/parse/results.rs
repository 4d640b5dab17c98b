//! The tests that a log tells of, found by name in constant time.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher as _;

use super::Status;

/// Tests in the order in which they first appear; for one named twice the last status holds.
#[derive(Clone, Default)]
pub struct Results {
    /// Name and status.
    pub tests: Vec<(String, Status)>,
    /// The whole names of tests whose names in `tests` end at a blank, because the reference parsers stop there.
    pub whole: Vec<Whole>,
    /// Places of tests that were said to have failed and, in another line, not to have failed.
    torn: BTreeSet<usize>,
    index: Index,
}

/// A test whose name has a blank in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// Its whole name.
    pub name: String,
    /// What the reference parsers take for its name.
    pub short: String,
    /// What became of it.
    pub status: Status,
}

/// How many tests have each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Errors.
    pub error: usize,
    /// Skipped.
    pub skipped: usize,
    /// Failed, as expected.
    pub xfail: usize,
    /// Passed, unexpectedly.
    pub xpass: usize,
}

impl Results {
    /// The status of the test of exactly this name.
    pub fn get(&self, name: &str) -> Option<Status> {
        let place = self.index.find(name, &self.tests)?;
        self.tests.get(place).map(|(_, status)| *status)
    }

    /// The tests that failed by one line of the log and did not by another.
    pub fn torn(&self) -> impl Iterator<Item = &str> {
        let name = |place: &usize| self.tests.get(*place).map(|(name, _)| name.as_str());
        self.torn.iter().filter_map(name)
    }

    /// How many tests.
    pub fn len(&self) -> usize {
        self.tests.len()
    }

    /// Whether no test was found.
    pub fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// How many tests have each status.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (_, status) in &self.tests {
            *match status {
                Status::Passed => &mut counts.passed,
                Status::Failed => &mut counts.failed,
                Status::Error => &mut counts.error,
                Status::Skipped => &mut counts.skipped,
                Status::Xfail => &mut counts.xfail,
                Status::Xpass => &mut counts.xpass,
            } += 1;
        }
        counts
    }

    /// Notes a test. A name of nothing is no test.
    pub(super) fn set<'a>(&mut self, name: impl Into<Cow<'a, str>>, status: Status) {
        let name = name.into();
        if name.is_empty() {
            return;
        }
        let hash = self.index.hash(&name);
        if let Some(place) = self.index.find_hashed(hash, &name, &self.tests) {
            if self.tests[place].1.is_bad() != status.is_bad() {
                self.torn.insert(place);
            }
            self.tests[place].1 = status;
        } else {
            self.index.add(hash, self.tests.len());
            self.tests.push((name.into_owned(), status));
        }
    }

    /// Notes that a test, if it is known, failed by another line.
    pub(super) fn tear(&mut self, name: &str) {
        let place = self.index.find(name, &self.tests);
        self.torn
            .extend(place.filter(|place| !self.tests[*place].1.is_bad()));
    }

    /// Notes the whole name of a test, which its name does not hold.
    pub(super) fn spell(&mut self, name: &str, short: &str, status: Status) {
        self.whole.push(Whole {
            name: name.to_owned(),
            short: short.to_owned(),
            status,
        });
    }

    /// Notes all tests of another.
    pub(super) fn extend(&mut self, other: Results) {
        for (place, (name, status)) in other.tests.into_iter().enumerate() {
            let hash = self.index.hash(&name);
            self.set(name.as_str(), status);
            if other.torn.contains(&place)
                && let Some(place) = self.index.find_hashed(hash, &name, &self.tests)
            {
                self.torn.insert(place);
            }
        }
        self.whole.extend(other.whole);
    }
}

impl PartialEq for Results {
    fn eq(&self, other: &Results) -> bool {
        self.tests == other.tests
    }
}

impl Eq for Results {}

impl fmt::Debug for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.tests.iter().map(|(name, status)| (name, status)))
            .finish()
    }
}

/// Where each name stands: an open table that holds places instead of second copies of the names, of which
/// a log can have a million. Seeded, because names are chosen by strangers.
#[derive(Clone, Default)]
struct Index {
    seed: RandomState,
    slots: Vec<Option<Slot>>,
    used: usize,
}

#[derive(Clone, Copy)]
struct Slot {
    hash: u64,
    place: usize,
}

impl Index {
    fn hash(&self, name: &str) -> u64 {
        self.seed.hash_one(name)
    }

    fn find(&self, name: &str, tests: &[(String, Status)]) -> Option<usize> {
        self.find_hashed(self.hash(name), name, tests)
    }

    fn find_hashed(&self, hash: u64, name: &str, tests: &[(String, Status)]) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let mut at = self.home(hash);
        while let Some(slot) = self.slots[at] {
            if slot.hash == hash && tests.get(slot.place).is_some_and(|(known, _)| known == name) {
                return Some(slot.place);
            }
            at = self.after(at);
        }
        None
    }

    fn add(&mut self, hash: u64, place: usize) {
        // Half of the slots stay empty, so that every search ends soon.
        if (self.used + 1) * 2 > self.slots.len() {
            let larger = vec![None; (self.slots.len() * 2).max(64)];
            let old = std::mem::replace(&mut self.slots, larger);
            for slot in old.into_iter().flatten() {
                self.put(slot);
            }
        }
        self.put(Slot { hash, place });
        self.used += 1;
    }

    fn put(&mut self, slot: Slot) {
        let mut at = self.home(slot.hash);
        while self.slots[at].is_some() {
            at = self.after(at);
        }
        self.slots[at] = Some(slot);
    }

    fn home(&self, hash: u64) -> usize {
        // Lengths are powers of two; what the narrower type loses is not looked at.
        usize::try_from(hash & (self.slots.len() as u64 - 1)).unwrap_or(0)
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }
}

/// No program has more tests than this; a log that claims it is not believed.
pub(super) const MOST_NUMBERED: u32 = 100_000;

/// Adds tests that are known by number alone, because the log only counts them: those that passed, those
/// that failed, those that broke.
pub(super) fn numbered(results: &mut Results, prefix: &str, first: u32, counts: [u32; 3]) {
    if counts.into_iter().fold(0, u32::saturating_add) > MOST_NUMBERED {
        return;
    }
    let kinds = [Status::Passed, Status::Failed, Status::Error];
    let statuses = counts
        .into_iter()
        .zip(kinds)
        .flat_map(|(count, status)| (0..count).map(move |_| status));
    for (number, status) in (first..).zip(statuses) {
        results.set(format!("{prefix}test_{number}"), status);
    }
}
