//! Which coordinator this host obeys: the one with the largest epoch ever heard.
//!
//! Invariant: the epoch in `epoch.json` never shrinks, and is durable before anything is done in its name.

use super::error::{Doing as _, RunnerError};
use super::root::{Lock, Root, write_durably};
use crate::domain::event::Refusal;
use crate::domain::wire::Authority;
use crate::domain::{Epoch, layout};

/// The newest coordinator heard, if any was.
pub(super) fn heard(root: &Root) -> Result<Option<Authority>, RunnerError> {
    let path = root.path().join(layout::EPOCH);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).doing(|| format!("read {}", path.display())),
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| RunnerError::Damaged {
            path,
            why: error.to_string(),
        })
}

/// Says no to an older coordinator, and to another one of the same epoch; remembers a newer one.
pub(super) fn admit(
    root: &Root,
    _gate: &Lock,
    asking: &Authority,
) -> Result<Result<(), Refusal>, RunnerError> {
    let known = heard(root)?;
    let epoch = known.as_ref().map_or(Epoch::default(), |known| known.epoch);
    match known {
        Some(known) if known == *asking => Ok(Ok(())),
        Some(known) if asking.epoch <= known.epoch => Ok(Err(Refusal::Fenced(epoch))),
        Some(_) | None => {
            let text = serde_json::to_vec(asking).map_err(std::io::Error::from);
            let text = text.doing(|| "put the coordinator's name in words")?;
            write_durably(&root.path().join(layout::EPOCH), &text)?;
            Ok(Ok(()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(epoch: u64, coordinator: &str) -> Authority {
        Authority {
            epoch: Epoch(epoch),
            coordinator: coordinator.to_owned(),
        }
    }

    #[test]
    fn an_older_coordinator_and_a_namesake_of_the_epoch_are_fenced() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let gate = root.gate().unwrap();
        let admit = |epoch, name| admit(&root, &gate, &asking(epoch, name)).unwrap();
        assert_eq!(admit(3, "a"), Ok(()));
        assert_eq!(admit(3, "a"), Ok(()));
        assert_eq!(admit(3, "b"), Err(Refusal::Fenced(Epoch(3))));
        assert_eq!(admit(2, "a"), Err(Refusal::Fenced(Epoch(3))));
        assert_eq!(admit(4, "b"), Ok(()));
        assert_eq!(admit(3, "a"), Err(Refusal::Fenced(Epoch(4))));
        assert_eq!(heard(&root).unwrap(), Some(asking(4, "b")));
    }

    #[test]
    fn a_damaged_epoch_is_an_error_and_not_a_fresh_start() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        std::fs::write(dir.path().join(layout::EPOCH), "{").unwrap();
        assert!(heard(&root).is_err());
    }
}
