//! Assignments: the JSON that says which host does what, read completely, with all faults at once.
//!
//! Pure: the dataset files that an assignment names are read by the caller, who adds what it finds with
//! [`DraftJob::fault`].

mod entry;
mod keys;
mod known;
mod schema;
mod value;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

pub use keys::MOST_RUNS;
pub use schema::schema;

use crate::config::finding::{Faults, Places, quoted, suggestion};
use crate::config::node::{self, Node, Open};
use crate::config::{Config, Finding};
use crate::domain::{Job, JobId, SetName, job::Place};
use known::Known;

/// The host key of jobs that any host may take.
pub const POOL: &str = "*";

/// Most jobs of one file: far more than a fleet can run, far less than fills a memory.
const MOST_JOBS: usize = 250_000;

/// What an assignment says, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The jobs that could be made out, in the order of the file.
    pub jobs: Vec<DraftJob>,
    /// The faults, in the order of the file. With any of them, nothing should be dispatched.
    pub findings: Vec<Finding>,
}

/// A job whose dataset has not been read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftJob {
    /// The job, still without dataset.
    pub job: Job,
    /// Its dataset file, as the assignment names it.
    pub dataset_file: String,
    /// Line and column of that name.
    pub dataset_at: (u32, u32),
    /// A trajectory that exists already, as the assignment names it, with line and column of that name.
    pub trajectory: Option<(String, (u32, u32))>,
}

impl DraftJob {
    /// A finding about the job's dataset file.
    pub fn fault(&self, file: &str, what: impl Into<String>, hint: Option<String>) -> Finding {
        finding(file, self.dataset_at, what.into(), hint)
    }

    /// A finding about the job's trajectory file.
    pub fn trajectory_fault(&self, file: &str, what: impl Into<String>) -> Finding {
        let at = self.trajectory.as_ref().map_or(self.dataset_at, |(_, at)| *at);
        finding(file, at, what.into(), None)
    }
}

fn finding(file: &str, (line, column): (u32, u32), what: String, hint: Option<String>) -> Finding {
    Finding {
        file: file.to_owned(),
        line,
        column,
        what,
        hint,
    }
}

/// Reads the text of an assignment; `file` is what messages call it.
pub fn assignment(text: &str, file: &str, set: &SetName, config: &Config) -> Draft {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let places = Places::of(text);
    let mut reading = Reading {
        text,
        places: &places,
        set,
        known: &Known::of(config),
        faults: Faults::default(),
        jobs: Vec::new(),
        seen: HashMap::new(),
    };
    match Node::parse(text) {
        Ok(root) => reading.root(root),
        Err(error) => {
            let message = error.to_string();
            let what = message
                .rsplit_once(" at line ")
                .map_or(message.as_str(), |(what, _)| what);
            let at = node::stopped_at(text, &error);
            reading.faults.add(at, format!("this is not JSON: {what}"));
        }
    }
    Draft {
        jobs: reading.jobs,
        findings: reading.faults.findings(file, &places),
    }
}

/// The state of reading one file.
struct Reading<'r> {
    text: &'r str,
    places: &'r Places<'r>,
    set: &'r SetName,
    known: &'r Known<'r>,
    faults: Faults,
    jobs: Vec<DraftJob>,
    /// Where each job was first named.
    seen: HashMap<JobId, usize>,
}

impl Reading<'_> {
    fn at(&self, node: Node<'_>) -> usize {
        node.at(self.text)
    }

    fn root(&mut self, root: Node<'_>) {
        let at = self.at(root);
        let pairs = match root.open() {
            Open::Object(pairs) => pairs,
            other => {
                return self.faults.add_hint(
                    at,
                    format!("an assignment is an object, not {}", other.article()),
                    "write { \"host\": [ { \"instance_id\": …, \"model\": …, \"dataset_file\": … } ] }",
                );
            }
        };
        if pairs.is_empty() {
            self.faults.add(at, "there is no job here");
        }
        let mut first: BTreeMap<String, usize> = BTreeMap::new();
        for (key, list) in pairs {
            let at = self.at(key);
            let Some(name) = key.text() else {
                self.faults.add(at, "this key is not Unicode");
                continue;
            };
            if let Some(earlier) = first.get(&name) {
                let (line, _) = self.places.at(*earlier);
                self.faults.add_hint(
                    at,
                    format!("host {} is here twice; first on line {line}", quoted(&name)),
                    "put all its jobs into one list",
                );
            }
            let place = self.place(&name, at);
            first.insert(name, at);
            self.list(list, place.as_ref());
        }
    }

    /// The place that a key names; none if that is a fault.
    fn place(&mut self, name: &str, at: usize) -> Option<Place> {
        if name == POOL {
            return Some(Place::Any);
        }
        let known = self
            .known
            .hosts
            .get(name)
            .map(|host| Place::Host(host.name.clone()));
        if known.is_none() {
            let hint = suggestion(name, self.known.hosts.keys().copied());
            self.faults
                .add_hint(at, format!("unknown host {}", quoted(name)), hint);
        }
        known
    }

    fn list(&mut self, list: Node<'_>, place: Option<&Place>) {
        let at = self.at(list);
        match list.open() {
            Open::List(entries) if entries.is_empty() => {
                self.faults
                    .add_hint(at, "this list is empty", "give the host a job or remove it");
            }
            Open::List(entries) => {
                for entry in entries {
                    self.entry(entry, place);
                }
            }
            other => self.faults.add_hint(
                at,
                format!("a host's jobs are a list, not {}", other.article()),
                "write [ { … } ]",
            ),
        }
    }
}
