//! What another process wants of the fleet, as events, if it still makes sense: a person's word, or what was graded
//! at home.
//!
//! All of it can be said twice: what is so already gives no event.

use crate::domain::event::Past;
use crate::domain::hold::{Kind, Subject};
use crate::domain::{AttemptId, Event, JobId, Timestamp, Verdict};
use crate::plan::host_gone;
use crate::schedule::Fleet;
use crate::schedule::fleet::Attempt;
use crate::store::Command;

/// What another process wants, if it still makes sense.
pub fn wish(fleet: &Fleet, wish: &Command) -> Vec<Event> {
    match wish {
        Command::Cancel { job, hard } => {
            let open = fleet.job(*job).is_some_and(|entry| entry.closed.is_none());
            open.then_some(Event::CancelAsked {
                job: *job,
                hard: *hard,
            })
            .into_iter()
            .collect()
        }
        Command::HostGone { host, word } => host_gone(fleet, host, word.as_deref()),
        Command::Hold {
            subject,
            kind,
            why,
            until,
        } => hold(fleet, subject, *kind, why, *until),
        Command::Release { subject, why } => release(fleet, subject, why),
        Command::Reopen { job, why, from } => reopen(fleet, *job, why, from),
        Command::Suspect { attempt, why } => suspect(fleet, *attempt, why),
        Command::Grade(verdicts) => grade(fleet, verdicts),
    }
}

/// A person wants nothing of this to start. Said twice, it is said once.
fn hold(fleet: &Fleet, subject: &Subject, kind: Kind, why: &str, until: Option<Timestamp>) -> Vec<Event> {
    let known = fleet.hold(subject);
    if known.is_some_and(|hold| (hold.kind, hold.why.as_str(), hold.until) == (kind, why, until)) {
        return Vec::new();
    }
    vec![Event::Held {
        subject: subject.clone(),
        kind,
        why: why.to_owned(),
        until,
    }]
}

/// A person vouches that this may go on.
fn release(fleet: &Fleet, subject: &Subject, why: &str) -> Vec<Event> {
    // A person's word does not end the hold for a host that was not heard: jobs may be running there.
    let held = fleet.hold(subject).is_some_and(|hold| hold.kind != Kind::Unheard);
    let released = held.then(|| Event::Released {
        subject: subject.clone(),
        why: why.to_owned(),
        vouched: true,
    });
    released.into_iter().collect()
}

/// A person wants a closed job tried again.
fn reopen(fleet: &Fleet, job: JobId, why: &str, from: &Past) -> Vec<Event> {
    let closed = fleet.job(job).is_some_and(|entry| entry.closed.is_some());
    let reopened = closed.then(|| Event::Reopened {
        job,
        why: why.to_owned(),
        from: from.clone(),
    });
    reopened.into_iter().collect()
}

/// A person does not trust a result.
fn suspect(fleet: &Fleet, attempt: AttemptId, why: &str) -> Vec<Event> {
    let known = |attempt: &Attempt| attempt.told.as_ref().is_some_and(|told| told.suspect.is_some());
    let news = fleet.attempt(attempt).is_some_and(|attempt| !known(attempt));
    let suspected = news.then(|| Event::Suspected {
        attempt,
        why: why.to_owned(),
    });
    suspected.into_iter().collect()
}

/// Results have been graded at home. What the host said already is no news.
fn grade(fleet: &Fleet, verdicts: &[(AttemptId, Verdict)]) -> Vec<Event> {
    let news = verdicts.iter().filter(|(attempt, verdict)| {
        fleet
            .attempt(*attempt)
            .is_some_and(|known| known.verdict() != Some(verdict))
    });
    news.map(|(attempt, verdict)| Event::Graded {
        attempt: *attempt,
        verdict: Box::new(verdict.clone()),
    })
    .collect()
}
