//! The life of one attempt: its states, and the only function that moves between them.

use serde::{Deserialize, Serialize};

use super::journal::{Entry, Outcome};
use super::name::PhaseName;

/// Where an attempt stands, as far as the coordinator has proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptState {
    /// Stored and perhaps sent. The host may or may not have begun.
    Intended,
    /// The host has begun.
    Running {
        /// The step under way, or the last one that was.
        phase: Option<PhaseName>,
    },
    /// The host said no before anything ran. The number is used up, the job is not.
    Refused,
    /// Over.
    Ended(Outcome),
}

/// What can be learned of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News<'a> {
    /// A line of its journal.
    Journal(&'a Entry),
    /// The host refuses to start it.
    Refused,
    /// There is proof that it will never end by itself.
    Lost {
        /// The proof.
        proof: &'a str,
    },
}

/// News that cannot follow the state they met. Either a bug or two coordinators on one database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an attempt that is {state} cannot take {news}")]
pub struct IllegalTransition {
    /// The state, in words.
    pub state: &'static str,
    /// The news, in words.
    pub news: &'static str,
}

impl AttemptState {
    /// The state after `news`.
    pub fn next(&self, news: &News<'_>) -> Result<AttemptState, IllegalTransition> {
        use AttemptState::{Ended, Intended, Refused, Running};
        match (self, news) {
            (Intended, News::Journal(Entry::Opened { .. })) => Ok(Running { phase: None }),
            (Intended, News::Refused) => Ok(Refused),
            (
                Running { .. },
                News::Journal(
                    Entry::PhaseStarted { phase }
                    | Entry::PhaseEnded { phase, .. }
                    | Entry::Pressed { phase, .. }
                    | Entry::PhaseKept { phase, .. },
                ),
            ) => Ok(Running {
                phase: Some(phase.clone()),
            }),
            (Running { .. }, News::Journal(Entry::Ended { outcome, .. })) => Ok(Ended(outcome.clone())),
            (Intended | Running { .. }, News::Lost { proof }) => Ok(Ended(Outcome::Lost {
                proof: (*proof).to_owned(),
            })),
            (
                Intended,
                News::Journal(
                    Entry::PhaseStarted { .. }
                    | Entry::PhaseEnded { .. }
                    | Entry::Pressed { .. }
                    | Entry::PhaseKept { .. }
                    | Entry::Ended { .. },
                ),
            )
            | (Running { .. }, News::Journal(Entry::Opened { .. }) | News::Refused)
            | (Refused | Ended(_), News::Journal(_) | News::Refused | News::Lost { .. }) => {
                Err(IllegalTransition {
                    state: self.word(),
                    news: news.word(),
                })
            }
        }
    }

    /// Might the host be working on it?
    pub fn is_live(&self) -> bool {
        matches!(self, AttemptState::Intended | AttemptState::Running { .. })
    }

    /// One word for tables.
    pub fn word(&self) -> &'static str {
        match self {
            AttemptState::Intended => "intended",
            AttemptState::Running { .. } => "running",
            AttemptState::Refused => "refused",
            AttemptState::Ended(Outcome::Succeeded) => "succeeded",
            AttemptState::Ended(Outcome::Failed { .. }) => "failed",
            AttemptState::Ended(Outcome::Cancelled) => "cancelled",
            AttemptState::Ended(Outcome::Lost { .. }) => "lost",
        }
    }
}

impl News<'_> {
    /// One word for messages.
    pub fn word(&self) -> &'static str {
        match self {
            News::Journal(Entry::Opened { .. }) => "opened",
            News::Journal(Entry::PhaseStarted { .. }) => "phase-started",
            News::Journal(Entry::PhaseEnded { .. }) => "phase-ended",
            News::Journal(Entry::Pressed { .. }) => "pressed",
            News::Journal(Entry::PhaseKept { .. }) => "phase-kept",
            News::Journal(Entry::Ended { .. }) => "ended",
            News::Refused => "refused",
            News::Lost { .. } => "lost",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::domain::id::{AttemptId, Epoch};
    use crate::domain::journal::Ending;
    use crate::domain::time::Span;

    #[test]
    fn the_table_of_what_may_follow_what() {
        let phase: PhaseName = "p".parse().unwrap();
        let entries = [
            Entry::Opened {
                version: 1,
                attempt: AttemptId {
                    job: "npb2wdccpkcv".parse().unwrap(),
                    n: 1,
                },
                epoch: Epoch(1),
                host: "eval1".parse().unwrap(),
                boot: String::new(),
                machine: None,
            },
            Entry::PhaseStarted { phase: phase.clone() },
            Entry::PhaseEnded {
                phase: phase.clone(),
                ending: Ending::Exit(0),
                took: Span(0),
                output: 0,
                excerpt: None,
                conclusion: None,
            },
            Entry::Pressed {
                phase: phase.clone(),
                limited: 1,
                failed: 0,
            },
            Entry::PhaseKept { phase, from: 1 },
            Entry::Ended {
                outcome: Outcome::Succeeded,
                seal: None,
            },
        ];
        let mut news: Vec<News<'_>> = entries.iter().map(News::Journal).collect();
        news.extend([News::Refused, News::Lost { proof: "" }]);
        let states = [
            AttemptState::Intended,
            AttemptState::Running { phase: None },
            AttemptState::Refused,
            AttemptState::Ended(Outcome::Succeeded),
        ];
        let mut table = String::new();
        for state in &states {
            for news in &news {
                let next = state.next(news).map_or("-", |next| next.word());
                let (state, news) = (state.word(), news.word());
                writeln!(table, "{state:<10} {news:<14} {next}").unwrap();
            }
        }
        insta::assert_snapshot!(table, @r"
        intended   opened         running
        intended   phase-started  -
        intended   phase-ended    -
        intended   pressed        -
        intended   phase-kept     -
        intended   ended          -
        intended   refused        refused
        intended   lost           lost
        running    opened         -
        running    phase-started  running
        running    phase-ended    running
        running    pressed        running
        running    phase-kept     running
        running    ended          succeeded
        running    refused        -
        running    lost           lost
        refused    opened         -
        refused    phase-started  -
        refused    phase-ended    -
        refused    pressed        -
        refused    phase-kept     -
        refused    ended          -
        refused    refused        -
        refused    lost           -
        succeeded  opened         -
        succeeded  phase-started  -
        succeeded  phase-ended    -
        succeeded  pressed        -
        succeeded  phase-kept     -
        succeeded  ended          -
        succeeded  refused        -
        succeeded  lost           -
        ");
    }
}
