//! What Docker holds that no job needs any more.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::capsule::Capsule;
use super::super::containers;
use super::super::program::{Silence, ask};
use super::super::root::Root;
use super::observation::{bad, good, seen};
use crate::domain::AttemptId;
use crate::domain::exam::{CheckKind, CheckResult};

/// For one call of the client.
const PATIENCE: Duration = Duration::from_secs(15);

/// Docker's own pools of addresses end after 31 networks; three are there from the start.
const NETWORKS: usize = 28;

/// Networks, of which there are so many and no more.
pub(super) fn networks() -> Vec<CheckResult> {
    match ask("docker", &["network", "ls", "-q"], PATIENCE) {
        Ok(text) => {
            let n = text.lines().count();
            vec![seen(
                CheckKind::Networks,
                n < NETWORKS,
                format!("{n} of about 31"),
            )]
        }
        // That there is no engine is said elsewhere.
        Err(_) => Vec::new(),
    }
}

/// Containers, networks and volumes of attempts that have ended.
pub(super) fn leftovers(root: &Root, held: &[AttemptId], mend: bool) -> Vec<CheckResult> {
    let owners = match containers::owners(root) {
        Ok(owners) => owners,
        Err(Silence::Missing | Silence::Failed(_)) => return Vec::new(),
    };
    // An attempt that has no capsule here may belong to another root.
    let ended = |attempt: &AttemptId| {
        let capsule = Capsule::of(root, *attempt);
        !held.contains(attempt) && capsule.exists() && matches!(capsule.outcome(), Ok(Some(_)))
    };
    let dead: BTreeSet<AttemptId> = owners.into_iter().filter(ended).collect();
    if dead.is_empty() {
        return vec![good(CheckKind::Leftovers, "none")];
    }
    let names: Vec<String> = dead.iter().map(ToString::to_string).collect();
    let found = format!("of attempts that have ended: {}", names.join(", "));
    let mut observation = bad(CheckKind::Leftovers, found);
    observation.safe = Some(format!(
        "remove what bears the labels of {}, which have ended",
        names.join(", ")
    ));
    if mend {
        let failed: Vec<String> = dead
            .iter()
            .filter_map(|attempt| containers::sweep(&Capsule::of(root, *attempt)).err())
            .collect();
        if failed.is_empty() {
            observation.ok = true;
            observation.done = true;
        } else {
            observation.found = failed.join("; ");
        }
    }
    vec![observation]
}
