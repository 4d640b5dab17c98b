//! `fleet history`: every event of one job, in order, each in one line that says what was decided, and why.
//!
//! Nothing is clipped: the end of a line is where the reason stands.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::domain::conclusion::Conclusion;
use crate::domain::event::Past;
use crate::domain::fault::Again;
use crate::domain::journal::{Entry, Line, Outcome};
use crate::domain::{Event, Fault, HostName, Job, Place, Span, Timestamp, Verdict};
use crate::report::table::{Table, left, right};
use crate::report::words;

/// A host's clock that is further away than this from ours is told of.
const NEAR: Span = Span::seconds(5);

/// One event of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deed {
    /// Its number among all events of the database.
    pub id: i64,
    /// When it was stored, by the coordinator's clock.
    pub at: Timestamp,
    /// The same, for people.
    pub time: String,
    /// Which attempt it speaks of.
    pub attempt: Option<u32>,
    /// Where that attempt is.
    pub host: Option<HostName>,
    /// What happened, in words. May quote the job or its host: untrusted.
    pub what: String,
    /// The event as it is stored.
    pub event: Event,
}

/// The events of one job, told.
pub fn chronicle(events: Vec<(i64, Timestamp, Event)>) -> Vec<Deed> {
    let mut teller = Teller::default();
    events
        .into_iter()
        .map(|(id, at, event)| {
            let (attempt, what) = teller.tell(at, &event);
            Deed {
                id,
                at,
                time: at.to_string(),
                attempt,
                host: attempt.and_then(|n| teller.hosts.get(&n).cloned()),
                what,
                event,
            }
        })
        .collect()
}

/// The same as a table, one line an event.
pub fn chronicle_table(deeds: &[Deed]) -> String {
    let mut table = Table::new(&[left("when"), right("try"), left("host"), left("what")]);
    for deed in deeds {
        let attempt = deed.attempt.map(|n| n.to_string()).unwrap_or_default();
        let host = deed.host.as_ref().map_or("", |host| host.as_str());
        table.row([&deed.time, &attempt, host, &deed.what]);
    }
    table.render(None)
}

/// What later events need of earlier ones.
#[derive(Default)]
struct Teller {
    hosts: BTreeMap<u32, HostName>,
    began: BTreeMap<u32, Timestamp>,
    /// Where the job was asked for.
    place: Option<Place>,
    /// Why the last attempt came to nothing.
    before: Option<String>,
}

impl Teller {
    fn tell(&mut self, at: Timestamp, event: &Event) -> (Option<u32>, String) {
        match event {
            Event::JobAdded(job) => (None, self.added(job)),
            Event::Intended { attempt, host, epoch } => {
                self.hosts.insert(attempt.n, host.clone());
                self.began.insert(attempt.n, at);
                let why = self.reason(host);
                (Some(attempt.n), format!("placed on {host} (epoch {epoch}){why}"))
            }
            Event::Found { attempt, host, epoch } => {
                self.hosts.insert(attempt.n, host.clone());
                self.began.insert(attempt.n, at);
                let what = format!("found on {host}, from before this database (epoch {epoch})");
                (Some(attempt.n), what)
            }
            Event::Journaled { attempt, line, .. } => (Some(attempt.n), self.line(at, attempt.n, line)),
            Event::Refused { attempt, why } => {
                self.before = Some(format!("attempt {} was refused", attempt.n));
                (Some(attempt.n), format!("refused: {why}; nothing ran"))
            }
            Event::Unfit { attempt, fault } => {
                self.before = Some(format!("attempt {} could not be started", attempt.n));
                (
                    Some(attempt.n),
                    format!("cannot be started: {fault}; nothing ran"),
                )
            }
            Event::Lost { attempt, proof } => {
                self.before = Some(format!("attempt {} was lost", attempt.n));
                (Some(attempt.n), format!("lost; proof: {proof}"))
            }
            Event::Graded { attempt, verdict } => {
                (Some(attempt.n), format!("graded at home: {}", judged(verdict)))
            }
            Event::CancelAsked { hard, .. } => {
                let how = if *hard { ", at once" } else { "" };
                (None, format!("to be cancelled{how}"))
            }
            Event::GaveUp { why, .. } => (None, format!("given up: {why}")),
            Event::Reopened { why, from, .. } => {
                self.before = Some("a person asked for another try".to_owned());
                let takes = match from {
                    Past::Kept => "what is paid for is kept",
                    Past::Nothing => "from the beginning",
                    Past::Trajectory(_) => "from its trajectory at home",
                };
                (None, format!("open again, {takes}: {why}"))
            }
            Event::Suspected { attempt, why } => {
                (Some(attempt.n), format!("its result is not to be trusted: {why}"))
            }
            Event::Doubted { attempt, why } => {
                let what = match why {
                    Some(why) => format!("its host has it and cannot tell how it is: {why}"),
                    None => "its host can tell how it is again".to_owned(),
                };
                (Some(attempt.n), what)
            }
            // These speak of hosts; no job has them.
            Event::LinkUp { host, .. } => (None, format!("link to {host} up")),
            Event::LinkDown { host, reason, .. } => (None, format!("link to {host} down: {reason}")),
            Event::HostGone { host, word } => match word {
                Some(word) => (None, format!("{host} declared gone: {word}")),
                None => (None, format!("{host} declared back")),
            },
            Event::Held {
                subject, kind, why, ..
            } => (None, format!("{subject} {}: {why}", kind.word())),
            Event::Released { subject, why, .. } => (None, format!("{subject} may go on: {why}")),
            Event::Stocked { host, .. } => (None, format!("{host} has other images")),
            Event::Cleaned { host, what } => (None, format!("{host} cleaned: {what}")),
        }
    }

    fn added(&mut self, job: &Job) -> String {
        self.place = Some(job.place.clone());
        let place = match &job.place {
            Place::Host(host) => format!("on {host}"),
            Place::Any => "on any host".to_owned(),
        };
        let given = if job.trajectory.is_some() {
            ", with a trajectory that exists"
        } else {
            ""
        };
        format!(
            "asked for {place}: {}/{}/{}/run{}, pipeline {}{given}",
            job.set, job.instance, job.model, job.run, job.pipeline
        )
    }

    /// Why this host, as far as the events say.
    fn reason(&mut self, host: &HostName) -> String {
        let before = self.before.take().map(|why| format!(", because {why}"));
        let other = match &self.place {
            Some(Place::Host(asked)) if asked != host => Some(format!(", not on {asked}")),
            Some(Place::Host(_) | Place::Any) | None => None,
        };
        other.unwrap_or_default() + &before.unwrap_or_default()
    }

    fn line(&mut self, at: Timestamp, n: u32, line: &Line) -> String {
        let what = match &line.entry {
            Entry::Opened { boot, version, .. } => {
                format!("begun: its supervisor holds a slot (boot {boot}, journal version {version})")
            }
            Entry::PhaseStarted { phase } => format!("{phase} started"),
            Entry::PhaseEnded {
                phase,
                ending,
                took,
                output,
                excerpt,
                conclusion,
            } => {
                let mut what = format!(
                    "{phase} {} after {took}, printed {}",
                    words::ending(ending),
                    words::bytes(*output)
                );
                if let Some(said) = conclusion {
                    what.push_str(&concluded(said));
                }
                // A fault says it better than a line of the log.
                let fault = conclusion.as_ref().and_then(|said| said.fault.as_ref());
                if let Some(fault) = fault {
                    self.before = Some(format!("attempt {n} failed of {}", fault.name));
                } else if let Some(line) = excerpt.as_ref().filter(|_| !ending.is_success()) {
                    what.push_str(": ");
                    what.push_str(line);
                }
                what
            }
            Entry::Pressed {
                phase,
                limited,
                failed,
            } => format!("{phase}: its provider turned away {limited} requests, and failed {failed}"),
            Entry::PhaseKept { phase, from } => {
                format!("{phase} not done again: taken over from attempt {from}")
            }
            Entry::Ended { outcome, seal } => {
                let mut what = self.ended(at, n, outcome);
                if let Some(seal) = seal {
                    let (files, bytes) = (
                        words::count(seal.files, "file", "files"),
                        words::bytes(seal.bytes),
                    );
                    // Writing to a String cannot fail.
                    let _ = write!(what, "; left {files}, {bytes}");
                }
                what
            }
        };
        let late = at.since(line.at).max(line.at.since(at));
        if late > NEAR {
            return format!("{what} (at {} by its own clock)", line.at);
        }
        what
    }

    fn ended(&mut self, at: Timestamp, n: u32, outcome: &Outcome) -> String {
        let took = self.began.get(&n).map(|began| at.since(*began));
        let after = took.map(|took| format!(" after {took}")).unwrap_or_default();
        match outcome {
            Outcome::Succeeded => format!("succeeded{after}"),
            Outcome::Cancelled => format!("cancelled{after}"),
            Outcome::Lost { proof } => {
                self.before = Some(format!("attempt {n} was lost"));
                format!("lost{after}; proof: {proof}")
            }
            Outcome::Failed { phase, ending } => {
                let why = words::ending(ending);
                let before = self.before.take();
                self.before = Some(before.unwrap_or_else(|| format!("attempt {n} failed in {phase}: {why}")));
                format!("failed{after} in {phase}: {why}")
            }
        }
    }
}

/// What a native phase said of itself.
fn concluded(said: &Conclusion) -> String {
    let mut what = String::new();
    let mut add = |text: &str| {
        what.push_str("; ");
        what.push_str(text);
    };
    if !said.note.is_empty() {
        add(&said.note);
    }
    if let Some(fault) = &said.fault {
        add(&format!("fault {fault}; {}", again(fault)));
    }
    if let Some(verdict) = &said.verdict {
        add(&judged(verdict));
    }
    if said.keeps {
        add("paid for, and kept");
    }
    what
}

fn again(fault: &Fault) -> &'static str {
    match fault.again {
        Again::Never => "another try would give the same",
        Again::Cleaned => "to be tried once more here, after cleaning",
        Again::Later => "to be tried again after a pause",
        Again::Mended => "to be tried again once the cause is removed and the model resumed",
        Again::Anywhere => "another try may go better",
        Again::Elsewhere => "a try on another host may go better",
    }
}

fn judged(verdict: &Verdict) -> String {
    let (f2p, p2p) = (verdict.fail_to_pass, verdict.pass_to_pass);
    let why = verdict.why.as_ref().map(|why| format!(": {why}"));
    format!(
        "{} ({}), FAIL_TO_PASS {}/{}, PASS_TO_PASS {}/{}{}",
        verdict.decision.word(),
        verdict.outcome.word(),
        f2p.0,
        f2p.1,
        p2p.0,
        p2p.1,
        why.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fault::{Class, FaultName};
    use crate::domain::journal::Ending;
    use crate::domain::verdict::{Decision, Outcome as Evaluated};
    use crate::domain::{AttemptId, Epoch};

    const START: Timestamp = Timestamp(1_769_159_700_000);

    fn attempt(n: u32) -> AttemptId {
        let job = "npb2wdccpkcv".parse().unwrap();
        AttemptId { job, n }
    }

    /// A second after the other, by the coordinator's clock; hosts' clocks go ten minutes wrong.
    fn told(events: Vec<Event>) -> Vec<String> {
        let numbered = events.into_iter().zip(1_i64..);
        let events = numbered.map(|(event, n)| (n, Timestamp(START.0 + 1000 * n), event));
        chronicle(events.collect())
            .into_iter()
            .map(|deed| deed.what)
            .collect()
    }

    fn line(n: u32, entry: Entry) -> Event {
        let line = Line {
            at: Timestamp(START.0 + 600_000),
            entry,
        };
        Event::Journaled {
            attempt: attempt(n),
            to: 0,
            line,
        }
    }

    #[test]
    fn faults_verdicts_and_what_was_kept_are_told_with_the_reason_of_the_next_attempt() {
        let host = |name: &str| name.parse().unwrap();
        let phase = || "evaluation".parse().unwrap();
        let verdict = Verdict {
            decision: Decision::Unresolved,
            outcome: Evaluated::Completed,
            why: Some("a fails".to_owned()),
            fault: None,
            fail_to_pass: (0, 1),
            pass_to_pass: (7, 7),
            key: None,
            shown: None,
        };
        let said = Conclusion {
            fault: Some(Fault {
                class: Class::Host,
                name: FaultName::NoSpace.into(),
                what: "no space left".to_owned(),
                again: Again::Elsewhere,
            }),
            ..Conclusion::default()
        };
        let ending = Ending::Exit(1);
        let failed = Outcome::Failed {
            phase: phase(),
            ending: ending.clone(),
        };
        let events = vec![
            Event::Found {
                attempt: attempt(1),
                host: host("eval1"),
                epoch: Epoch(1),
            },
            line(
                1,
                Entry::PhaseEnded {
                    phase: phase(),
                    ending,
                    took: Span::seconds(90),
                    output: 1500,
                    excerpt: Some("said less well".to_owned()),
                    conclusion: Some(Box::new(said)),
                },
            ),
            line(
                1,
                Entry::Ended {
                    outcome: failed,
                    seal: None,
                },
            ),
            Event::Intended {
                attempt: attempt(2),
                host: host("eval2"),
                epoch: Epoch(2),
            },
            line(
                2,
                Entry::PhaseKept {
                    phase: phase(),
                    from: 1,
                },
            ),
            Event::Graded {
                attempt: attempt(2),
                verdict: Box::new(verdict),
            },
        ];
        let clock = "(at 2026-01-23T09:25:00Z by its own clock)";
        assert_eq!(
            told(events),
            [
                "found on eval1, from before this database (epoch 1)".to_owned(),
                format!(
                    "evaluation exit code 1 after 1m30s, printed 1.5 kB; fault no-space (host): no space left; a try on another host may go better {clock}"
                ),
                format!("failed after 2s in evaluation: exit code 1 {clock}"),
                "placed on eval2 (epoch 2), because attempt 1 failed of no-space".to_owned(),
                format!("evaluation not done again: taken over from attempt 1 {clock}"),
                "graded at home: unresolved (completed), FAIL_TO_PASS 0/1, PASS_TO_PASS 7/7: a fails"
                    .to_owned(),
            ]
        );
    }
}
