//! Hosts that do nothing but answer, with the very text that runners send.

use std::collections::VecDeque;

use fleet::domain::journal::{Ending, Entry, Line, Outcome, VERSION};
use fleet::domain::manifest::Seal;
use fleet::domain::{AttemptId, Epoch, HostName, Sha256, Span, Timestamp};
use fleet::plan::Heard;

/// All hosts behind one wire: what they say next, the oldest first.
#[derive(Default)]
pub(crate) struct Hosts {
    says: VecDeque<(HostName, Heard)>,
}

impl Hosts {
    /// A host is told to start an attempt. It runs it at once, and tells its journal in two pieces, as
    /// a runner does that is asked in between.
    pub(crate) fn start(&mut self, host: &HostName, attempt: AttemptId, epoch: Epoch, now: Timestamp) {
        let phase = || "trajectory".parse().expect("a name");
        let text = |entries: [Entry; 2]| -> String {
            let lines = entries.map(|entry| Line { at: now, entry });
            let lines = lines.map(|line| serde_json::to_string(&line).expect("a line") + "\n");
            lines.concat()
        };
        let begin = text([
            Entry::Opened {
                version: VERSION,
                attempt,
                epoch,
                host: host.clone(),
                boot: "6f1c1a5e-2b1d-4a55-8a5b-f3d0c2a19e77-42".to_owned(),
                machine: None,
            },
            Entry::PhaseStarted { phase: phase() },
        ]);
        let end = text([
            Entry::PhaseEnded {
                phase: phase(),
                ending: Ending::Exit(0),
                took: Span(812_345),
                output: 123_456,
                excerpt: None,
                conclusion: None,
            },
            Entry::Ended {
                outcome: Outcome::Succeeded,
                seal: Some(Seal {
                    sha256: Sha256::of(begin.as_bytes()),
                    files: 7,
                    bytes: 1_234_567,
                }),
            },
        ]);
        let from = begin.len() as u64;
        for (from, text) in [(0, begin), (from, end)] {
            self.says
                .push_back((host.clone(), Heard::Journal { attempt, from, text }));
        }
    }

    /// What arrives at the coordinator while it is busy with the last round: `most` messages, of one
    /// attempt one at most, since pieces that follow each other arrive as one.
    pub(crate) fn round(&mut self, most: usize) -> Vec<(HostName, Heard)> {
        let mut round: Vec<(HostName, Heard)> = Vec::new();
        while round.len() < most
            && let Some(said) = self.says.front()
        {
            // Both pieces of one attempt stand together in the queue.
            if round.last().is_some_and(|(host, _)| *host == said.0) {
                break;
            }
            round.extend(self.says.pop_front());
            // The other piece waits until all others have said their first.
            if let Some((host, _)) = self.says.front()
                && round.last().is_some_and(|(same, _)| same == host)
                && let Some(second) = self.says.pop_front()
            {
                self.says.push_back(second);
            }
        }
        round
    }
}
