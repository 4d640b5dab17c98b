//! The reports beside the results: what became of every job, from the database and the results at home.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Problem, ProblemKind};
use crate::case::Judgement;
use crate::collect::{self, Brought, ResultFile};
use crate::config::Config;
use crate::domain::{AttemptId, Fault, Job, Sha256, Verdict};
use crate::doors::files::{self, AS_UMASK, Durability};
use crate::report::calibration::{Calibrations, Weight};
use crate::report::{self, Account, Books, Effort, PhaseTime, Row, words};
use crate::schedule::Fleet;
use crate::schedule::fleet::{Attempt, Closure, JobEntry};

/// Closes the books and writes `summary.json`, `results.jsonl` and `results.csv`, each at once.
pub fn write_reports(
    fleet: &Fleet,
    home: &HomeResults<'_>,
    results: &Path,
    config: &Config,
    mixed: bool,
) -> Result<Books, Problem> {
    let calibrations = calibrations(fleet, config);
    let rows: Vec<Row> = fleet
        .jobs()
        .map(|entry| row(entry, home, results, &calibrations))
        .collect();
    let internal = |error: &dyn std::error::Error| {
        Problem::new(ProblemKind::Internal, "the books cannot be closed").caused_by(error)
    };
    let books = Books::close(rows, fleet.jobs().count())
        .map_err(|error| internal(&error))?
        .mixing(mixed);
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
        replace_file(&results.join(name), &text).map_err(|error| {
            Problem::new(
                ProblemKind::Environment,
                format!("cannot write {}", results.join(name).display()),
            )
            .caused_by(&error)
        })?;
    }
    Ok(books)
}

/// What is at home.
#[derive(Debug, Clone, Copy)]
pub struct HomeResults<'a> {
    /// Results.
    pub brought: &'a BTreeMap<AttemptId, Brought>,
    /// And what they amount to.
    pub judged: &'a BTreeMap<AttemptId, Judgement>,
}

/// What the verdicts on `gold` and `noop` say of the instances.
pub fn calibrations(fleet: &Fleet, config: &Config) -> Calibrations {
    let mut calibrations = Calibrations::default();
    for entry in fleet.jobs() {
        if let (Some(weight), Some(verdict)) = (weight_of(&entry.job, config), entry.verdict()) {
            calibrations.add(weight, verdict);
        }
    }
    calibrations
}

/// The end of the scale that a job is, if it is one.
pub fn weight_of(job: &Job, config: &Config) -> Option<Weight> {
    let given = job.trajectory.is_some();
    let agent = config.agent_of(&job.model, config.pipeline(&job.pipeline)?)?;
    Weight::of(agent).filter(|_| !given)
}

fn row(entry: &JobEntry, at_home: &HomeResults<'_>, results: &Path, calibrations: &Calibrations) -> Row {
    let job = &entry.job;
    let attempt = entry.decisive();
    let id = attempt.map(|attempt| AttemptId {
        job: job.id,
        n: attempt.n,
    });
    let home = id.and_then(|id| at_home.brought.get(&id));
    let judged = id.and_then(|id| at_home.judged.get(&id));
    let verdict = judged.map(|judged| &judged.verdict).or(entry.verdict());
    let distrust = calibrations.distrust(verdict.and_then(|verdict| verdict.key));
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
        account: Account::trusting(entry, verdict, distrust.is_some()),
        judgement: said(
            verdict,
            attempt.and_then(Attempt::fault),
            judged,
            doubt(entry, distrust),
        ),
        effort: judged.map(effort).unwrap_or_default(),
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
        profile: match (home, id) {
            (Some(home), _) => home.result.profile,
            // Of a set that was not asked for, what lies at home already.
            (None, Some(id)) => profile(&collect::home(results, job), id),
            (None, None) => None,
        },
    }
}

/// Why a result is not to be trusted.
fn doubt(entry: &JobEntry, distrust: Option<&str>) -> Option<String> {
    let instance = distrust.map(|why| format!("the instance cannot be trusted: {why}"));
    instance.or_else(|| Some(format!("its host turned out to be bad: {}", entry.suspect()?)))
}

fn profile(home: &Path, attempt: AttemptId) -> Option<Sha256> {
    let result = ResultFile::read(home).ok().flatten()?;
    (result.job.id == attempt.job && result.attempt == attempt.n)
        .then_some(result.profile)
        .flatten()
}

fn said(
    verdict: Option<&Verdict>,
    fault: Option<&Fault>,
    judged: Option<&Judgement>,
    doubt: Option<String>,
) -> report::Judgement {
    let fault = fault.or(verdict.and_then(|verdict| verdict.fault.as_ref()));
    let why = || verdict?.why.clone().or_else(|| fault.map(ToString::to_string));
    report::Judgement {
        verdict: verdict.map(|verdict| verdict.decision),
        outcome: verdict.map(|verdict| verdict.outcome),
        why: doubt.or_else(why).or_else(|| fault.map(ToString::to_string)),
        class: fault.map(|fault| fault.class),
        fault: fault.map(|fault| fault.name.to_string()),
        image: judged.and_then(|judged| judged.image.clone()),
        findings: judged
            .map(|judged| judged.findings.iter().map(|finding| finding.name.clone()))
            .into_iter()
            .flatten()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
    }
}

fn effort(judged: &Judgement) -> Effort {
    let metrics = &judged.metrics;
    Effort {
        cost_microusd: metrics.cost_microusd,
        prompt_tokens: metrics.prompt_tokens,
        completion_tokens: metrics.completion_tokens,
        iterations: metrics.iterations,
        patch_bytes: Some(judged.patch_bytes),
    }
}

/// The file has the old text or the new one, whatever happens. Durable when it returns: people are told of it.
pub fn replace_file(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    files::replace(path, text.as_bytes(), AS_UMASK, Durability::Durable)
}
