//! `fleet collect`: every result home, verified, in one tidy tree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::context::Context;
use super::printer::Printer;
use super::results::{self, Home};
use super::{CommandError, Kind, exit, predictions, tell, verdicts};
use crate::case::Judgement;
use crate::collect::{self, Answers, Brought, Options, Origin, Wanted};
use crate::domain::fleet::JobEntry;
use crate::domain::host::HostConfig;
use crate::domain::tree::short;
use crate::domain::{AttemptId, AttemptState, Fleet, HostName, SetName};
use crate::doors::{clock, secrets};
use crate::report::{Books, words};
use crate::store::{Command, Store};

/// Bring every result home, and verify it byte for byte
///
/// results/SET/INSTANCE/MODEL/runN/ appears when it is whole, and not before. Can be repeated, and
/// interrupted, at any time, also while jobs run: it brings what is finished and not here yet. The reports
/// (summary.json, results.jsonl, results.csv) always tell of all jobs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet collect
  fleet collect phase8
  fleet collect --verify      # read every byte of what is here already, too")]
pub(super) struct Args {
    /// Only these sets
    #[arg(value_name = "SET")]
    sets: Vec<SetName>,
    /// Verify what is at home already by content, not by size
    #[arg(long)]
    verify: bool,
    /// Give rates over results that were made under different harnesses
    #[arg(long)]
    mixed: bool,
}

pub(super) async fn run(
    args: &Args,
    context: &Context,
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    let (reader, fleet) = context.peek().await?;
    reader.close().await;
    if let Some(unknown) = args
        .sets
        .iter()
        .find(|set| !fleet.jobs().any(|entry| entry.job.set == **set))
    {
        return Err(
            CommandError::new(Kind::Input, format!("no set is called {unknown}"))
                .hint("`fleet status` lists them"),
        );
    }
    let wanted = wanted(&fleet, &args.sets, &context.results);
    let options = Options {
        rehash: args.verify,
        silence: context.config.ssh.silence,
    };
    let (mut answers, missing) = collect::at_home(wanted, &context.results, options).await;
    let mut by_host: BTreeMap<HostName, Vec<Wanted>> = BTreeMap::new();
    for want in missing {
        if let Some(attempt) = fleet.attempt(want.attempt) {
            by_host.entry(attempt.host.clone()).or_default().push(want);
        }
    }
    let fetches = by_host
        .into_iter()
        .map(|(name, wanted)| fetch(context, context.config.host(&name), name, wanted, options));
    let mut unreachable = Vec::new();
    for fetched in futures::future::join_all(fetches).await {
        match fetched {
            Ok(more) => answers.extend(more),
            Err(complaint) => unreachable.push(complaint),
        }
    }
    let store = Store::open(&context.database()).await?;
    let (brought, mut complaints, hints) = sort(answers, &fleet);
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
    let judged = judge(&brought, &mut complaints);
    store.close().await;
    // Fetching takes minutes: what happened meanwhile is in the books, too.
    let fleet = record(&judged, context, fleet).await?;
    let home = Home {
        brought: &brought,
        judged: &judged,
    };
    // Why the reports cannot be written is seldom all that is wrong then.
    let books = results::write(&fleet, &home, &context.results, &context.config, args.mixed)
        .map_err(|error| error.causes(complaints.clone()))?;
    complaints.extend(predictions::write(&fleet, &home, &context.results).err());
    let width = printer.width();
    let tables = [
        books.summary_table(width),
        books.rates_table(width),
        books.pass_table(width),
    ];
    let tables: Vec<String> = tables.into_iter().filter(|table| !table.is_empty()).collect();
    printer.data(&tables.join("\n"))?;
    printer.say(&format!(
        "{} new, {} at home in {}",
        words::count(fresh, "result", "results"),
        brought.len(),
        context.results.display()
    ));
    let open = fleet.jobs().filter(|entry| entry.closed.is_none()).count();
    if open > 0 {
        printer.say(&format!(
            "{} not finished yet",
            words::count(open, "job is", "jobs are")
        ));
    }
    let mixtures = mixtures(&books);
    if complaints.is_empty() {
        return mixtures.map_or(Ok(exit::OK), Err);
    }
    if let Some(mixtures) = mixtures {
        printer.error(&mixtures);
    }
    let error = CommandError::new(Kind::Incomplete, "not every result is home").causes(complaints);
    Err(hints
        .into_iter()
        .fold(error, CommandError::hint)
        .hint("what is home is whole; `fleet collect` again brings the rest"))
}

/// Rates that are withheld, since their results are not of one experiment.
fn mixtures(books: &Books) -> Option<CommandError> {
    let mixtures = books.mixtures();
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
        CommandError::new(Kind::Refused, what)
            .causes(causes)
            .hint("`fleet verify` shows which hosts differ, `fleet deploy` makes them equal")
            .hint("to count them together all the same: `fleet collect --mixed`"),
    )
}

/// Every ended attempt whose files count.
fn wanted(fleet: &Fleet, sets: &[SetName], results: &Path) -> Vec<Wanted> {
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
fn judge(
    brought: &BTreeMap<AttemptId, Brought>,
    complaints: &mut Vec<String>,
) -> BTreeMap<AttemptId, Judgement> {
    let mut judged = BTreeMap::new();
    for (attempt, one) in brought {
        match verdicts::judge(&one.home) {
            Ok(judgement) => judged.extend(judgement.map(|judgement| (*attempt, judgement))),
            Err(why) => complaints.push(format!("{attempt} cannot be graded: {why}")),
        }
    }
    judged
}

/// So many verdicts are told at a time.
const AT_ONCE: usize = 200;

/// Tells the coordinator of the verdicts that are not what the hosts said. Gives the facts as they are then.
async fn record(
    judged: &BTreeMap<AttemptId, Judgement>,
    context: &Context,
    fleet: Fleet,
) -> Result<Fleet, CommandError> {
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
    tell::tell(context, &wishes.iter().collect::<Vec<_>>()).await?;
    let (reader, fleet) = context.peek().await?;
    reader.close().await;
    Ok(fleet)
}

/// Opens one connection to the host, and brings all of it home over that.
async fn fetch(
    context: &Context,
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
    let link = context
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
    let answers = collect::bring_home(&origin, wanted, &context.results, options).await;
    call.hang_up().await;
    Ok(answers)
}

type Sorted = (BTreeMap<AttemptId, Brought>, Vec<String>, BTreeSet<&'static str>);

/// What came home, what did not and why, and what to do about it.
fn sort(answers: Answers, fleet: &Fleet) -> Sorted {
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
