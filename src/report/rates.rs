//! Rates by set and model: how much was solved, how sure that is, and what it took.
//!
//! Invariant: no rate is told of a group that has jobs to come, and none over several profiles unless that is wanted; what is
//! not counted is told beside it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::estimate::{pass_at, wilson};
use super::table::{Table, count, left, right};
use super::{Account, Books, Row, Tally};
use crate::domain::{HostName, InstanceId, ModelName, SetName, Sha256};

/// What one model did on one set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rate {
    /// The set.
    pub set: SetName,
    /// The model.
    pub model: ModelName,
    /// Its jobs, by account.
    #[serde(flatten)]
    pub tally: Tally,
    /// How much was solved; none while jobs are to come, or where nothing was decided.
    pub rate: Option<f64>,
    /// The 95 % interval of that (Wilson).
    pub interval: Option<(f64, f64)>,
    /// For each number of tries the chance that one of them succeeds; empty while jobs are to come.
    pub pass_at: Vec<PassAt>,
    /// The harnesses under which the decided jobs were made, where they tell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<Share>,
    /// What the jobs took that say so.
    #[serde(flatten)]
    pub spent: Spent,
}

/// The decided jobs of one profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The id of the profile.
    pub profile: Sha256,
    /// How many there are.
    pub jobs: usize,
    /// The hosts that they ran on.
    pub hosts: BTreeSet<HostName>,
}

/// The chance that one of `k` tries succeeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PassAt {
    /// So many tries.
    pub k: u32,
    /// The mean of the unbiased estimates.
    pub chance: f64,
    /// Over so many instances: those with as many decided tries.
    pub instances: u32,
}

/// Sums over the jobs that say what they took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Spent {
    /// In millionths of a dollar.
    pub cost_microusd: u64,
    /// Of so many jobs.
    pub jobs_with_cost: usize,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// Of so many jobs.
    pub jobs_with_tokens: usize,
}

impl Books {
    /// The rates of all models of the sets that have verdicts. A model without any is among them: that it has none is
    /// worth knowing.
    pub fn rates(&self) -> Vec<Rate> {
        let mut groups: BTreeMap<(&SetName, &ModelName), Vec<&Row>> = BTreeMap::new();
        for row in self.rows() {
            groups.entry((&row.set, &row.model)).or_default().push(row);
        }
        let rates = groups
            .into_iter()
            .map(|((set, model), rows)| rate(set, model, &rows, self.mixes()));
        let mut rates: Vec<Rate> = rates.collect();
        let has_verdicts = |rate: &Rate| {
            let tally = rate.tally;
            tally.resolved + tally.unresolved + tally.undecided > 0
        };
        let judged: BTreeSet<SetName> = rates
            .iter()
            .filter(|rate| has_verdicts(rate))
            .map(|rate| rate.set.clone())
            .collect();
        rates.retain(|rate| judged.contains(&rate.set));
        rates
    }

    /// The rates that are withheld, because their jobs were made under several profiles.
    pub fn mixtures(&self) -> Vec<Rate> {
        let mut rates = self.rates();
        rates.retain(|rate| !self.mixes() && rate.profiles.len() > 1);
        rates
    }

    /// The rates as a table; empty where there are none.
    pub fn rates_table(&self, most: Option<usize>) -> String {
        let rates = self.rates();
        if rates.is_empty() {
            return String::new();
        }
        let beside = [
            Account::Waiting,
            Account::Running,
            Account::Undecided,
            Account::Excluded,
            Account::Cancelled,
            Account::Succeeded,
            Account::Failed,
        ];
        let mut columns = vec![
            left("set"),
            left("model"),
            right("solved"),
            right("rate"),
            right("95 %"),
        ];
        columns.extend(beside.map(|account| count(account.word(), account.short())));
        columns.extend([
            count("cost", "cost").spare_at(2),
            count("tokens", "tokens").spare_at(1),
        ]);
        let mut table = Table::new(&columns);
        for rate in &rates {
            let tally = rate.tally;
            let solved = format!("{}/{}", tally.resolved, tally.resolved + tally.unresolved);
            let open = tally.closed() < tally.jobs;
            let mut cells = vec![
                rate.set.to_string(),
                rate.model.to_string(),
                if open { String::new() } else { solved },
                rate.rate.map_or_else(
                    || {
                        let word = match rate.profiles.len() {
                            _ if open => "open",
                            0 | 1 => "none",
                            _ => "mixed",
                        };
                        word.to_owned()
                    },
                    percent,
                ),
                rate.interval
                    .map(|(low, high)| format!("{}–{}", hundredths(low), hundredths(high)))
                    .unwrap_or_default(),
            ];
            cells.extend(beside.map(|account| tally.get(account).to_string()));
            cells.extend([rate.spent.dollars(), rate.spent.tokens()]);
            table.cells(cells);
        }
        table.render(most)
    }

    /// pass@k as a table, for `k` = 1, 2, 4, 8 … and the largest; empty where no question was asked twice.
    pub fn pass_table(&self, most: Option<usize>) -> String {
        const HEADS: [(u32, &str); 8] = [
            (1, "pass@1"),
            (2, "pass@2"),
            (4, "pass@4"),
            (8, "pass@8"),
            (16, "pass@16"),
            (32, "pass@32"),
            (64, "pass@64"),
            (128, "pass@128"),
        ];
        let rates = self.rates();
        let rates = rates.iter().filter(|rate| rate.pass_at.len() > 1);
        let mut columns = vec![left("set"), left("model"), right("instances")];
        columns.extend(HEADS.map(|(_, head)| count(head, head)));
        columns.extend([count("k", "k"), count("pass@k", "pass@k")]);
        let mut table = Table::new(&columns);
        for rate in rates {
            let at = |k| rate.pass_at.iter().find(|at| at.k == k);
            let all = at(1).map_or(0, |at| at.instances);
            let cell = |at: Option<&PassAt>| match at {
                // A mean over other instances than the one before it.
                Some(at) if at.instances < all => format!("{} of {}", percent(at.chance), at.instances),
                Some(at) => percent(at.chance),
                None => String::new(),
            };
            let last = rate
                .pass_at
                .last()
                .filter(|at| !HEADS.iter().any(|(k, _)| *k == at.k));
            let mut cells = vec![rate.set.to_string(), rate.model.to_string(), all.to_string()];
            cells.extend(HEADS.map(|(k, _)| cell(at(k))));
            cells.push(last.map(|at| at.k.to_string()).unwrap_or_default());
            cells.push(cell(last));
            table.cells(cells);
        }
        if table.is_empty() {
            return String::new();
        }
        table.render(most)
    }
}

fn rate(set: &SetName, model: &ModelName, rows: &[&Row], mixed: bool) -> Rate {
    let mut tally = Tally::default();
    let mut spent = Spent::default();
    for row in rows {
        tally.add(row.account);
        spent.add(row);
    }
    let is_open = tally.closed() < tally.jobs;
    let hits = u32::try_from(tally.resolved).unwrap_or(u32::MAX);
    let all = u32::try_from(tally.resolved + tally.unresolved).unwrap_or(u32::MAX);
    let profiles = shares(rows);
    let told = !is_open && all > 0 && (mixed || profiles.len() < 2);
    Rate {
        set: set.clone(),
        model: model.clone(),
        tally,
        rate: told.then(|| rounded(f64::from(hits) / f64::from(all))),
        interval: wilson(hits, all)
            .filter(|_| told)
            .map(|(low, high)| (rounded(low), rounded(high))),
        pass_at: if told { passes(rows) } else { Vec::new() },
        profiles,
        spent,
    }
}

fn shares(rows: &[&Row]) -> Vec<Share> {
    let mut shares: BTreeMap<Sha256, Share> = BTreeMap::new();
    for row in rows {
        let decided = matches!(row.account, Account::Resolved | Account::Unresolved);
        if let Some(profile) = row.profile.filter(|_| decided) {
            let share = shares.entry(profile).or_insert_with(|| Share {
                profile,
                jobs: 0,
                hosts: BTreeSet::new(),
            });
            share.jobs += 1;
            share.hosts.extend(row.host.clone());
        }
    }
    shares.into_values().collect()
}

/// pass@k for each k up to the most tries of any instance: over the instances that have so many.
fn passes(rows: &[&Row]) -> Vec<PassAt> {
    #[derive(Default)]
    struct Tries {
        asked: u32,
        decided: u32,
        hits: u32,
    }
    let mut tries: BTreeMap<&InstanceId, Tries> = BTreeMap::new();
    for row in rows {
        let tries = tries.entry(&row.instance).or_default();
        tries.asked += 1;
        tries.decided += u32::from(matches!(row.account, Account::Resolved | Account::Unresolved));
        tries.hits += u32::from(row.account == Account::Resolved);
    }
    let most = tries.values().map(|tries| tries.asked).max().unwrap_or(0);
    (1..=most)
        .map_while(|k| {
            let each = tries
                .values()
                .filter_map(|tries| pass_at(k, tries.hits, tries.decided));
            let (sum, instances) = each.fold((0.0, 0_u32), |(sum, n), chance| (sum + chance, n + 1));
            (instances > 0).then(|| PassAt {
                k,
                chance: rounded(sum / f64::from(instances)),
                instances,
            })
        })
        .collect()
}

/// To six digits: what is beyond is noise, and differs between formulas.
fn rounded(x: f64) -> f64 {
    (x * 1e6).round() / 1e6
}

fn hundredths(x: f64) -> String {
    format!("{:.1}", x * 100.0)
}

fn percent(x: f64) -> String {
    format!("{} %", hundredths(x))
}

impl Spent {
    fn add(&mut self, row: &Row) {
        let effort = &row.effort;
        if let Some(cost) = effort.cost_microusd {
            self.cost_microusd = self.cost_microusd.saturating_add(cost);
            self.jobs_with_cost += 1;
        }
        if effort.prompt_tokens.or(effort.completion_tokens).is_some() {
            let add = |sum: u64, n: Option<u64>| sum.saturating_add(n.unwrap_or(0));
            self.prompt_tokens = add(self.prompt_tokens, effort.prompt_tokens);
            self.completion_tokens = add(self.completion_tokens, effort.completion_tokens);
            self.jobs_with_tokens += 1;
        }
    }

    fn dollars(&self) -> String {
        let cents = self.cost_microusd.saturating_add(5_000) / 10_000;
        match self.jobs_with_cost {
            0 => String::new(),
            _ => format!("${}.{:02}", cents / 100, cents % 100),
        }
    }

    fn tokens(&self) -> String {
        match self.jobs_with_tokens {
            0 => String::new(),
            _ => thousands(self.prompt_tokens.saturating_add(self.completion_tokens)),
        }
    }
}

/// `950`, `12k`, `3.4M`.
fn thousands(n: u64) -> String {
    match n {
        0..1000 => n.to_string(),
        1000..1_000_000 => format!("{}k", n / 1000),
        _ => format!("{}.{}M", n / 1_000_000, n % 1_000_000 / 100_000),
    }
}
