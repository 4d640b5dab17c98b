//! The tests that a log tells of, found by name in constant time.

use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher as _;

use super::Status;

/// Tests in the order in which they first appear; for one named twice the last status holds.
#[derive(Clone, Default)]
pub struct Results {
    /// Name and status.
    pub tests: Vec<(String, Status)>,
    index: Index,
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
            self.tests[place].1 = status;
        } else {
            self.index.add(hash, self.tests.len());
            self.tests.push((name.into_owned(), status));
        }
    }

    /// Notes all tests of another.
    pub(super) fn extend(&mut self, other: Results) {
        for (name, status) in other.tests {
            self.set(name, status);
        }
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
