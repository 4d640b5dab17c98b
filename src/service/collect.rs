//! Every result home, verified, in one tidy tree, with the reports beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::reports::{self, HomeResults};
use super::{Problem, ProblemKind, Project, commands, predictions, verdicts};
use crate::case::Judgement;
use crate::collect::{self, Answers, Brought, Options, Origin, Wanted};
use crate::domain::host::HostConfig;
use crate::domain::tree::short;
use crate::domain::{AttemptId, AttemptState, HostName, SetName};
use crate::doors::{clock, secrets};
use crate::report::{Books, words};
use crate::schedule::Fleet;
use crate::schedule::fleet::JobEntry;
use crate::store::{Command, Store};

/// What is to come home.
#[derive(Debug, Clone, Default)]
pub struct CollectRequest {
    /// Only these sets; all, if none is named.
    pub sets: Vec<SetName>,
    /// Verify what is at home already by content, not by size.
    pub verify: bool,
    /// Give rates over results that were made under different harnesses.
    pub mixed: bool,
}

/// What is at home now.
pub struct Collection {
    /// What became of all jobs.
    pub books: Books,
    /// Results that came just now.
    pub fresh: usize,
    /// Results that are here.
    pub at_home: usize,
    /// Jobs that are not closed.
    pub open: usize,
    complaints: Vec<String>,
    hints: BTreeSet<&'static str>,
}

impl Collection {
    /// Results that did not come, and why.
    pub fn missing_problem(&self) -> Option<Problem> {
        if self.complaints.is_empty() {
            return None;
        }
        let problem = Problem::new(ProblemKind::Incomplete, "not every result is home")
            .causes(self.complaints.iter().cloned());
        let problem = self
            .hints
            .iter()
            .fold(problem, |problem, hint| problem.hint(*hint));
        Some(problem.hint("what is home is whole; `fleet collect` again brings the rest"))
    }

    /// Rates that are withheld, since their results are not of one experiment.
    pub fn mixture_problem(&self) -> Option<Problem> {
        let mixtures = self.books.mixtures();
        if mixtures.is_empty() {
            return None;
        }
        let causes = mixtures.iter().flat_map(|rate| {
            rate.profiles.iter().map(move |share| {
                let hosts: Vec<&str> = share.hosts.iter().map(HostName::as_str).collect();
                format!(
                    "{}/{}: {} under profile {} on {}",
                    rate.set,
                    rate.model,
                    words::jobs(share.jobs),
                    short(share.profile),
                    hosts.join(", ")
                )
            })
        });
        let what = "results were made under different harnesses; their rates are withheld";
        Some(
            Problem::new(ProblemKind::Refused, what)
                .causes(causes)
                .hint("`fleet verify` shows which hosts differ, `fleet deploy` makes them equal")
                .hint("to count them together all the same: `fleet collect --mixed`"),
        )
    }
}

/// Brings every result home that is finished and not here yet, and writes the reports, which tell of all jobs.
pub async fn collect_results(request: &CollectRequest, project: &Project) -> Result<Collection, Problem> {
    let fleet = project.read_facts_only().await?;
    if let Some(unknown) = request
        .sets
        .iter()
        .find(|set| !fleet.jobs().any(|entry| entry.job.set == **set))
    {
        return Err(
            Problem::new(ProblemKind::Input, format!("no set is called {unknown}"))
                .hint("`fleet status` lists them"),
        );
    }
    let wanted = find_wanted(&fleet, &request.sets, &project.results);
    let options = Options {
        rehash: request.verify,
        silence: project.config.ssh.silence,
    };
    let (mut answers, missing) = collect::at_home(wanted, &project.results, options).await;
    let mut by_host: BTreeMap<HostName, Vec<Wanted>> = BTreeMap::new();
    for want in missing {
        if let Some(attempt) = fleet.attempt(want.attempt) {
            by_host.entry(attempt.host.clone()).or_default().push(want);
        }
    }
    let fetches = by_host
        .into_iter()
        .map(|(name, wanted)| fetch_from(project, project.config.host(&name), name, wanted, options));
    let mut unreachable = Vec::new();
    for fetched in futures::future::join_all(fetches).await {
        match fetched {
            Ok(more) => answers.extend(more),
            Err(complaint) => unreachable.push(complaint),
        }
    }
    let store = Store::open(&project.database_path()).await?;
    let (brought, mut complaints, hints) = sort_answers(answers, &fleet);
    let fresh = brought.values().filter(|brought| brought.fresh).count();
    let known = store.collected().await?;
    for (attempt, brought) in brought
        .iter()
        .filter(|(attempt, one)| one.fresh || !known.contains_key(attempt))
    {
        if let Some(seal) = &brought.result.seal {
            store
                .mark_collected(*attempt, clock::now(), &brought.home.display().to_string(), seal)
                .await?;
        }
    }
    complaints.extend(unreachable);
    let judged = judge_results(&brought, &mut complaints);
    store.close().await;
    // Fetching takes minutes: what happened meanwhile is in the books, too.
    let fleet = record_verdicts(&judged, project, fleet).await?;
    let home = HomeResults {
        brought: &brought,
        judged: &judged,
    };
    // Why the reports cannot be written is seldom all that is wrong then.
    let books = reports::write_reports(&fleet, &home, &project.results, &project.config, request.mixed)
        .map_err(|error| error.causes(complaints.clone()))?;
    complaints.extend(predictions::write_predictions(&fleet, &home, &project.results).err());
    Ok(Collection {
        books,
        fresh,
        at_home: brought.len(),
        open: fleet.jobs().filter(|entry| entry.closed.is_none()).count(),
        complaints,
        hints,
    })
}

/// Every ended attempt whose files count.
fn find_wanted(fleet: &Fleet, sets: &[SetName], results: &Path) -> Vec<Wanted> {
    let chosen =
        |entry: &&JobEntry| entry.closed.is_some() && (sets.is_empty() || sets.contains(&entry.job.set));
    let entries = fleet.jobs().filter(chosen);
    entries
        .filter_map(|entry| {
            let attempt = entry.decisive()?;
            let AttemptState::Ended(outcome) = &attempt.state else {
                return None;
            };
            Some(Wanted {
                attempt: AttemptId {
                    job: entry.job.id,
                    n: attempt.n,
                },
                job: Arc::clone(&entry.job),
                outcome: outcome.clone(),
                seal: attempt.seal,
                home: collect::home(results, &entry.job),
            })
        })
        .collect()
}

/// What the results amount to. One that cannot be judged is at home all the same.
fn judge_results(
    brought: &BTreeMap<AttemptId, Brought>,
    complaints: &mut Vec<String>,
) -> BTreeMap<AttemptId, Judgement> {
    let mut judged = BTreeMap::new();
    for (attempt, one) in brought {
        match verdicts::judge_result(&one.home) {
            Ok(judgement) => judged.extend(judgement.map(|judgement| (*attempt, judgement))),
            Err(why) => complaints.push(format!("{attempt} cannot be graded: {why}")),
        }
    }
    judged
}

/// So many verdicts are told at a time.
const AT_ONCE: usize = 200;

/// Tells the coordinator of the verdicts that are not what the hosts said. Gives the facts as they are then.
async fn record_verdicts(
    judged: &BTreeMap<AttemptId, Judgement>,
    project: &Project,
    fleet: Fleet,
) -> Result<Fleet, Problem> {
    // As it is stored: without secrets.
    let verdicts = judged.iter().map(|(attempt, judgement)| {
        let mut verdict = judgement.verdict.clone();
        secrets::hide(&mut verdict);
        (*attempt, verdict)
    });
    let news: Vec<_> = verdicts
        .filter(|(attempt, verdict)| {
            let known = fleet.attempt(*attempt).and_then(|attempt| attempt.verdict());
            known != Some(verdict)
        })
        .collect();
    if news.is_empty() {
        return Ok(fleet);
    }
    let wishes: Vec<Command> = news
        .chunks(AT_ONCE)
        .map(|some| Command::Grade(some.to_vec()))
        .collect();
    commands::submit(project, &wishes.iter().collect::<Vec<_>>()).await?;
    project.read_facts_only().await
}

/// Opens one connection to the host, and brings all of it home over that.
async fn fetch_from(
    project: &Project,
    host: Option<&HostConfig>,
    name: HostName,
    wanted: Vec<Wanted>,
    options: Options,
) -> Result<Answers, String> {
    let left = words::count(wanted.len(), "result is", "results are");
    let Some(host) = host else {
        return Err(format!(
            "{name} is not in fleet.toml any more; {left} still there"
        ));
    };
    let link = project
        .transport
        .open(host)
        .await
        .map_err(|error| format!("{error}; {left} still there"))?;
    let call = link.call();
    let origin = Origin {
        host: name,
        rsh: call.origin.rsh.clone(),
        base: call.origin.base.clone(),
    };
    let answers = collect::bring_home(&origin, wanted, &project.results, options).await;
    call.hang_up().await;
    Ok(answers)
}

type SortedAnswers = (BTreeMap<AttemptId, Brought>, Vec<String>, BTreeSet<&'static str>);

/// What came home, what did not and why, and what to do about it.
fn sort_answers(answers: Answers, fleet: &Fleet) -> SortedAnswers {
    let (mut brought, mut complaints, mut hints) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
    for (attempt, answer) in answers {
        match answer {
            Ok(one) => {
                brought.insert(attempt, one);
            }
            Err(error) => {
                let host = fleet
                    .attempt(attempt)
                    .map(|known| known.host.to_string())
                    .unwrap_or_default();
                complaints.push(format!("{attempt} on {host}: {error}"));
                hints.extend(error.hint());
            }
        }
    }
    complaints.sort();
    (brought, complaints, hints)
}
