//! The reports beside the results: what became of every job, from the database and the results at home.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use super::{CommandError, Kind};
use crate::collect::Brought;
use crate::domain::fleet::{Closure, JobEntry};
use crate::domain::{AttemptId, Fleet};
use crate::report::{Account, Books, Effort, Judgement, PhaseTime, Row, words};

/// Closes the books and writes `summary.json`, `results.jsonl` and `results.csv`, each at once.
pub(super) fn write(
    fleet: &Fleet,
    brought: &BTreeMap<AttemptId, Brought>,
    results: &Path,
) -> Result<Books, CommandError> {
    let rows: Vec<Row> = fleet.jobs().map(|entry| row(entry, brought, results)).collect();
    let internal = |error: &dyn std::error::Error| {
        CommandError::new(Kind::Internal, "the books cannot be closed").caused_by(error)
    };
    let books = Books::close(rows, fleet.jobs().count()).map_err(|error| internal(&error))?;
    let files = [
        (
            "summary.json",
            books.summary_json().map_err(|error| internal(&error))?,
        ),
        (
            "results.jsonl",
            books.results_jsonl().map_err(|error| internal(&error))?,
        ),
        ("results.csv", books.results_csv()),
    ];
    for (name, text) in files {
        replace(&results.join(name), &text).map_err(|error| {
            CommandError::new(
                Kind::Environment,
                format!("cannot write {}", results.join(name).display()),
            )
            .caused_by(&error)
        })?;
    }
    Ok(books)
}

fn row(entry: &JobEntry, brought: &BTreeMap<AttemptId, Brought>, results: &Path) -> Row {
    let job = &entry.job;
    let attempt = entry.decisive();
    let home = attempt.and_then(|attempt| {
        brought.get(&AttemptId {
            job: job.id,
            n: attempt.n,
        })
    });
    let (phase, how) = match &entry.closed {
        Some(Closure::Failed { phase, ending }) => (Some(phase.clone()), Some(words::ending(ending))),
        Some(Closure::GivenUp { why }) => (None, Some(why.clone())),
        Some(Closure::Succeeded | Closure::Cancelled) | None => (None, None),
    };
    Row {
        set: job.set.clone(),
        instance: job.instance.clone(),
        model: job.model.clone(),
        run: job.run,
        task: job.task.clone(),
        job: job.id,
        account: Account::of(entry),
        judgement: Judgement::default(),
        effort: Effort::default(),
        attempt: attempt.map(|attempt| attempt.n),
        host: attempt.map(|attempt| attempt.host.clone()),
        phase,
        how,
        excerpt: attempt.and_then(|attempt| attempt.excerpt.clone()),
        phases: home
            .map(|home| {
                home.result
                    .phases
                    .iter()
                    .map(|phase| PhaseTime {
                        phase: phase.phase.clone(),
                        took: phase.took,
                    })
                    .collect()
            })
            .unwrap_or_default(),
        files: home.map_or(0, |home| home.result.files),
        bytes: home.map_or(0, |home| home.result.bytes),
        path: home.map(|home| {
            home.home
                .strip_prefix(results)
                .unwrap_or(&home.home)
                .display()
                .to_string()
        }),
        verified: home.is_some_and(|home| home.result.verified),
    }
}

/// The file has the old text or the new one, whatever happens.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    let new = path.with_extension("new");
    let mut file = std::fs::File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}
