//! What a host's words mean: from messages to events. Tolerates repeats, gaps, and hosts that remember
//! more than the coordinator does.

use super::adopt;
use super::inventory::inventory;
use crate::domain::credible;
use crate::domain::event::Refusal;
use crate::domain::journal::Line;
use crate::domain::wire::{Answer, Inventory};
use crate::domain::{AttemptId, AttemptState, Event, HostName, Timestamp};
use crate::schedule::Fleet;
use crate::schedule::fleet::Attempt;

/// What came from a host.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// What is on it: just after its link came up, and whenever that is in doubt.
    Inventory(Inventory),
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
    /// What runs on the host is not what it should be: it must be asked for its inventory.
    pub doubtful: bool,
    /// What no host that is in its right mind says: nothing of this host is believed for now, and why.
    pub lie: Option<String>,
}

/// Makes events of what was heard from `host`. Says nothing twice: what is folded already gives nothing.
pub fn observe(fleet: &Fleet, host: &HostName, heard: &Heard) -> Observed {
    match heard {
        Heard::Inventory(there) => inventory(fleet, host, there),
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

/// The same, after events that are not folded yet: those that came before it in the same round.
pub fn observe_after<'a>(
    fleet: &Fleet,
    now: Timestamp,
    earlier: impl Iterator<Item = &'a Event>,
    host: &HostName,
    heard: &Heard,
) -> Observed {
    let job = match heard {
        Heard::Inventory(_) => return observe(fleet, host, heard),
        Heard::Started(attempt, _) | Heard::Journal { attempt, .. } | Heard::Lines { attempt, .. } => {
            attempt.job
        }
    };
    let mut earlier = earlier.filter(|event| event.job() == Some(job)).peekable();
    if earlier.peek().is_none() {
        return observe(fleet, host, heard);
    }
    let mut part = fleet.part([&job], [], []);
    for event in earlier {
        // What contradicts the past is found out when it is stored.
        let _ = part.fold(now, event);
    }
    observe(&part, host, heard)
}

/// A person's word about a host. If it is gone, so are its live attempts, and the word is the proof.
pub fn host_gone(fleet: &Fleet, host: &HostName, word: Option<&str>) -> Vec<Event> {
    let mut events = vec![Event::HostGone {
        host: host.clone(),
        word: word.map(str::to_owned),
    }];
    if let Some(word) = word {
        // No job waits any more for what it remembers.
        events.extend(adopt::let_go(fleet, host, word));
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

fn started(fleet: &Fleet, host: &HostName, id: AttemptId, answer: &Answer) -> Observed {
    let why = match answer {
        Answer::Refused(why) => why.clone(),
        Answer::Failed(text) => Refusal::HostFault(text.clone()),
        // The link has sent it again before, in vain.
        Answer::Lacks(text) => Refusal::HostFault(format!("the input {text} is not there")),
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
        | Answer::Observations(_)
        | Answer::Has(_) => {
            return Observed::default();
        }
    };
    let is_ours = |attempt: &&Attempt| attempt.host == *host && attempt.state == AttemptState::Intended;
    let Some(attempt) = fleet.attempt(id).filter(is_ours) else {
        return Observed::default();
    };
    let mut observed = Observed::default();
    if let Refusal::JobAlive(n) = why {
        let other = AttemptId { job: id.job, n };
        if n == 0 || fleet.attempt(other).is_some() {
            // It is to be stopped there before this one may start, here or elsewhere: the inventory says so.
            observed.doubtful = true;
            return observed;
        }
        observed.events.push(Event::Refused { attempt: id, why });
        observed.events.push(Event::Found {
            attempt: other,
            host: host.clone(),
            epoch: attempt.epoch,
        });
        return observed;
    }
    observed.events.push(Event::Refused { attempt: id, why });
    observed
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
        if to > credible::LONGEST_JOURNAL {
            let most = credible::LONGEST_JOURNAL >> 20;
            observed.lie = Some(format!("the journal of {id} has more than {most} MB"));
            return observed;
        }
        let line: Line = match read() {
            Ok(line) if credible::line(&line) => line,
            Ok(_) => {
                observed.lie = Some(format!("the journal of {id} has numbers that cannot be"));
                return observed;
            }
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
