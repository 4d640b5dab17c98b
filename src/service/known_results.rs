//! What is known already: of the database's jobs, in whatever set, and of results that the database does not know.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::verdicts::{self, VERDICT};
use super::{NoteSink, Problem, ProblemKind, Project};
use crate::assign::{Estimate, Known, Question};
use crate::case::Judgement;
use crate::collect::ResultFile;
use crate::domain::journal::Outcome;
use crate::domain::{AttemptState, Epoch, InstanceId, Job, JobId, ModelName, Span};
use crate::report::{Account, words};
use crate::schedule::Fleet;
use crate::schedule::fleet::Closure;
use crate::store::Store;

/// What is known.
#[derive(Default)]
pub struct KnownResults {
    /// What became of each question.
    pub known: BTreeMap<Question, Known>,
    /// How long jobs take.
    pub estimate: Estimate,
    /// The database's jobs, where there is a database.
    pub fleet: Option<Fleet>,
}

/// How long jobs took that ended well.
type Took = Vec<(InstanceId, ModelName, Span)>;

/// Reads the database, the results of fleet.toml and these trees.
pub async fn read_known_results(
    project: &Project,
    trees: &[PathBuf],
    notes: &dyn NoteSink,
) -> Result<KnownResults, Problem> {
    let mut past = KnownResults::default();
    let mut took = Took::new();
    let mut jobs = BTreeSet::new();
    if let Some(store) = Store::peek(&project.database_path()).await? {
        let fleet = store.load(Epoch(0), &project.config.hosts).await?;
        for entry in fleet.jobs() {
            jobs.insert(entry.job.id);
            past.learn(&entry.job, known(Account::of(entry), Known::Result));
        }
        for (id, span) in store.took().await? {
            let attempt = fleet.attempt(id).zip(fleet.job(id.job));
            if let Some((_, entry)) =
                attempt.filter(|(attempt, _)| attempt.state == AttemptState::Ended(Outcome::Succeeded))
            {
                took.push((entry.job.instance.clone(), entry.job.model.clone(), span));
            }
        }
        store.close().await;
        past.fleet = Some(fleet);
    }
    let own = project.results.is_dir().then_some(&project.results);
    let mut unreadable = 0;
    for tree in own.into_iter().chain(trees) {
        unreadable += past.tree(tree, &mut jobs, &mut took)?;
    }
    if unreadable > 0 {
        let results = words::count(unreadable, "result", "results");
        notes.note(&format!(
            "{results} could not be read and counted as missing; `fleet collect --verify` mends them"
        ));
    }
    past.estimate = Estimate::of(&took);
    Ok(past)
}

impl KnownResults {
    /// Of several jobs that ask the same, the best counts.
    fn learn(&mut self, job: &Job, known: Known) {
        let question = (job.instance.clone(), job.model.clone(), job.run);
        let best = self.known.entry(question).or_insert(known);
        *best = known.max(*best);
    }

    /// The results of one tree whose jobs are not `seen`; how many cannot be read.
    fn tree(&mut self, tree: &Path, seen: &mut BTreeSet<JobId>, took: &mut Took) -> Result<usize, Problem> {
        let mut homes = Vec::new();
        verdicts::find_results(tree, &mut homes).map_err(|error| {
            Problem::new(ProblemKind::Input, format!("cannot look into {}", tree.display())).caused_by(&error)
        })?;
        homes.sort();
        let mut unreadable = 0;
        for home in homes {
            let Ok(Some(result)) = ResultFile::read(&home) else {
                unreadable += 1;
                continue;
            };
            if !seen.insert(result.job.id) {
                continue;
            }
            self.learn(&result.job, known(account(&home, &result), Known::AtHome));
            let whole = result.phases.iter().all(|phase| phase.kept.is_none());
            if result.outcome == Outcome::Succeeded && whole {
                let sum = result.phases.iter().map(|phase| phase.took.0);
                let span = Span(sum.fold(0, u64::saturating_add));
                took.push((result.job.instance.clone(), result.job.model.clone(), span));
            }
        }
        Ok(unreadable)
    }
}

/// The account of a result that no database knows.
fn account(home: &Path, result: &ResultFile) -> Account {
    let closure = match &result.outcome {
        Outcome::Succeeded => Closure::Succeeded,
        Outcome::Failed { phase, ending } => Closure::Failed {
            phase: phase.clone(),
            ending: ending.clone(),
        },
        Outcome::Cancelled => Closure::Cancelled,
        Outcome::Lost { proof } => Closure::GivenUp { why: proof.clone() },
    };
    // By any build: what an older one decided was decided.
    let stands = std::fs::read(home.join(VERDICT)).ok();
    let judgement: Option<Judgement> = stands.and_then(|text| serde_json::from_slice(&text).ok());
    let verdict = judgement.map(|judgement| judgement.verdict);
    let fault = result.phases.iter().rev().find_map(|phase| phase.fault.as_ref());
    Account::from(Some(&closure), false, verdict.as_ref(), fault, false)
}

/// Does this count? `counts` is where.
fn known(account: Account, counts: Known) -> Known {
    match account {
        Account::Waiting | Account::Running => Known::UnderWay,
        Account::Resolved | Account::Unresolved | Account::Succeeded => counts,
        Account::Undecided | Account::Excluded | Account::Cancelled | Account::Failed => {
            Known::Void(account.word())
        }
    }
}
