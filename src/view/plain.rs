//! `fleet dispatch` without a terminal: one line for each event that a person may look for later.

use crate::domain::journal::{Entry, Outcome};
use crate::domain::{AttemptId, Event, HostName, JobId, Timestamp};
use crate::report::words;
use crate::schedule::Fleet;
use crate::schedule::fleet::Closure;
use crate::text::sanitize_line;

/// The line for an event that was just folded into `fleet`; none if it is not worth one.
pub fn plain(fleet: &Fleet, at: Timestamp, event: &Event) -> Option<String> {
    let (who, what) = match event {
        Event::Intended { attempt, host, .. } => (job(fleet, *attempt, Some(host))?, "sent".to_owned()),
        Event::Found { attempt, host, .. } => (job(fleet, *attempt, Some(host))?, "found there".to_owned()),
        Event::Journaled { attempt, line, .. } => {
            let host = &fleet.attempt(*attempt)?.host;
            (
                job(fleet, *attempt, Some(host))?,
                entry(fleet, at, *attempt, &line.entry)?,
            )
        }
        Event::Refused { attempt, why } => {
            let host = &fleet.attempt(*attempt)?.host;
            (job(fleet, *attempt, Some(host))?, format!("refused: {why}"))
        }
        Event::Unfit { attempt, fault } => {
            let host = &fleet.attempt(*attempt)?.host;
            (
                job(fleet, *attempt, Some(host))?,
                format!("cannot be started: {fault}"),
            )
        }
        Event::Lost { attempt, proof } => {
            let host = &fleet.attempt(*attempt)?.host;
            (job(fleet, *attempt, Some(host))?, format!("lost: {proof}"))
        }
        Event::CancelAsked { job, .. } => (closed_job(fleet, *job)?, "to be cancelled".to_owned()),
        Event::GaveUp { job, why } => (closed_job(fleet, *job)?, format!("given up: {why}")),
        Event::LinkUp { host, .. } => (host.to_string(), "link up".to_owned()),
        Event::LinkDown { host, reason, .. } => (host.to_string(), format!("link down: {reason}")),
        Event::HostGone {
            host,
            word: Some(word),
        } => (host.to_string(), format!("gone: {word}")),
        Event::HostGone { host, word: None } => (host.to_string(), "back".to_owned()),
        Event::Held {
            subject,
            kind,
            why,
            until,
        } => {
            let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
            (subject.to_string(), format!("{}{until}: {why}", kind.word()))
        }
        Event::Released { subject, why, .. } => (subject.to_string(), format!("may go on: {why}")),
        Event::Reopened { job, why, .. } => (closed_job(fleet, *job)?, format!("to be tried again: {why}")),
        Event::Suspected { attempt, why } => (job(fleet, *attempt, None)?, format!("result suspect: {why}")),
        Event::Doubted { attempt, why } => {
            let host = &fleet.attempt(*attempt)?.host;
            let what = match why {
                Some(why) => format!("cannot tell how it is, and keeps it: {why}"),
                None => "can tell how it is again".to_owned(),
            };
            (job(fleet, *attempt, Some(host))?, what)
        }
        Event::Cleaned { host, what } => (host.to_string(), format!("cleaned: {what}")),
        Event::JobAdded(_) | Event::Graded { .. } | Event::Stocked { .. } => return None,
    };
    Some(sanitize_line(&format!("{at} {who} {what}")).into_owned())
}

fn entry(fleet: &Fleet, at: Timestamp, id: AttemptId, entry: &Entry) -> Option<String> {
    match entry {
        Entry::PhaseEnded {
            phase,
            ending,
            took,
            conclusion,
            ..
        } => {
            let note = conclusion.as_ref().map(|said| said.note.as_str());
            let note = note
                .filter(|note| !note.is_empty())
                .map(|note| format!(": {note}"));
            Some(format!(
                "{phase} {}, took {took}{}",
                words::ending(ending),
                note.unwrap_or_default()
            ))
        }
        Entry::PhaseKept { phase, from } => Some(format!("{phase} taken over from attempt {from}")),
        Entry::Ended { outcome, .. } => {
            let took = at.since(fleet.attempt(id)?.intended);
            Some(match outcome {
                Outcome::Succeeded => format!("succeeded after {took}"),
                Outcome::Cancelled => format!("cancelled after {took}"),
                Outcome::Lost { proof } => format!("lost after {took}: {proof}"),
                Outcome::Failed { phase, ending } => {
                    let why = fleet.attempt(id).and_then(|attempt| attempt.excerpt.as_deref());
                    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                    format!("failed after {took} in {phase}, {}{why}", words::ending(ending))
                }
            })
        }
        Entry::Opened { .. } | Entry::PhaseStarted { .. } | Entry::Pressed { .. } => None,
    }
}

fn job(fleet: &Fleet, id: AttemptId, host: Option<&HostName>) -> Option<String> {
    let job = &fleet.job(id.job)?.job;
    let host = host.map_or("-", |host| host.as_str());
    Some(format!("{host} {} {} run{}", job.instance, job.model, job.run))
}

/// A job without an attempt under way is on no host.
fn closed_job(fleet: &Fleet, id: JobId) -> Option<String> {
    let entry = fleet.job(id)?;
    let live = entry
        .live()
        .filter(|_| !matches!(entry.closed, Some(Closure::Cancelled)));
    job(fleet, AttemptId { job: id, n: 0 }, live.map(|live| &live.host))
}
