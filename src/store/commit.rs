//! Committing events, with the rows that follow from them, in one transaction.
//!
//! Invariant: what the rows become is decided by `Fleet::fold`, on a small part of the fleet, before
//! anything is written. Events that cannot be folded are never stored.

use std::collections::BTreeSet;

use super::attempt::{WrittenAttempt, delete_attempt};
use super::event::EventRow;
use super::hold::WrittenStand;
use super::host::{HostLink, HostShelf, HostWord, NewHost};
use super::job::{JobFate, NewJob};
use super::new_jobs::write_new_jobs;
use super::write::write_rows;
use super::{Store, StoreError};
use crate::domain::event::Event;
use crate::domain::hold::Subject;
use crate::domain::name::HostName;
use crate::domain::{AttemptId, JobId, Timestamp};
use crate::schedule::Fleet;
use crate::schedule::fleet::JobEntry;

impl Store {
    /// Stores events that happened at `at`, in this order: all of them, or none. `fleet` is the fleet before
    /// them; the caller folds them into it once this has returned. Many at once cost little more than one.
    pub async fn commit(&self, at: Timestamp, events: &[Event], fleet: &Fleet) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let touched = Touched::by(events);
        let mut after = fleet.part(
            &touched.jobs,
            touched.links.iter().chain(&touched.shelves).copied(),
            touched.stands.iter().copied(),
        );
        for event in events {
            after.fold(at, event)?;
        }
        let rows = Rows::of(at, events, &touched, fleet, &after)?;
        let mut transaction = self.pool.begin_with("begin immediate").await?;
        write_new_jobs(&mut transaction, at, &rows.jobs).await?;
        write_rows(&mut transaction, &rows.hosts).await?;
        write_rows(&mut transaction, &rows.links).await?;
        write_rows(&mut transaction, &rows.words).await?;
        write_rows(&mut transaction, &rows.shelves).await?;
        write_rows(&mut transaction, &rows.stands).await?;
        for id in &rows.replaced {
            delete_attempt(&mut transaction, *id).await?;
        }
        write_rows(&mut transaction, &rows.attempts).await?;
        write_rows(&mut transaction, &rows.fates).await?;
        write_rows(&mut transaction, &rows.events).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// What a batch of events speaks of.
#[derive(Default)]
struct Touched<'a> {
    jobs: BTreeSet<JobId>,
    attempts: BTreeSet<AttemptId>,
    /// Hosts that a row will name.
    hosts: BTreeSet<&'a HostName>,
    /// Of these, those whose link changed.
    links: BTreeSet<&'a HostName>,
    /// And those that a person spoke about.
    words: BTreeSet<&'a HostName>,
    /// And those whose images changed.
    shelves: BTreeSet<&'a HostName>,
    /// What is held now, or no longer.
    stands: BTreeSet<&'a Subject>,
}

impl<'a> Touched<'a> {
    fn by(events: &'a [Event]) -> Touched<'a> {
        let mut touched = Touched::default();
        for event in events {
            touched.jobs.extend(event.job());
            touched.attempts.extend(event.attempt());
            match event {
                Event::Intended { host, .. } | Event::Found { host, .. } => {
                    touched.hosts.insert(host);
                }
                Event::LinkUp { host, .. } | Event::LinkDown { host, .. } => {
                    touched.hosts.insert(host);
                    touched.links.insert(host);
                }
                Event::HostGone { host, .. } => {
                    touched.hosts.insert(host);
                    touched.words.insert(host);
                }
                Event::Stocked { host, .. } => {
                    touched.hosts.insert(host);
                    touched.shelves.insert(host);
                }
                Event::Held { subject, .. } | Event::Released { subject, .. } => {
                    touched.stands.insert(subject);
                }
                Event::JobAdded(_)
                | Event::Journaled { .. }
                | Event::Refused { .. }
                | Event::Unfit { .. }
                | Event::Lost { .. }
                | Event::Graded { .. }
                | Event::Suspected { .. }
                | Event::Doubted { .. }
                | Event::CancelAsked { .. }
                | Event::GaveUp { .. }
                | Event::Reopened { .. }
                | Event::Cleaned { .. } => {}
            }
        }
        touched
    }
}

/// The rows of a batch: each job, attempt and host as the last event of the batch left it.
struct Rows<'a> {
    events: Vec<EventRow>,
    jobs: Vec<NewJob<'a>>,
    fates: Vec<JobFate>,
    /// Attempts that are stored as they never began, and were found elsewhere: learned anew, after all others.
    replaced: Vec<AttemptId>,
    attempts: Vec<WrittenAttempt<'a>>,
    hosts: Vec<NewHost<'a>>,
    links: Vec<HostLink<'a>>,
    words: Vec<HostWord<'a>>,
    shelves: Vec<HostShelf<'a>>,
    stands: Vec<WrittenStand>,
}

impl<'a> Rows<'a> {
    fn of(
        at: Timestamp,
        events: &'a [Event],
        touched: &Touched<'a>,
        before: &Fleet,
        after: &'a Fleet,
    ) -> Result<Rows<'a>, StoreError> {
        let host = |name: &&'a HostName| after.host(name).map(|entry| (*name, entry));
        Ok(Rows {
            events: events
                .iter()
                .map(|event| EventRow::new(at, event))
                .collect::<Result<_, _>>()?,
            jobs: events.iter().filter_map(NewJob::new).collect::<Result<_, _>>()?,
            hosts: touched.hosts.iter().map(|name| NewHost(name)).collect(),
            fates: after
                .jobs()
                .filter(|entry| {
                    let fate =
                        |entry: &JobEntry| (entry.cancel, entry.closed.clone(), entry.reopened.clone());
                    fate(entry) != before.job(entry.job.id).map(fate).unwrap_or_default()
                })
                .map(JobFate::new)
                .collect::<Result<_, _>>()?,
            replaced: events
                .iter()
                .filter_map(|event| match event {
                    Event::Found { attempt, .. } => before.attempt(*attempt).map(|_| *attempt),
                    _ => None,
                })
                .collect(),
            // In the order in which they were learned: a job's only live attempt is its last one, so that
            // every other is written as over before that one is written as alive.
            attempts: after
                .jobs()
                .flat_map(|entry| entry.attempts.iter().map(|attempt| (entry.job.id, attempt)))
                .filter(|(job, attempt)| {
                    touched.attempts.contains(&AttemptId {
                        job: *job,
                        n: attempt.n,
                    })
                })
                .map(|(job, attempt)| WrittenAttempt::new(job, attempt))
                .collect::<Result<_, _>>()?,
            links: touched
                .links
                .iter()
                .filter_map(host)
                .map(|(name, entry)| HostLink {
                    host: name,
                    link: &entry.link,
                })
                .collect(),
            words: touched
                .words
                .iter()
                .filter_map(host)
                .map(|(name, entry)| HostWord {
                    host: name,
                    gone: entry.gone.as_deref(),
                })
                .collect(),
            shelves: touched
                .shelves
                .iter()
                .filter_map(host)
                .map(|(name, entry)| HostShelf::new(name, entry))
                .collect::<Result<_, _>>()?,
            stands: touched
                .stands
                .iter()
                .filter_map(|subject| Some((*subject, after.stand(subject)?)))
                .map(|(subject, stand)| WrittenStand::new(subject, stand))
                .collect::<Result<_, _>>()?,
        })
    }
}
