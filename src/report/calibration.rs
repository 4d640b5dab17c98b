//! Calibration: what the verdicts of `gold` and `noop` say of the instances that they were given.
//!
//! Before the solution, each `FAIL_TO_PASS` test must fail and each `PASS_TO_PASS` test pass; after it, all must
//! pass. Verdicts on an instance that does not keep to this decide nothing.

use std::collections::BTreeMap;

pub use crate::domain::baseline::Weight;

use crate::domain::Sha256;
use crate::domain::verdict::{Decision, Outcome, Verdict};

/// What is known, by the key of verdicts: instance and image, by content.
#[derive(Debug, Clone, Default)]
pub struct Calibrations {
    known: BTreeMap<Sha256, Known>,
}

/// What is known of one instance in one image.
#[derive(Debug, Clone, Default)]
struct Known {
    gold: Option<Result<(), String>>,
    noop: Option<Result<(), String>>,
}

impl Calibrations {
    /// Takes in a verdict on a weight. One bad verdict outweighs any number of good ones.
    pub fn add(&mut self, weight: Weight, verdict: &Verdict) {
        let (Some(key), Some(found)) = (verdict.key, judge(weight, verdict)) else {
            return;
        };
        let known = self.known.entry(key).or_default();
        let slot = match weight {
            Weight::Gold => &mut known.gold,
            Weight::Noop => &mut known.noop,
        };
        if !matches!(slot, Some(Err(_))) {
            *slot = Some(found);
        }
    }

    /// Why verdicts with this key decide nothing, if so.
    pub fn distrust(&self, key: Option<Sha256>) -> Option<&str> {
        let known = self.known.get(&key?)?;
        let bad = |found: &'_ Option<Result<(), String>>| -> bool { matches!(found, Some(Err(_))) };
        let found = if bad(&known.gold) {
            &known.gold
        } else {
            &known.noop
        };
        found.as_ref()?.as_ref().err().map(String::as_str)
    }

    /// Have both weights been tried with this key?
    pub fn is_known(&self, key: Option<Sha256>) -> bool {
        let known = key.and_then(|key| self.known.get(&key));
        known.is_some_and(|known| known.gold.is_some() && known.noop.is_some())
    }
}

/// Whether a weight weighs what it should; none if the evidence does not say.
pub fn judge(weight: Weight, verdict: &Verdict) -> Option<Result<(), String>> {
    let ((fixed, broken), (kept, held)) = (verdict.fail_to_pass, verdict.pass_to_pass);
    if verdict.outcome == Outcome::InfraFailed {
        return None;
    }
    Some(match weight {
        Weight::Gold if verdict.decision == Decision::Resolved => Ok(()),
        Weight::Gold => Err(format!(
            "its own solution does not resolve it (F2P {fixed}/{broken}, P2P {kept}/{held})"
        )),
        Weight::Noop if fixed > 0 => Err(format!(
            "{fixed} of {broken} FAIL_TO_PASS tests pass without any solution"
        )),
        Weight::Noop if kept < held => Err(format!(
            "{} of {held} PASS_TO_PASS tests fail without any solution",
            held - kept
        )),
        Weight::Noop => Ok(()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(decision: Decision, f2p: (u32, u32), p2p: (u32, u32)) -> Verdict {
        Verdict {
            decision,
            outcome: Outcome::Completed,
            why: None,
            fault: None,
            fail_to_pass: f2p,
            pass_to_pass: p2p,
            key: Some(Sha256::of(b"key")),
            shown: None,
        }
    }

    #[test]
    fn an_instance_that_weighs_right_is_trusted_once_both_weights_were_tried() {
        let mut known = Calibrations::default();
        let key = Some(Sha256::of(b"key"));
        known.add(Weight::Gold, &verdict(Decision::Resolved, (2, 2), (3, 3)));
        assert!(!known.is_known(key));
        known.add(Weight::Noop, &verdict(Decision::Unresolved, (0, 2), (3, 3)));
        assert!(known.is_known(key));
        assert_eq!(known.distrust(key), None);
        assert_eq!(known.distrust(Some(Sha256::of(b"another image"))), None);
    }

    #[test]
    fn one_bad_weighing_outweighs_the_good_ones() {
        let key = Some(Sha256::of(b"key"));
        for (weight, bad, why) in [
            (
                Weight::Gold,
                verdict(Decision::Unresolved, (1, 2), (3, 3)),
                "its own solution does not resolve it (F2P 1/2, P2P 3/3)",
            ),
            (
                Weight::Noop,
                verdict(Decision::Unresolved, (1, 2), (3, 3)),
                "1 of 2 FAIL_TO_PASS tests pass without any solution",
            ),
            (
                Weight::Noop,
                verdict(Decision::Unresolved, (0, 2), (1, 3)),
                "2 of 3 PASS_TO_PASS tests fail without any solution",
            ),
        ] {
            let mut known = Calibrations::default();
            known.add(weight, &bad);
            known.add(Weight::Gold, &verdict(Decision::Resolved, (2, 2), (3, 3)));
            known.add(Weight::Noop, &verdict(Decision::Unresolved, (0, 2), (3, 3)));
            assert_eq!(known.distrust(key), Some(why));
        }
    }

    #[test]
    fn a_broken_environment_says_nothing_of_the_instance() {
        let broken = Verdict {
            outcome: Outcome::InfraFailed,
            ..verdict(Decision::Undecided, (0, 2), (0, 3))
        };
        assert_eq!(judge(Weight::Gold, &broken), None);
    }
}
