//! What hosts remember and the database does not: what is to be recorded of it, and what must wait until all are heard.
//!
//! Invariant: a job's attempts are recorded so that the highest number that decides anything decides what becomes of the
//! job, whatever the order in which they were found; and no number that a host has seen is used again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::inventory::hidden;
use super::observe::{Heard, observe};
use crate::domain::event::{Past, Refusal};
use crate::domain::fault::Again;
use crate::domain::hold::{Kind, Subject};
use crate::domain::journal::{Ending, Entry, Line, Outcome};
use crate::domain::wire::{Capsule, Inventory};
use crate::domain::{AttemptId, AttemptState, Epoch, Event, HostName, Job, JobId, Timestamp};
use crate::schedule::Fleet;
use crate::schedule::fleet::{Attempt, MOST_TRIES};

/// What one host remembers.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// What is on it.
    pub inventory: Inventory,
    /// Of those that [`wants`] names, the journal from there on: whole lines.
    pub journals: BTreeMap<AttemptId, (u64, String)>,
}

/// What is to be recorded, in this order.
#[derive(Debug, Clone, Default)]
pub struct Adopted {
    /// The events.
    pub events: Vec<Event>,
    /// What could not be understood, or contradicts what is known.
    pub puzzles: Vec<String>,
}

/// From which byte on an attempt's journal is of use; none if it is known to its end, or as another host's.
pub fn wants(fleet: &Fleet, host: &HostName, id: AttemptId) -> Option<u64> {
    match fleet.attempt(id) {
        None => Some(0),
        // An older database, put back, may have given the number once more, and been refused.
        Some(known) if known.never_began() => Some(0),
        Some(known) => (known.host == *host && known.state.is_live()).then_some(known.offset),
    }
}

/// All that these hosts remember and the fleet does not know, as events of `at`. First the journals of attempts that are
/// known to live, since they may be over; then, job by job, the attempts that are unknown.
pub fn adopt(fleet: &Fleet, at: Timestamp, memories: &BTreeMap<HostName, Memory>) -> Adopted {
    let told = memories.values().flat_map(|memory| memory.inventory.attempts());
    let mut jobs: BTreeSet<JobId> = told.map(|attempt| attempt.job).collect();
    jobs.extend(fleet.hosts().flat_map(|(_, host)| host.live).map(|id| id.job));
    let mut by_job: BTreeMap<JobId, Vec<(&HostName, &Capsule)>> = BTreeMap::new();
    for (host, memory) in memories {
        for capsule in &memory.inventory.capsules {
            by_job
                .entry(capsule.attempt.job)
                .or_default()
                .push((host, capsule));
        }
    }
    let mut book = Book {
        fleet: fleet.part(&jobs, [], []),
        at,
        memories,
        by_job,
        adopted: Adopted::default(),
    };
    for job in unknown(fleet, memories) {
        book.add(Event::JobAdded(job));
    }
    for (host, memory) in memories {
        let heard = Heard::Inventory(memory.inventory.clone());
        let observed = observe(&book.fleet, host, &heard);
        book.adopted.puzzles.extend(observed.puzzles);
        for event in observed.events {
            // What is unknown comes later, when all of it is seen.
            if let Event::Lost { attempt, .. } = &event
                && book.fleet.attempt(*attempt).is_some()
            {
                book.add(event);
            }
        }
        let live = book.fleet.host(host).map(|entry| entry.live.clone());
        for id in live.unwrap_or_default() {
            book.read(host, id);
        }
    }
    for job in jobs {
        book.settle(job);
    }
    for (host, memory) in memories {
        for event in hidden(&book.fleet, host, &memory.inventory) {
            book.add(event);
        }
    }
    book.adopted
}

/// Of one host's capsules alone, as they are told when its link comes up: unknown attempts of jobs that are known and not
/// under way. One of a job is followed until its journal has told all; what else is over counts as lost.
pub(super) fn found(fleet: &Fleet, host: &HostName, capsules: &[Capsule]) -> Vec<Event> {
    let mut jobs: BTreeMap<JobId, BTreeMap<u32, &Capsule>> = BTreeMap::new();
    for capsule in capsules {
        let id = capsule.attempt;
        let waits = fleet.job(id.job).is_some_and(|entry| entry.live().is_none());
        if waits && can_be(fleet.epoch(), capsule) && wants(fleet, host, id) == Some(0) {
            jobs.entry(id.job).or_default().insert(id.n, capsule);
        }
    }
    let mut events = Vec::new();
    for (job, capsules) in jobs {
        let worth = |capsule: &Capsule| is_worth_knowing(capsule, None);
        let highest = capsules.values().rfind(|capsule| worth(capsule));
        // Only what tells nothing new may be added to a job that is closed.
        let open = fleet.job(job).is_some_and(|entry| entry.closed.is_none());
        let followed = highest.or(capsules.values().last()).filter(|_| open);
        if !open && let Some(later) = highest.filter(|later| reopens(fleet, host, later)) {
            events.push(reopened(later.attempt));
            events.push(is_there(host, later));
            continue;
        }
        for capsule in capsules.values() {
            let past = capsule.outcome.is_some() && (open || !worth(capsule));
            if past && followed.is_none_or(|followed| followed.attempt != capsule.attempt) {
                events.push(is_there(host, capsule));
                events.push(Event::Lost {
                    attempt: capsule.attempt,
                    proof: format!("{host} remembers it, and that it is over"),
                });
            }
        }
        events.extend(followed.map(|capsule| is_there(host, capsule)));
    }
    events
}

/// Did this attempt come after what has closed its job, on a host that was not heard until now?
fn reopens(fleet: &Fleet, host: &HostName, later: &Capsule) -> bool {
    let unheard = fleet.hold(&Subject::Memory(host.clone())).is_some();
    let attempts = fleet.job(later.attempt.job).map(|entry| &entry.attempts);
    let decided = attempts.into_iter().flatten().filter(|known| known.decides());
    unheard && decided.map(|known| known.n).max() < Some(later.attempt.n)
}

fn reopened(later: AttemptId) -> Event {
    Event::Reopened {
        job: later.job,
        why: format!("attempt {} came after what had closed it", later.n),
        from: Past::Kept,
    }
}

/// These hosts were not heard by an adoption: until they are, or are declared gone, nothing starts that waits. That all
/// others have nothing new proves nothing: what is new may be on these.
pub fn unheard<'h>(fleet: &Fleet, hosts: impl IntoIterator<Item = &'h HostName>) -> Vec<Event> {
    let held = |subject: &Subject| fleet.hold(subject).is_some();
    let subjects = hosts
        .into_iter()
        .map(|host| (host, Subject::Memory(host.clone())));
    subjects
        .filter(|(_, subject)| !held(subject))
        .map(|(host, subject)| Event::Held {
            subject,
            kind: Kind::Unheard,
            why: format!(
                "`fleet adopt` once it is reached, or `fleet host gone {host} --because WHY`: the database may be older \
                 than what hosts have done, and {host} was not heard since"
            ),
            until: None,
        })
        .collect()
}

/// A host was heard: nothing waits for that any more, if the jobs that it remembers are all known, and every attempt of
/// these that matters. One may be of a coordinator that only another adoption could come after, or of a job that seems to be
/// under way elsewhere.
pub fn heard(fleet: &Fleet, host: &HostName, there: &Inventory) -> Option<Event> {
    heard_with(fleet, host, there, &[])
}

/// The same, with what is about to be recorded.
pub(super) fn heard_with(
    fleet: &Fleet,
    host: &HostName,
    there: &Inventory,
    recorded: &[Event],
) -> Option<Event> {
    let known = |attempt: AttemptId| fleet.job(attempt.job).is_some();
    let told = |attempt: AttemptId| recorded.iter().any(|event| event.attempt() == Some(attempt));
    let open = |capsule: &Capsule| is_open(fleet, capsule) && !told(capsule.attempt);
    let mut hidden = there.hidden();
    let all = there.attempts().all(known)
        && !there.capsules.iter().any(open)
        && !hidden.any(|(attempt, _)| may_be_later(fleet, attempt) && !told(attempt));
    let_go(fleet, host, "it was heard").filter(|_| all)
}

/// Of an attempt that a host cannot read: may it have come after all that is known of its job, and be running?
fn may_be_later(fleet: &Fleet, id: AttemptId) -> bool {
    fleet.job(id.job).is_some_and(|entry| {
        let later = entry.next_number()..=MOST_TRIES;
        entry.closed.is_none() && entry.attempt(id.n).is_none() && later.contains(&id.n)
    })
}

/// Does a host remember an attempt that matters to its job, and that is not known?
fn is_open(fleet: &Fleet, capsule: &Capsule) -> bool {
    let id = capsule.attempt;
    let matters = is_worth_knowing(capsule, None) || id.n >= fleet.next_number(id.job);
    let new = fleet.attempt(id).is_none_or(Attempt::never_began);
    (1..=MOST_TRIES).contains(&id.n) && matters && new
}

/// Has this host something that could not be taken in: of a job that is not known, or of one that seems to be under way
/// elsewhere?
pub fn is_puzzling(fleet: &Fleet, memory: &Memory) -> bool {
    let mut hidden = memory.inventory.hidden();
    let mut capsules = memory.inventory.capsules.iter();
    hidden.any(|(attempt, _)| fleet.job(attempt.job).is_none() || may_be_later(fleet, attempt))
        || capsules.any(|capsule| can_be(fleet.epoch(), capsule) && is_open(fleet, capsule))
}

/// Nothing waits any more for what this host remembers.
pub(super) fn let_go(fleet: &Fleet, host: &HostName, why: &str) -> Option<Event> {
    let subject = Subject::Memory(host.clone());
    fleet.hold(&subject).is_some().then(|| Event::Released {
        subject: subject.clone(),
        why: why.to_owned(),
        vouched: false,
    })
}

/// Every job that some host remembers and the fleet does not know, in the order of their files.
fn unknown(fleet: &Fleet, memories: &BTreeMap<HostName, Memory>) -> Vec<Arc<Job>> {
    let mut jobs: BTreeMap<JobId, Arc<Job>> = BTreeMap::new();
    for Memory { inventory, .. } in memories.values() {
        let read = inventory.capsules.iter().map(|one| (one.attempt, &one.job));
        let unreadable = inventory.unreadable.iter().map(|one| (one.attempt, &one.job));
        for (attempt, job) in read.chain(unreadable) {
            let Some(job) = job else { continue };
            if job.id == attempt.job && fleet.job(job.id).is_none() {
                jobs.entry(job.id).or_insert_with(|| Arc::new(job.clone()));
            }
        }
    }
    let mut jobs: Vec<Arc<Job>> = jobs.into_values().collect();
    jobs.sort_by(|a, b| (&a.set, a.order).cmp(&(&b.set, b.order)));
    jobs
}

/// Can an attempt that the database does not know be true? Only if an earlier coordinator asked for it: what this one
/// asked for, it knows. Otherwise its host is confused, or lies.
pub(super) fn can_be(now: Epoch, capsule: &Capsule) -> bool {
    (1..=MOST_TRIES).contains(&capsule.attempt.n) && (Epoch(1)..now).contains(&capsule.epoch)
}

/// Does this attempt decide what becomes of its job, as far as its host says? One that was lost, or failed through no
/// fault of the job's, does not.
fn is_worth_knowing(capsule: &Capsule, journal: Option<&str>) -> bool {
    match &capsule.outcome {
        None | Some(Outcome::Succeeded | Outcome::Cancelled) => true,
        Some(Outcome::Failed { ending, .. }) => {
            !matches!(ending, Ending::HostFault(_)) && again(journal.unwrap_or_default()) == Again::Never
        }
        Some(Outcome::Lost { .. }) => false,
    }
}

/// What is to be done about the fault that a journal ends with.
fn again(journal: &str) -> Again {
    let lines = journal.lines().rev();
    let last = lines
        .filter_map(|line| serde_json::from_str::<Line>(line).ok())
        .find_map(|line| match line.entry {
            Entry::PhaseEnded { conclusion, .. } => Some(conclusion),
            Entry::Opened { .. }
            | Entry::PhaseStarted { .. }
            | Entry::Pressed { .. }
            | Entry::PhaseKept { .. }
            | Entry::Ended { .. } => None,
        });
    let fault = last.flatten().and_then(|conclusion| conclusion.fault);
    fault.map_or(Again::Never, |fault| fault.again)
}

fn is_there(host: &HostName, capsule: &Capsule) -> Event {
    Event::Found {
        attempt: capsule.attempt,
        host: host.clone(),
        epoch: capsule.epoch,
    }
}

/// The fleet as it is becoming.
struct Book<'m> {
    fleet: Fleet,
    at: Timestamp,
    memories: &'m BTreeMap<HostName, Memory>,
    by_job: BTreeMap<JobId, Vec<(&'m HostName, &'m Capsule)>>,
    adopted: Adopted,
}

/// An attempt as a host remembers it.
#[derive(Clone, Copy)]
struct Remembered<'m> {
    host: &'m HostName,
    capsule: &'m Capsule,
    worth: bool,
}

impl<'m> Book<'m> {
    fn add(&mut self, event: Event) {
        match self.fleet.fold(self.at, &event) {
            Ok(()) => self.adopted.events.push(event),
            Err(error) => self.adopted.puzzles.push(error.to_string()),
        }
    }

    /// Takes in what is new in an attempt's journal.
    fn read(&mut self, host: &HostName, id: AttemptId) {
        let memory = self.memories.get(host);
        let Some((from, text)) = memory.and_then(|memory| memory.journals.get(&id)) else {
            return;
        };
        let journal = Heard::Journal {
            attempt: id,
            from: *from,
            text: text.clone(),
        };
        let observed = observe(&self.fleet, host, &journal);
        self.adopted.puzzles.extend(observed.puzzles);
        for event in observed.events {
            self.add(event);
        }
    }

    /// What hosts remember of a job and the fleet does not know, by number.
    fn remembered(&self, job: JobId) -> BTreeMap<u32, Remembered<'m>> {
        let mut all: BTreeMap<u32, Remembered<'m>> = BTreeMap::new();
        for (host, capsule) in self.by_job.get(&job).into_iter().flatten().copied() {
            let id = capsule.attempt;
            let live = self.fleet.attempt(id).is_some_and(is_live);
            if live || !can_be(self.fleet.epoch(), capsule) || wants(&self.fleet, host, id) != Some(0) {
                continue;
            }
            let memory = self.memories.get(host);
            let journal = memory.and_then(|memory| memory.journals.get(&id));
            let worth = is_worth_knowing(capsule, journal.map(|(_, text)| text.as_str()));
            let one = Remembered { host, capsule, worth };
            // One number on two hosts was made by an older fleet: what lives, or came to something, counts. A host that only
            // claims that it lives, and has no journal of it, outranks nothing.
            let rank = |one: &Remembered<'_>| {
                let is_over = one.capsule.outcome.is_some();
                let lives = !is_over && one.capsule.journal.is_some();
                (lives, one.worth, is_over)
            };
            let known = all.entry(id.n).or_insert(one);
            if rank(&one) > rank(known) {
                *known = one;
            }
        }
        all
    }

    /// Records what is unknown of a job: its past first, and last what decides.
    fn settle(&mut self, job: JobId) {
        let mut remembered = self.remembered(job);
        let Some(entry) = self.fleet.job(job) else { return };
        if let Some(live) = entry.live() {
            let id = AttemptId { job, n: live.n };
            let host = self.memories.get(&live.host);
            let is_there = by_host(host, |there| there.capsules.iter().any(|one| one.attempt == id));
            if live.state == AttemptState::Intended
                && by_host(host, |there| there.attempts().all(|one| one != id))
                && let Some(epoch) = self.overlooked(id, &remembered)
            {
                let why = Refusal::Fenced(epoch);
                self.add(Event::Refused { attempt: id, why });
                return self.settle(job);
            }
            let after =
                |one: &&Remembered<'_>| one.capsule.attempt.n > id.n && one.capsule.epoch >= live.epoch;
            let Some(later) = remembered.values().rfind(after).filter(|_| !is_there) else {
                // It is alive, or may be on a host that was not asked: it keeps the job.
                return;
            };
            let (n, host) = (later.capsule.attempt.n, later.host);
            let proof = format!(
                "attempt {n} came after it, on {host}: the coordinator that placed that one knew that this one was over"
            );
            self.add(Event::Lost { attempt: id, proof });
        }
        let Some(entry) = self.fleet.job(job) else { return };
        let known = entry.attempts.iter().filter(|known| known.decides());
        let known = known.map(|known| known.n).max();
        let last = remembered
            .values()
            .rfind(|one| one.worth)
            .map(|one| one.capsule.attempt.n)
            .filter(|n| Some(*n) > known)
            .and_then(|n| remembered.remove(&n));
        for one in remembered.into_values() {
            let id = one.capsule.attempt;
            self.record(one);
            if self.fleet.attempt(id).is_some_and(is_live) {
                let proof = match &last {
                    Some(last) => format!("attempt {} came after it", last.capsule.attempt.n),
                    None => format!("{} remembers it, and that it is over", one.host),
                };
                self.add(Event::Lost { attempt: id, proof });
            }
        }
        let Some(last) = last else { return };
        if self.fleet.job(job).is_some_and(|entry| entry.closed.is_some()) {
            self.add(reopened(last.capsule.attempt));
        }
        self.record(last);
    }

    /// Was this attempt, which its host does not have, given by an older database that was put back? Then its number was
    /// given once more, or its job had an attempt before it that decides or lives. The coordinator that knew better.
    fn overlooked(&self, id: AttemptId, remembered: &BTreeMap<u32, Remembered<'m>>) -> Option<Epoch> {
        let mut capsules = self.by_job.get(&id.job).into_iter().flatten();
        let same = capsules.find(|(_, capsule)| capsule.attempt == id);
        let other = remembered.values().rfind(|one| one.worth);
        let hidden = || {
            let inventories = self.memories.values().map(|memory| &memory.inventory);
            let mut hidden = inventories.flat_map(Inventory::hidden);
            hidden.any(|(other, _)| other.job == id.job && self.fleet.attempt(other).is_none())
        };
        same.map(|(_, capsule)| capsule.epoch)
            .or(other.map(|one| one.capsule.epoch))
            .or_else(|| hidden().then(|| self.fleet.epoch()))
    }

    fn record(&mut self, one: Remembered<'m>) {
        self.add(is_there(one.host, one.capsule));
        self.read(one.host, one.capsule.attempt);
    }
}

/// Is this so, as the host says? One that was not heard says nothing.
fn by_host(host: Option<&Memory>, is_so: impl FnOnce(&Inventory) -> bool) -> bool {
    host.is_some_and(|memory| is_so(&memory.inventory))
}

fn is_live(attempt: &Attempt) -> bool {
    attempt.state.is_live()
}
