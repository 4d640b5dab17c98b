//! Is it the host? Failures on one host are compared with what the same work came to on the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{HostName, InstanceId, ModelName};
use crate::schedule::Fleet;
use crate::schedule::fleet::{Finding, HostEntry, Trial};

/// How likely chance may be to make a good host look bad, shared among all hosts that are looked at.
const CHANCE: f64 = 0.05;
/// Fewer failures than this are no evidence, whatever chance says.
const LEAST: usize = 2;

/// How many attempts failed, and how many did not, for one model: here, and on all other hosts.
#[derive(Debug, Clone, Copy, Default)]
struct Compared {
    here: (usize, usize),
    there: (usize, usize),
}

/// Why this host is to blame for what failed on it; none if it may as well be the work, or bad luck.
pub(super) fn against(fleet: &Fleet, name: &HostName, host: &HostEntry) -> Option<String> {
    let bad_elsewhere = bad_elsewhere(fleet, name);
    // An instance that fails elsewhere, too, says nothing of this host.
    let comparable = |trial: &&Trial| !(trial.is_bad() && bad_elsewhere.contains(&trial.instance));
    let mut models: BTreeMap<&ModelName, Compared> = BTreeMap::new();
    for trial in host.trials.iter().filter(comparable) {
        count(&mut models.entry(&trial.model).or_default().here, trial);
    }
    let others = fleet.hosts().filter(|(other, _)| *other != name);
    for trial in others.flat_map(|(_, host)| &host.trials) {
        if let Some(compared) = models.get_mut(&trial.model) {
            count(&mut compared.there, trial);
        }
    }
    // What no other host has done cannot be compared.
    models.retain(|_, compared| compared.there != (0, 0));
    let failed: Vec<&Trial> = host
        .trials
        .iter()
        .filter(comparable)
        .filter(|trial| trial.is_bad() && models.contains_key(&trial.model))
        .collect();
    let instances: BTreeSet<&InstanceId> = failed.iter().map(|trial| &trial.instance).collect();
    if failed.len() < LEAST || instances.len() < LEAST {
        return None;
    }
    let hosts = fleet.hosts().filter(|(_, host)| host.slots > 0).count().max(1);
    (chance(models.values()) < CHANCE / as_float(hosts)).then(|| {
        let sum = |of: fn(&Compared) -> (usize, usize)| {
            let both = |sum: (usize, usize), one: (usize, usize)| (sum.0 + one.0, sum.1 + one.1);
            models.values().map(of).fold((0, 0), both)
        };
        let (mine, theirs) = (sum(|one| one.here), sum(|one| one.there));
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

/// One more that failed, or did not.
fn count((bad, good): &mut (usize, usize), trial: &Trial) {
    *if trial.is_bad() { bad } else { good } += 1;
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

/// Fisher's exact test, model by model: how likely it is that, of all failures, so many or more fall on this host by
/// chance, where those of one model could only have fallen on attempts for the same model.
fn chance<'c>(models: impl Iterator<Item = &'c Compared>) -> f64 {
    // How likely each number of failures here is, of all models so far.
    let (mut all, mut seen) = (vec![1.0], 0);
    for compared in models {
        let one = odds(*compared);
        let mut both = vec![0.0; all.len() + one.len() - 1];
        for (a, p) in all.iter().enumerate() {
            for (b, q) in one.iter().enumerate() {
                both[a + b] += p * q;
            }
        }
        (all, seen) = (both, seen + compared.here.0);
    }
    all.iter().skip(seen).sum()
}

/// How likely it is that, of the failures of one model, none, one, two … fall on this host.
fn odds(compared: Compared) -> Vec<f64> {
    let ((bad, good), (bad_there, good_there)) = (compared.here, compared.there);
    let (here, failures) = (bad + good, bad + bad_there);
    let all = here + bad_there + good_there;
    let whole = log_choose(all, failures);
    (0..=here.min(failures))
        .map(|k| {
            if failures - k > all - here {
                return 0.0;
            }
            (log_choose(here, k) + log_choose(all - here, failures - k) - whole).exp()
        })
        .collect()
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

    fn one_sided(here: (usize, usize), there: (usize, usize)) -> f64 {
        chance([Compared { here, there }].iter())
    }

    #[test]
    fn chance_is_reckoned_exactly() {
        // Of ten jobs two fail, both on the host that ran two: one way of 45.
        assert!((one_sided((2, 0), (0, 8)) - 1.0 / 45.0).abs() < 1e-12);
        // Tea with milk: 8 cups, 4 and 4, all right: one way of 70.
        assert!((one_sided((4, 0), (0, 4)) - 1.0 / 70.0).abs() < 1e-12);
        assert!((one_sided((0, 5), (3, 9)) - 1.0).abs() < 1e-12);
        assert!((one_sided((3, 0), (0, 0)) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn models_are_compared_apart() {
        let compared = |here, there| Compared { here, there };
        // One of two failures of each model here, where half of its attempts were: as likely as not.
        let even = compared((1, 1), (1, 1));
        assert!((chance([even].iter()) - 5.0 / 6.0).abs() < 1e-12);
        // Two such models: one less both none, or one and none, or none and one.
        let both = 1.0 - (1.0 / 36.0 + 2.0 * (4.0 / 36.0));
        assert!((chance([even, even].iter()) - both).abs() < 1e-12);
        // A model that fails wherever it runs says nothing, however often it ran here.
        let hopeless = compared((9, 0), (2, 0));
        assert!((chance([hopeless].iter()) - 1.0).abs() < 1e-12);
        assert!((chance([hopeless, even].iter()) - 5.0 / 6.0).abs() < 1e-12);
    }
}
