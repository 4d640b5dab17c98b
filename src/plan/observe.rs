//! What a host's words mean: from messages to events. Tolerates repeats, gaps, and hosts that remember
//! more than the coordinator does.

use std::collections::BTreeMap;

use crate::domain::event::Refusal;
use crate::domain::journal::{Ending, Line, Outcome};
use crate::domain::wire::{Answer, Capsule};
use crate::domain::{AttemptId, AttemptState, Event, Fleet, HostName};

/// What came from a host.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// All capsules that it has, just after its link came up.
    Inventory(Vec<Capsule>),
    /// Its answer to a start.
    Started(AttemptId, Answer),
    /// A piece of a journal.
    Journal {
        /// Whose.
        attempt: AttemptId,
        /// Where in the file the text begins.
        from: u64,
        /// Whole lines.
        text: String,
    },
    /// The same of a host that is played: lines that need not be read, each counted as one byte.
    Lines {
        /// Whose.
        attempt: AttemptId,
        /// How many lines there are before them.
        from: u64,
        /// The lines.
        lines: Vec<Line>,
    },
}

/// What follows from it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// To be stored, in this order.
    pub events: Vec<Event>,
    /// Live attempts that no job of ours wants: to be stopped.
    pub strays: Vec<AttemptId>,
    /// Journals that must be asked for again: something is missing.
    pub gaps: Vec<AttemptId>,
    /// What could not be understood, for the log.
    pub puzzles: Vec<String>,
}

/// Makes events of what was heard from `host`. Says nothing twice: what is folded already gives nothing.
pub fn observe(fleet: &Fleet, host: &HostName, heard: &Heard) -> Observed {
    match heard {
        Heard::Inventory(capsules) => inventory(fleet, host, capsules),
        Heard::Started(attempt, answer) => started(fleet, host, *attempt, answer),
        Heard::Journal { attempt, from, text } => {
            let mut to = *from;
            let lines = text
                .split_inclusive('\n')
                .map(|line| {
                    to += line.len() as u64;
                    (to, line)
                })
                .filter(|(_, line)| line.ends_with('\n'))
                .map(|(to, line)| {
                    (to, move || {
                        serde_json::from_str(line).map_err(|error| error.to_string())
                    })
                });
            journal(fleet, host, *attempt, *from, lines)
        }
        Heard::Lines { attempt, from, lines } => {
            let ends = (*from + 1..).zip(lines);
            let lines = ends.map(|(to, line)| (to, move || Ok(line.clone())));
            journal(fleet, host, *attempt, *from, lines)
        }
    }
}

/// A person's word about a host. If it is gone, so are its live attempts, and the word is the proof.
pub fn host_gone(fleet: &Fleet, host: &HostName, word: Option<&str>) -> Vec<Event> {
    let mut events = vec![Event::HostGone {
        host: host.clone(),
        word: word.map(str::to_owned),
    }];
    if let Some(word) = word {
        let live = fleet
            .host(host)
            .map(|entry| entry.live.clone())
            .unwrap_or_default();
        let proof = format!("{host} was declared gone: {word}");
        events.extend(live.into_iter().map(|attempt| Event::Lost {
            attempt,
            proof: proof.clone(),
        }));
    }
    events
}

fn inventory(fleet: &Fleet, host: &HostName, capsules: &[Capsule]) -> Observed {
    let mut observed = Observed::default();
    let there: BTreeMap<AttemptId, &Capsule> = capsules
        .iter()
        .map(|capsule| (capsule.attempt, capsule))
        .collect();
    for id in fleet.host(host).into_iter().flat_map(|entry| &entry.live) {
        let running = fleet
            .attempt(*id)
            .is_some_and(|attempt| matches!(attempt.state, AttemptState::Running { .. }));
        if running && !there.contains_key(id) {
            let proof = "the host is there, and the attempt's directory is gone from it".to_owned();
            observed.events.push(Event::Lost { attempt: *id, proof });
        }
    }
    for capsule in there.into_values() {
        let Some(entry) = fleet.job(capsule.attempt.job) else {
            continue;
        };
        if i64::try_from(capsule.epoch.0).is_err() {
            observed.puzzles.push(format!(
                "{} on {host} claims epoch {}",
                capsule.attempt, capsule.epoch
            ));
            continue;
        }
        let Capsule { attempt, epoch, .. } = *capsule;
        match (entry.attempt(attempt.n), entry.live()) {
            (Some(known), _) if known.host == *host && known.state.is_live() => {}
            (None, None) if entry.closed.is_none() && is_worth_knowing(capsule) => {
                // One a job: a second one would wait for the next inventory.
                if !observed.events.iter().any(
                    |event| matches!(event, Event::Found { attempt: other, .. } if other.job == attempt.job),
                ) {
                    observed.events.push(Event::Found {
                        attempt,
                        host: host.clone(),
                        epoch,
                    });
                }
            }
            // Alive, although the job is closed, or was given to somebody else by a newer coordinator.
            (_, live) if capsule.outcome.is_none() && live.is_none_or(|live| live.epoch > epoch) => {
                observed.strays.push(attempt);
            }
            (_, _) => {}
        }
    }
    observed
}

/// Does this attempt decide what becomes of its job? One that its host lost does not.
fn is_worth_knowing(capsule: &Capsule) -> bool {
    match &capsule.outcome {
        None | Some(Outcome::Succeeded | Outcome::Cancelled) => true,
        Some(Outcome::Failed { ending, .. }) => !matches!(ending, Ending::HostFault(_)),
        Some(Outcome::Lost { .. }) => false,
    }
}

fn started(fleet: &Fleet, host: &HostName, id: AttemptId, answer: &Answer) -> Observed {
    let why = match answer {
        Answer::Refused(why) => why.clone(),
        Answer::Failed(text) => Refusal::HostFault(text.clone()),
        Answer::Done
        | Answer::Inventory(_)
        | Answer::Bytes { .. }
        | Answer::Facts(_)
        | Answer::Images(_)
        | Answer::Cleaned(_)
        | Answer::Fault(_)
        | Answer::Harness(_)
        | Answer::Room(_)
        | Answer::Installed(_)
        | Answer::Observations(_) => {
            return Observed::default();
        }
    };
    let intended = fleet
        .attempt(id)
        .is_some_and(|attempt| attempt.host == *host && attempt.state == AttemptState::Intended);
    let events = intended
        .then_some(Event::Refused { attempt: id, why })
        .into_iter()
        .collect();
    Observed {
        events,
        ..Observed::default()
    }
}

/// Lines of a journal, each with the byte after it. Those that are applied already are not read.
fn journal<R: FnOnce() -> Result<Line, String>>(
    fleet: &Fleet,
    host: &HostName,
    id: AttemptId,
    from: u64,
    lines: impl Iterator<Item = (u64, R)>,
) -> Observed {
    let mut observed = Observed::default();
    let Some(attempt) = fleet.attempt(id).filter(|attempt| attempt.host == *host) else {
        return observed;
    };
    let mut state = attempt.state.clone();
    if !state.is_live() {
        return observed;
    }
    if from > attempt.offset {
        observed.gaps.push(id);
        return observed;
    }
    for (to, read) in lines.filter(|(to, _)| *to > attempt.offset) {
        let line = match read() {
            Ok(line) => line,
            Err(error) => {
                observed
                    .puzzles
                    .push(format!("journal of {id} on {host}, before byte {to}: {error}"));
                continue;
            }
        };
        match state.next(&crate::domain::attempt::News::Journal(&line.entry)) {
            Ok(next) => state = next,
            Err(illegal) => {
                observed
                    .puzzles
                    .push(format!("journal of {id} on {host}, before byte {to}: {illegal}"));
                continue;
            }
        }
        observed.events.push(Event::Journaled {
            attempt: id,
            to,
            line,
        });
    }
    observed
}
