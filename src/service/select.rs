//! How people name jobs: by id (or its beginning), or as the tree of results does: `set/instance/model/run1`,
//! with or without the set, or the beginning of that.

use super::{Problem, ProblemKind};
use crate::domain::Job;
use crate::schedule::Fleet;
use crate::schedule::fleet::JobEntry;

/// Every job that the word may mean.
pub fn jobs_meant<'a>(fleet: &'a Fleet, word: &str) -> Vec<&'a JobEntry> {
    let mut jobs: Vec<&JobEntry> = fleet.jobs().filter(|entry| means(entry, word)).collect();
    jobs.sort_by_key(|entry| entry.job.order);
    jobs
}

/// The jobs that the words mean; each word must mean at least one.
pub fn jobs_named<'a>(fleet: &'a Fleet, words: &[String]) -> Result<Vec<&'a JobEntry>, Problem> {
    let mut jobs = Vec::new();
    let mut unknown = Vec::new();
    for word in words {
        let found = jobs_meant(fleet, word);
        if found.is_empty() {
            unknown.push(format!("`{}` is no job", word.escape_debug()));
        }
        jobs.extend(found);
    }
    if unknown.is_empty() {
        return Ok(jobs);
    }
    Err(Problem::new(ProblemKind::Input, "some jobs are not known")
        .causes(unknown)
        .hint("`fleet status --all` lists every job with its id"))
}

/// The one job that the word means.
pub fn job_named<'a>(fleet: &'a Fleet, word: &str) -> Result<&'a JobEntry, Problem> {
    let jobs = jobs_named(fleet, &[word.to_owned()])?;
    if let [job] = jobs[..] {
        return Ok(job);
    }
    let names = jobs.iter().take(10).map(|entry| describe_job(entry));
    Err(Problem::new(
        ProblemKind::Input,
        format!("`{}` means {} jobs", word.escape_debug(), jobs.len()),
    )
    .causes(names)
    .hint("name one of them by its id"))
}

/// A job as people find it again: its id, and where its results lie.
pub fn describe_job(entry: &JobEntry) -> String {
    let job = &entry.job;
    format!("{}  {}", job.id, job_path(job))
}

/// Where its results lie.
pub fn job_path(job: &Job) -> String {
    format!("{}/{}/{}/run{}", job.set, job.instance, job.model, job.run)
}

fn means(entry: &JobEntry, word: &str) -> bool {
    let job = &entry.job;
    let run = format!("run{}", job.run);
    let path = [job.set.as_str(), job.instance.as_str(), job.model.as_str(), &run];
    let wanted: Vec<&str> = word.split('/').collect();
    // An id needs four characters to be meant; a path is meant from the set or from the instance on.
    (word.len() >= 4 && job.id.as_str().starts_with(word))
        || path.starts_with(&wanted) && wanted.len() > 1
        || path[1..].starts_with(&wanted)
}
