//! `fleet failures`: what failed, grouped by whose doing it was and what it is called, each with a way out.
//!
//! Invariant: the same fleet gives the same groups, in the same order. What the model did stands apart: it is a
//! result, and no command is advised against it.

mod text;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::blame::advice;
use crate::domain::fault::{Class, RecordedName};
use crate::domain::hold::Subject;
use crate::domain::{HostName, JobId, ModelName, SetName};
use crate::report::failed::{self, FailureFate, JobFailure};
use crate::schedule::Fleet;
use crate::schedule::fleet::JobEntry;

pub use text::failures_text;

/// The version of the JSON form that this build writes.
const VERSION: u32 = 1;
/// Most examples of a group.
const MOST_EXAMPLES: usize = 3;
/// Most commands that one advised command becomes, where it is for a host or a model.
const MOST_COMMANDS: usize = 5;

/// What failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failures {
    /// Of the JSON form.
    pub version: u32,
    /// Failures, by class and fault.
    pub failures: Vec<Group>,
    /// What models did: results, not failures.
    pub results: Vec<Group>,
}

/// Failures of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Whose doing.
    pub class: Class,
    /// The fault's name.
    pub fault: RecordedName,
    /// How many jobs met it.
    pub jobs: usize,
    /// Of these, those that are closed without a result because of it.
    pub failed: usize,
    /// Those that will be tried again, or are being.
    pub open: usize,
    /// Those that are closed without a result because of something that happened later.
    pub otherwise: usize,
    /// Those that have a result all the same.
    pub recovered: usize,
    /// Those that were cancelled afterwards.
    pub cancelled: usize,
    /// How many attempts met it, by host.
    pub hosts: BTreeMap<HostName, usize>,
    /// How many attempts in all.
    pub attempts: usize,
    /// How many jobs, by model.
    pub models: BTreeMap<ModelName, usize>,
    /// The line that most of them say. Untrusted.
    pub line: String,
    /// Some of the jobs.
    pub examples: Vec<Example>,
    /// Why such things happen.
    pub why: Option<&'static str>,
    /// What to do.
    pub what: Option<&'static str>,
    /// With these commands.
    pub run: Vec<String>,
}

/// A job of a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Example {
    /// Its id.
    pub job: JobId,
    /// As the tree of results calls it.
    pub name: String,
}

/// What failed of these sets (of all, if none is named) and of this class. `distrusted` says why the verdict on
/// a job does not count, where that is so.
pub fn failures(
    fleet: &Fleet,
    sets: &[SetName],
    class: Option<Class>,
    distrusted: &dyn Fn(&JobEntry) -> Option<String>,
) -> Failures {
    let mut groups: BTreeMap<(Class, RecordedName), Vec<JobFailure<'_>>> = BTreeMap::new();
    let jobs = super::board::in_order(fleet).into_iter();
    for entry in jobs.filter(|entry| sets.is_empty() || sets.contains(&entry.job.set)) {
        for seen in failed::failures_of(entry, distrusted(entry)) {
            groups
                .entry((seen.class, seen.fault.clone()))
                .or_default()
                .push(seen);
        }
    }
    let mut all: Vec<Group> = groups
        .into_iter()
        .filter(|((found, _), _)| class.is_none_or(|class| *found == class))
        .map(|((class, fault), seen)| group(fleet, class, fault, &seen.iter().collect::<Vec<_>>()))
        .collect();
    // What needs a hand first; then what there is most of. The rest is in the order of classes and names.
    all.sort_by_key(|group| std::cmp::Reverse((group.failed, group.open, group.jobs)));
    let (results, failures) = all.into_iter().partition(|group| group.class == Class::Model);
    Failures {
        version: VERSION,
        failures,
        results,
    }
}

/// Why a job has no result, and what to do about it: what each attempt failed of, the class, the way out. Empty if it
/// has a result, or may have one yet.
pub fn failure_lines(fleet: &Fleet, entry: &JobEntry) -> Vec<(&'static str, String)> {
    let all = failed::failures_of(entry, None);
    let Some(last) = all.last().filter(|last| last.stand == FailureFate::Failed) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for attempt in &entry.attempts {
        // What was lost is told as that.
        if entry.lost().any(|lost| lost.n == attempt.n) {
            continue;
        }
        if let Some((class, fault, line)) = failed::failure_of_attempt(attempt) {
            let class = class.word();
            let text = format!(
                "attempt {} on {}: {fault} ({class}): {line}",
                attempt.n, attempt.host
            );
            lines.push(("failed", text));
        }
    }
    let group = group(fleet, last.class, last.fault.clone(), &[last]);
    lines.push((
        "class",
        format!("{} ({})", last.class.word(), last.class.meaning()),
    ));
    lines.extend(group.why.map(|why| ("because", why.to_owned())));
    lines.extend(group.what.map(|what| ("do", what.to_owned())));
    lines.extend(group.run.into_iter().map(|command| ("run", command)));
    lines
}

fn group(fleet: &Fleet, class: Class, fault: RecordedName, seen: &[&JobFailure<'_>]) -> Group {
    let mut stands: BTreeMap<JobId, FailureFate> = BTreeMap::new();
    let (mut hosts, mut attempts) = (BTreeMap::new(), 0);
    let mut models: BTreeMap<ModelName, BTreeSet<JobId>> = BTreeMap::new();
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    for one in seen {
        let job = &one.entry.job;
        let worst = stands.entry(job.id).or_insert(one.stand);
        *worst = one.stand.min(*worst);
        models.entry(job.model.clone()).or_default().insert(job.id);
        *lines.entry(&one.line).or_default() += 1;
        if let Some(host) = &one.host {
            *hosts.entry((*host).clone()).or_default() += 1;
            attempts += 1;
        }
    }
    let count = |stand| stands.values().filter(|one| **one == stand).count();
    // Of lines that are there equally often, the first in the alphabet.
    let line = lines
        .iter()
        .max_by_key(|(line, n)| (**n, std::cmp::Reverse(**line)))
        .map_or("", |(line, _)| line);
    let advised = fault.known().map(advice::on);
    let examples = examples(seen);
    let failed = count(FailureFate::Failed);
    Group {
        jobs: stands.len(),
        failed,
        open: count(FailureFate::Open),
        otherwise: count(FailureFate::Otherwise),
        recovered: count(FailureFate::Recovered),
        cancelled: count(FailureFate::Cancelled),
        attempts,
        line: line.to_owned(),
        why: advised.map(|advice| advice.why),
        what: advised.map(|advice| advice.what),
        run: advised
            .map(|advice| commands(advice.run, fault.as_str(), &hosts, &models, &examples))
            .unwrap_or_default()
            .into_iter()
            // What waits is tried again by itself, and what has a result needs no other.
            .filter(|command| failed > 0 || !command.starts_with("fleet retry"))
            .filter(|command| may_resume(fleet, command))
            .collect(),
        models: models
            .into_iter()
            .map(|(model, jobs)| (model, jobs.len()))
            .collect(),
        hosts,
        examples,
        class,
        fault,
    }
}

/// What is not held needs no `fleet resume`.
fn may_resume(fleet: &Fleet, command: &str) -> bool {
    match command.strip_prefix("fleet resume ").map(str::parse::<Subject>) {
        Some(Ok(subject)) => fleet.hold(&subject).is_some(),
        Some(Err(_)) | None => true,
    }
}

/// Those that need a hand first.
fn examples(seen: &[&JobFailure<'_>]) -> Vec<Example> {
    let mut sorted: Vec<&JobFailure<'_>> = seen.to_vec();
    sorted.sort_by_key(|one| one.stand);
    let mut examples: Vec<Example> = Vec::new();
    for one in sorted {
        let job = &one.entry.job;
        let is_new = examples.iter().all(|example| example.job != job.id);
        if is_new && examples.len() < MOST_EXAMPLES {
            examples.push(Example {
                job: job.id,
                name: format!("{}/{}/{}/run{}", job.set, job.instance, job.model, job.run),
            });
        }
    }
    examples
}

/// The advised commands with the names that they are for.
fn commands(
    templates: &[&str],
    fault: &str,
    hosts: &BTreeMap<HostName, usize>,
    models: &BTreeMap<ModelName, BTreeSet<JobId>>,
    examples: &[Example],
) -> Vec<String> {
    let mut all = Vec::new();
    for template in templates {
        let filled = template.replace("{fault}", fault);
        let each = |mark: &str, names: Vec<String>| -> Vec<String> {
            let names = names.into_iter().take(MOST_COMMANDS);
            names.map(|name| filled.replace(mark, &name)).collect()
        };
        if filled.contains("{host}") {
            all.extend(each("{host}", hosts.keys().map(ToString::to_string).collect()));
        } else if filled.contains("{model}") {
            all.extend(each("{model}", models.keys().map(ToString::to_string).collect()));
        } else if filled.contains("{job}") {
            let first = examples.iter().take(1).map(|example| example.job.to_string());
            all.extend(each("{job}", first.collect()));
        } else {
            all.push(filled);
        }
    }
    all
}
