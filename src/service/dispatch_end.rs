//! How a run of the engine ended: what is left, and how to go on.

use std::collections::BTreeSet;

use super::next_steps;
use super::{Problem, ProblemKind};
use crate::domain::SetName;
use crate::domain::hold::{Kind as Hold, Subject};
use crate::engine::Stop;
use crate::plan::Stuck;
use crate::report::words;
use crate::schedule::Fleet;
use crate::schedule::fleet::Closure;

/// How a run of the engine ended.
pub struct DispatchEnd {
    /// The facts at the end.
    pub fleet: Fleet,
    /// Why the engine stopped.
    pub stop: Stop,
    /// The sets that were asked for.
    pub sets: Vec<SetName>,
}

impl DispatchEnd {
    /// What to do about what failed and what is held, one line for each; `again` is the command that goes on.
    pub fn next_steps(&self, again: &str) -> Vec<String> {
        next_steps::after_dispatch(&self.fleet, &self.sets, again)
    }

    /// Did every job that was asked for succeed?
    pub fn has_succeeded(&self) -> bool {
        let mut mine = self
            .fleet
            .jobs()
            .filter(|entry| self.sets.contains(&entry.job.set));
        mine.all(|entry| entry.closed == Some(Closure::Succeeded))
    }

    /// What is left, and how to go on, unless all jobs are closed.
    pub fn check_done(&self, again: &str) -> Result<(), Problem> {
        let mine = || {
            self.fleet
                .jobs()
                .filter(|entry| self.sets.contains(&entry.job.set))
        };
        match &self.stop {
            Stop::Done => Ok(()),
            Stop::Interrupted => {
                let running = mine().filter(|entry| entry.live().is_some()).count();
                let waiting = mine().filter(|entry| entry.is_waiting()).count();
                Err(Problem::new(ProblemKind::Interrupted, format!("interrupted: {} on the hosts, {waiting} waiting here", words::count(running, "job continues", "jobs continue")))
                    .hint(format!("come back with `{again}`; look with `fleet status`; stop jobs with `fleet cancel`")))
            }
            Stop::Stuck(stuck) => {
                let left = mine().filter(|entry| entry.closed.is_none()).count();
                let what = format!("{} left, and waiting would not help", words::count(left, "job is", "jobs are"));
                let error = Problem::new(ProblemKind::Incomplete, what).causes(stuck.iter().map(stuck_line));
                let ways: BTreeSet<String> = stuck.iter().map(way_out_of).collect();
                let error = ways.into_iter().fold(error, Problem::hint);
                Err(error.hint(format!("then `{again}` goes on; `fleet failures` says more")))
            }
            Stop::Fenced(host, epoch) => Err(Problem::new(
                ProblemKind::Refused,
                format!("{host} obeys another coordinator (epoch {epoch}; this one has {})", self.fleet.epoch()),
            )
            .hint("jobs go on. If that coordinator is at work, stop one of the two; if it is gone (a lost database, another directory), `fleet adopt` learns what it knew and takes the hosts over")),
        }
    }
}

/// What would let these jobs go on.
fn way_out_of(stuck: &Stuck) -> String {
    let subject = &stuck.subject;
    match (subject, stuck.hold) {
        (Subject::Model(model), Some(Hold::Refused)) => {
            format!("correct the key, the quota or the name of {model}, then `fleet resume model {model}`")
        }
        (Subject::Image(source), Some(Hold::Refused)) => {
            format!("upload the image again, then `fleet resume image {source}`; `fleet retry --class image` opens the jobs again that failed because of it")
        }
        (_, Some(Hold::Paused | Hold::Draining)) => format!("`fleet resume {subject}` lets it go on"),
        (Subject::Memory(host), _) => next_steps::reach_or_declare_gone(host.as_str()),
        (Subject::Host(_), _) => "`fleet doctor` says how to mend hosts. If one will never come back, `fleet host gone NAME --because WHY` frees its jobs".to_owned(),
        (_, _) => format!("`fleet resume {subject}` lets it go on once it is mended"),
    }
}

fn stuck_line(stuck: &Stuck) -> String {
    let mut jobs = Vec::new();
    if stuck.running > 0 {
        jobs.push(format!("may be running {}", words::jobs(stuck.running)));
    }
    if stuck.waiting > 0 {
        jobs.push(format!(
            "{} for it",
            words::count(stuck.waiting, "job waits", "jobs wait")
        ));
    }
    let jobs = if jobs.is_empty() {
        String::new()
    } else {
        format!(" ({})", jobs.join(", "))
    };
    format!("{}{jobs}: {}", stuck.subject, stuck.why)
}
