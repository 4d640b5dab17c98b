//! What capsules are on this host.

use super::bury;
use super::capsule::Capsule;
use super::error::RunnerError;
use super::journal;
use super::root::Root;
use crate::domain::journal::{Entry, Line};
use crate::domain::wire;

/// Every capsule that can be read, after the dead ones are closed.
pub(super) fn inventory(root: &Root, boot: &str, jobs: bool) -> Result<Vec<wire::Capsule>, RunnerError> {
    bury::bury_all(root, boot)?;
    let mut found = Vec::new();
    for capsule in Capsule::all(root)? {
        match look(&capsule, jobs) {
            Ok(seen) => found.push(seen),
            Err(error) => tracing::warn!(attempt.id = %capsule.attempt, %error, "cannot read a capsule"),
        }
    }
    Ok(found)
}

fn look(capsule: &Capsule, jobs: bool) -> Result<wire::Capsule, RunnerError> {
    let lines = journal::read(&capsule.journal())?;
    let Some(Entry::Opened { epoch, .. }) = lines.first().map(|line| &line.entry) else {
        return Err(RunnerError::Damaged {
            path: capsule.journal(),
            why: "its first line is missing".to_owned(),
        });
    };
    Ok(wire::Capsule {
        attempt: capsule.attempt,
        epoch: *epoch,
        outcome: match lines.last() {
            Some(Line {
                entry: Entry::Ended { outcome, .. },
                ..
            }) => Some(outcome.clone()),
            Some(_) | None => None,
        },
        job: if jobs { Some(capsule.spec()?.job) } else { None },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::Outcome;
    use crate::runner::fixture::{opened, spec};

    #[test]
    fn an_unreadable_capsule_is_passed_over_and_the_rest_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let good = Capsule::create(&root, &spec(1, &[]), &[], &opened(1, "now")).unwrap();
        let bad = Capsule::create(&root, &spec(2, &[]), &[], &opened(2, "now")).unwrap();
        std::fs::write(bad.journal(), "").unwrap();
        std::fs::create_dir_all(dir.path().join("jobs/not-a-job/1")).unwrap();
        let seen = inventory(&root, "now", true).unwrap();
        let [seen] = &seen[..] else { panic!("{seen:?}") };
        assert_eq!(seen.attempt, good.attempt);
        assert_eq!(seen.job, Some(spec(1, &[]).job));
        assert!(matches!(seen.outcome, Some(Outcome::Lost { .. })));
    }
}
