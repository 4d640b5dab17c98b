//! Is it the host? Failures on one host are compared with what the same work came to on the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::fleet::{Finding, HostEntry, Trial};
use crate::domain::{Fleet, HostName, InstanceId};

/// How likely chance may be to make a good host look bad, shared among all hosts that are looked at.
const CHANCE: f64 = 0.05;
/// Fewer failures than this are no evidence, whatever chance says.
const LEAST: usize = 2;

/// Why this host is to blame for what failed on it; none if it may as well be the work, or bad luck.
pub(super) fn against(fleet: &Fleet, name: &HostName, host: &HostEntry) -> Option<String> {
    let bad_elsewhere = bad_elsewhere(fleet, name);
    // An instance that fails elsewhere, too, says nothing of this host.
    let comparable = |trial: &&Trial| !(trial.is_bad() && bad_elsewhere.contains(&trial.instance));
    let mine = tally(host.trials.iter().filter(comparable));
    let failed: Vec<&Trial> = host
        .trials
        .iter()
        .filter(comparable)
        .filter(|trial| trial.is_bad())
        .collect();
    let instances: BTreeSet<&InstanceId> = failed.iter().map(|trial| &trial.instance).collect();
    if mine.0 < LEAST || instances.len() < LEAST {
        return None;
    }
    let others = fleet.hosts().filter(|(other, _)| *other != name);
    let theirs = others
        .map(|(_, host)| tally(host.trials.iter()))
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let hosts = fleet.hosts().filter(|(_, host)| host.slots > 0).count().max(1);
    let chance = one_sided(mine, theirs);
    (chance < CHANCE / as_float(hosts)).then(|| {
        format!(
            "{} of {} jobs failed here, {} of {} elsewhere ({})",
            mine.0,
            mine.0 + mine.1,
            theirs.0,
            theirs.0 + theirs.1,
            most_frequent(&failed)
        )
    })
}

/// How many failed, and how many did not.
fn tally<'a>(trials: impl Iterator<Item = &'a Trial>) -> (usize, usize) {
    trials.fold((0, 0), |(bad, good), trial| {
        if trial.is_bad() {
            (bad + 1, good)
        } else {
            (bad, good + 1)
        }
    })
}

/// Instances that failed on another host.
fn bad_elsewhere<'a>(fleet: &'a Fleet, here: &HostName) -> BTreeSet<&'a InstanceId> {
    let others = fleet.hosts().filter(|(name, _)| *name != here);
    others
        .flat_map(|(_, host)| host.trials.iter().filter(|trial| trial.is_bad()))
        .map(|trial| &trial.instance)
        .collect()
}

fn most_frequent(failed: &[&Trial]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for trial in failed {
        if let Finding::Bad { fault } = &trial.finding {
            *counts.entry(fault).or_default() += 1;
        }
    }
    let most = counts
        .into_iter()
        .max_by_key(|(name, n)| (*n, std::cmp::Reverse(*name)));
    most.map_or_else(String::new, |(name, n)| format!("{n} times {name}"))
}

/// Fisher's exact test: how likely it is that, of all failures, so many or more fall on this host by chance.
fn one_sided((bad, good): (usize, usize), (bad_there, good_there): (usize, usize)) -> f64 {
    let (here, failures) = (bad + good, bad + bad_there);
    let all = here + bad_there + good_there;
    let most = here.min(failures);
    let whole = log_choose(all, failures);
    (bad..=most)
        .filter(|k| failures - k <= all - here)
        .map(|k| (log_choose(here, k) + log_choose(all - here, failures - k) - whole).exp())
        .sum()
}

/// The logarithm of a binomial coefficient. Hosts remember few trials, so that a sum is quick and exact enough.
fn log_choose(n: usize, k: usize) -> f64 {
    let k = k.min(n - k);
    (1..=k).map(|i| as_float(n - k + i).ln() - as_float(i).ln()).sum()
}

fn as_float(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_reckoned_exactly() {
        // Of ten jobs two fail, both on the host that ran two: one way of 45.
        assert!((one_sided((2, 0), (0, 8)) - 1.0 / 45.0).abs() < 1e-12);
        // Tea with milk: 8 cups, 4 and 4, all right: one way of 70.
        assert!((one_sided((4, 0), (0, 4)) - 1.0 / 70.0).abs() < 1e-12);
        assert!((one_sided((0, 5), (3, 9)) - 1.0).abs() < 1e-12);
        assert!((one_sided((3, 0), (0, 0)) - 1.0).abs() < 1e-12);
    }
}
