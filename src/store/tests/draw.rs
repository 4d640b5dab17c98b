//! Random stories of a fleet, each event legal after those before it.

use proptest::prelude::*;

use super::job;
use crate::domain::conclusion::Conclusion;
use crate::domain::event::{Event, Past, Refusal, Stock};
use crate::domain::fault::{Again, Class, FaultName, RecordedName};
use crate::domain::hold::{Kind, Subject};
use crate::domain::host::Outlook;
use crate::domain::journal::{Ending, Entry, Line, Outcome};
use crate::domain::manifest::Seal;
use crate::domain::verdict::{self, Decision, Verdict};
use crate::domain::{AttemptId, AttemptState, Epoch, Fault, HostName, PhaseName, Sha256, Span, Timestamp};
use crate::schedule::Fleet;
use crate::schedule::fleet::{Attempt, JobEntry};

/// What jobs and networks say, at its worst.
const TEXTS: [&str; 8] = [
    "",
    "plain",
    "nul\0in the middle",
    "\" ' \\ \u{1b}[31m \u{7f}",
    "ü 🦀\u{2028}",
    "{\"a\":1}",
    "null",
    "1",
];

/// One draw: which of the legal events comes next, and with what in it.
#[derive(Debug, Clone)]
pub(super) struct Draw {
    job: u64,
    host: u64,
    kind: u64,
    detail: u64,
    pub(super) ends_batch: bool,
}

/// A story of up to eighty events.
pub(super) fn draws() -> impl Strategy<Value = Vec<Draw>> {
    let draw = (
        0..6_u64,
        0..4_u64,
        0..1000_u64,
        0..1000_u64,
        prop::bool::weighted(0.3),
    )
        .prop_map(|(job, host, kind, detail, ends_batch)| Draw {
            job,
            host,
            kind,
            detail,
            ends_batch,
        });
    prop::collection::vec(draw, 0..80)
}

impl Draw {
    /// True once in so many draws.
    fn once_in(&self, n: u64) -> bool {
        self.detail.is_multiple_of(n)
    }

    fn small(&self) -> u32 {
        u32::try_from(self.detail).unwrap()
    }

    fn text(&self) -> String {
        TEXTS
            .into_iter()
            .cycle()
            .nth(self.small() as usize)
            .unwrap()
            .to_owned()
    }

    fn host(&self) -> HostName {
        format!("eval{}", self.host).parse().unwrap()
    }

    fn phase(&self) -> PhaseName {
        if self.once_in(2) { "image" } else { "trajectory" }
            .parse()
            .unwrap()
    }

    fn ending(&self) -> Ending {
        match self.detail % 7 {
            0 => Ending::Exit(self.small().cast_signed()),
            1 => Ending::Signal(9),
            2 => Ending::Deadline,
            3 => Ending::Stall,
            4 => Ending::Cancelled,
            5 => Ending::NotStarted(self.text()),
            _ => Ending::HostFault(self.text()),
        }
    }

    fn outcome(&self) -> Outcome {
        match self.detail % 4 {
            0 => Outcome::Succeeded,
            1 => Outcome::Failed {
                phase: self.phase(),
                ending: self.ending(),
            },
            2 => Outcome::Cancelled,
            _ => Outcome::Lost { proof: self.text() },
        }
    }

    fn conclusion(&self) -> Option<Conclusion> {
        (!self.once_in(3)).then(|| Conclusion {
            note: self.text(),
            keeps: self.once_in(2),
            fault: (!self.once_in(4)).then(|| self.fault()),
            verdict: self.once_in(3).then(|| self.verdict()),
            spent: self.once_in(2).then_some(self.detail),
        })
    }

    /// One of the catalogue, or one that another version raised.
    fn fault_name(&self) -> RecordedName {
        if self.once_in(3) {
            return serde_json::from_str("\"from-tomorrow\"").unwrap();
        }
        FaultName::ALL[self.small() as usize % FaultName::ALL.len()].into()
    }

    fn fault(&self) -> Fault {
        Fault {
            class: Class::ALL[self.small() as usize % Class::ALL.len()],
            name: self.fault_name(),
            what: self.text(),
            again: [
                Again::Never,
                Again::Anywhere,
                Again::Elsewhere,
                Again::Cleaned,
                Again::Later,
                Again::Mended,
            ][self.small() as usize % 6],
        }
    }

    fn verdict(&self) -> Verdict {
        Verdict {
            decision: Decision::Undecided,
            outcome: verdict::Outcome::Completed,
            why: Some(self.text()),
            fault: None,
            fail_to_pass: (self.small(), u32::MAX),
            pass_to_pass: (0, 0),
            key: None,
            shown: None,
        }
    }

    fn subject(&self) -> Subject {
        match self.detail % 5 {
            0 => Subject::Host(self.host()),
            1 => Subject::Model("gpt".parse().unwrap()),
            2 => Subject::Set("set".parse().unwrap()),
            3 => Subject::Memory(self.host()),
            _ => Subject::Image(format!("s3://bucket/{}", self.host)),
        }
    }

    fn stock(&self) -> Stock {
        Stock {
            source: format!("s3://bucket/{}", self.detail % 5),
            bytes: self.detail,
            layers: vec![(self.text(), 3)],
            runtime: self.detail.is_multiple_of(3).then(|| self.text()),
        }
    }

    fn refusal(&self) -> Refusal {
        match self.detail % 4 {
            0 => Refusal::SlotsTaken(self.text()),
            1 => Refusal::JobAlive(3),
            2 => Refusal::Fenced(Epoch(9)),
            _ => Refusal::HostFault(self.text()),
        }
    }

    /// A legal event for this fleet.
    pub(super) fn event(&self, fleet: &Fleet) -> Event {
        let asked = job("set", self.job);
        let id = asked.id;
        let Some(entry) = fleet.job(id) else {
            return Event::JobAdded(asked);
        };
        let host = self.host();
        match (self.kind % 19, entry.live()) {
            (12, _) => Event::Held {
                subject: self.subject(),
                kind: [Kind::Paused, Kind::Draining, Kind::Quarantined, Kind::Ailing]
                    [self.small() as usize % 4],
                why: self.text(),
                until: self.once_in(3).then_some(Timestamp(77)),
            },
            (13, _) => Event::Released {
                subject: self.subject(),
                why: self.text(),
                vouched: self.once_in(2),
            },
            (14, None) => Event::Reopened {
                job: id,
                why: self.text(),
                from: if self.once_in(2) {
                    Past::Kept
                } else {
                    Past::Nothing
                },
            },
            (15, _) if !entry.attempts.is_empty() => Event::Suspected {
                attempt: AttemptId {
                    job: id,
                    n: entry.attempts[self.small() as usize % entry.attempts.len()].n,
                },
                why: self.text(),
            },
            (16, _) => Event::Stocked {
                host,
                came: (!self.once_in(3)).then(|| self.stock()).into_iter().collect(),
                went: self.once_in(2).then(|| self.stock().source).into_iter().collect(),
            },
            (17, _) => Event::Cleaned {
                host,
                what: self.text(),
            },
            (18, Some(live)) => Event::Doubted {
                attempt: AttemptId { job: id, n: live.n },
                why: (!self.once_in(3)).then(|| self.text()),
            },
            (0, _) => Event::LinkUp {
                host,
                boot: self.text(),
            },
            (1, _) => {
                let outlook = if self.once_in(2) {
                    Outlook::Transient
                } else {
                    Outlook::Permanent
                };
                Event::LinkDown {
                    host,
                    reason: self.text(),
                    outlook,
                }
            }
            (2, _) => Event::HostGone {
                host,
                word: (!self.once_in(3)).then(|| self.text()),
            },
            (3, _) => Event::CancelAsked {
                job: id,
                hard: self.once_in(2),
            },
            (4, _) if self.once_in(4) => Event::GaveUp {
                job: id,
                why: self.text(),
            },
            (5, _) if self.once_in(3) && !entry.attempts.is_empty() => Event::Graded {
                attempt: AttemptId {
                    job: id,
                    n: entry.attempts[self.small() as usize % entry.attempts.len()].n,
                },
                verdict: Box::new(self.verdict()),
            },
            (_, Some(live)) => self.news(AttemptId { job: id, n: live.n }, live),
            (kind, None) => self.attempt(entry, kind < 8),
        }
    }

    /// A new attempt of a job that has none alive: one that was found, if it may be, or a next one.
    fn attempt(&self, entry: &JobEntry, found: bool) -> Event {
        let (host, epoch, n) = (self.host(), Epoch(self.detail), self.small() % 9);
        let job = entry.job.id;
        if found && entry.attempt(n).is_none_or(Attempt::never_began) {
            let attempt = AttemptId { job, n };
            return Event::Found { attempt, host, epoch };
        }
        let n = entry.next_number();
        let attempt = AttemptId { job, n };
        Event::Intended { attempt, host, epoch }
    }

    /// Legal news of this live attempt.
    fn news(&self, attempt: AttemptId, live: &Attempt) -> Event {
        let entry = match (&live.state, self.kind % 5) {
            (_, 0) if self.once_in(2) => {
                return Event::Lost {
                    attempt,
                    proof: self.text(),
                };
            }
            (AttemptState::Intended, 1) if self.once_in(3) => {
                return Event::Unfit {
                    attempt,
                    fault: self.fault(),
                };
            }
            (AttemptState::Intended, 1) => {
                return Event::Refused {
                    attempt,
                    why: self.refusal(),
                };
            }
            (AttemptState::Intended, _) => Entry::Opened {
                version: 1,
                attempt,
                epoch: live.epoch,
                host: live.host.clone(),
                boot: self.text(),
                machine: None,
            },
            (_, 1) if self.once_in(3) => Entry::PhaseKept {
                phase: self.phase(),
                from: 1,
            },
            (_, 1) if self.once_in(4) => Entry::Pressed {
                phase: self.phase(),
                limited: self.small(),
                failed: u32::MAX,
            },
            (_, 1) => Entry::PhaseStarted { phase: self.phase() },
            (_, 2 | 3) => Entry::PhaseEnded {
                phase: self.phase(),
                ending: self.ending(),
                took: Span(self.detail),
                output: u64::MAX,
                excerpt: (!self.once_in(3)).then(|| self.text()),
                conclusion: self.conclusion().map(Box::new),
            },
            _ => Entry::Ended {
                outcome: self.outcome(),
                seal: (!self.once_in(5)).then(|| Seal {
                    sha256: Sha256::of(&[1]),
                    files: 3,
                    bytes: u64::MAX,
                }),
            },
        };
        // The host's clock is not ours.
        let at = Timestamp(self.detail.cast_signed() - 500);
        Event::Journaled {
            attempt,
            to: live.offset + self.detail,
            line: Line { at, entry },
        }
    }
}
