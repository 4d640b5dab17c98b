//! What the calibration showed of a job's instance: it travels with every attempt that is begun later.

use crate::domain::baseline::{Baseline, Weight};
use crate::domain::verdict::Decision;
use crate::domain::{Job, Verdict};
use crate::schedule::Fleet;

/// The baselines of a job's instance, one for each image that it was tried in.
pub(super) fn of(fleet: &Fleet, job: &Job) -> Vec<Baseline> {
    let Some(dataset) = &job.dataset else {
        return Vec::new();
    };
    let same = fleet.jobs().filter(|entry| {
        let of = entry.job.dataset.as_ref();
        of.is_some_and(|of| of.sha256 == dataset.sha256)
    });
    gathered(same.filter_map(|entry| entry.verdict()))
}

/// What these verdicts show; most of them show nothing. A gold run that does not resolve its instance is no measure.
fn gathered<'a>(verdicts: impl Iterator<Item = &'a Verdict>) -> Vec<Baseline> {
    let mut found: Vec<Baseline> = Vec::new();
    for verdict in verdicts {
        let (Some(key), Some(shown)) = (verdict.key, &verdict.shown) else {
            continue;
        };
        if shown.weight == Weight::Gold && verdict.decision != Decision::Resolved {
            continue;
        }
        let at = found.iter().position(|one| one.key == key).unwrap_or_else(|| {
            found.push(Baseline {
                key,
                gold: None,
                noop: None,
            });
            found.len() - 1
        });
        let slot = match shown.weight {
            Weight::Gold => &mut found[at].gold,
            Weight::Noop => &mut found[at].noop,
        };
        slot.get_or_insert_with(|| (**shown).clone());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Sha256;
    use crate::domain::baseline::Shown;
    use crate::domain::verdict::Outcome;

    fn verdict(image: &str, weight: Option<Weight>, decision: Decision, exit: i32) -> Verdict {
        Verdict {
            decision,
            outcome: Outcome::Completed,
            why: None,
            fault: None,
            fail_to_pass: (1, 1),
            pass_to_pass: (1, 1),
            key: Some(Sha256::of(image.as_bytes())),
            shown: weight.map(|weight| {
                Box::new(Shown {
                    weight,
                    exit,
                    explained: false,
                    tests: 2,
                    counted: None,
                    torn: Vec::new(),
                })
            }),
        }
    }

    #[test]
    fn each_image_has_what_gold_and_noop_showed_in_it_and_models_show_nothing() {
        let (gold, noop) = (Some(Weight::Gold), Some(Weight::Noop));
        let verdicts = [
            verdict("a", None, Decision::Resolved, 9),
            verdict("a", gold, Decision::Unresolved, 8),
            verdict("a", gold, Decision::Resolved, 1),
            verdict("a", noop, Decision::Unresolved, 2),
            verdict("b", noop, Decision::Unresolved, 3),
        ];
        let found: Vec<_> = gathered(verdicts.iter())
            .into_iter()
            .map(|one| {
                (
                    one.key,
                    one.gold.map(|gold| gold.exit),
                    one.noop.map(|noop| noop.exit),
                )
            })
            .collect();
        let key = |image: &str| Sha256::of(image.as_bytes());
        assert_eq!(found, [(key("a"), Some(1), Some(2)), (key("b"), None, Some(3))]);
    }
}
