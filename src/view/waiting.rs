//! Waiting jobs, grouped by what [`plan::reason`](crate::plan::reason) says they wait for.

use std::collections::BTreeMap;

use serde::Serialize;

use super::board::in_order;
use crate::domain::{HostName, JobId, Place};
use crate::plan::reason::Reasons;
use crate::schedule::Fleet;
use crate::schedule::fleet::JobEntry;

/// Waiting jobs that wait for the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// The host that they are for; none if any will do.
    pub host: Option<HostName>,
    /// The kind of reason, in one word.
    pub reason: &'static str,
    /// What they wait for. Untrusted where it quotes a host.
    pub why: String,
    /// The jobs, in order.
    pub jobs: Vec<JobId>,
}

/// All waiting jobs, by host and reason.
pub(super) fn groups(fleet: &Fleet, reasons: &Reasons<'_>) -> Vec<Waiting> {
    let mut groups: BTreeMap<(Option<HostName>, String), Waiting> = BTreeMap::new();
    for entry in in_order(fleet).into_iter().filter(|entry| entry.is_waiting()) {
        let reason = reasons.job(entry);
        let (host, why) = (wanted_host(entry).cloned(), reason.to_string());
        let group = groups.entry((host.clone(), why.clone()));
        let group = group.or_insert_with(|| Waiting {
            host,
            reason: reason.word(),
            why,
            jobs: Vec::new(),
        });
        group.jobs.push(entry.job.id);
    }
    groups.into_values().collect()
}

/// Once a host has lost a job, any other may take it.
fn wanted_host(entry: &JobEntry) -> Option<&HostName> {
    match &entry.job.place {
        Place::Host(host) if entry.lost().next().is_none() => Some(host),
        Place::Host(_) | Place::Any => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, board_by, story};
    use crate::domain::Event;
    use crate::domain::hold::Kind;
    use crate::plan::reason::Coordination;
    use crate::plan::{Policy, explain};

    #[test]
    fn status_and_explain_give_the_same_reason_for_every_job_that_waits() {
        let holds = [
            ("model gpt", Kind::Refused),
            ("set phase8", Kind::Paused),
            ("host eval1", Kind::Paused),
            ("host eval2", Kind::Draining),
            ("host eval2", Kind::Quarantined),
            ("memory eval1", Kind::Unheard),
        ];
        for by in [Coordination::AtWork, Coordination::Nobody] {
            let mut told = std::collections::BTreeSet::new();
            for (subject, kind) in holds {
                let mut story = story();
                story.tell(
                    80,
                    &Event::Held {
                        subject: subject.parse().unwrap(),
                        kind,
                        why: "said so".to_owned(),
                        until: None,
                    },
                );
                let board = board_by(&story, by);
                let waiting: usize = board.waiting.iter().map(|group| group.jobs.len()).sum();
                assert_eq!(waiting, board.total.waiting);
                for group in &board.waiting {
                    for job in &group.jobs {
                        let lines = explain::job(&story.fleet, &Policy::default(), *job, at(100), by);
                        let waits: Vec<&String> = lines
                            .iter()
                            .filter(|(about, _)| *about == "waits")
                            .map(|(_, text)| text)
                            .collect();
                        assert_eq!(waits, [&group.why]);
                    }
                    told.insert(group.why.clone());
                }
            }
            assert!(told.len() >= 5, "the scenes differ: {told:#?}");
        }
    }
}
