//! Slots: room for one job each.
//!
//! Invariant: a slot is held exactly as long as its supervisor lives. The lock belongs to the open file
//! that the runner takes and hands over as the supervisor's stdin, so it is never free in between; no
//! step inherits it. A held slot names its attempt before the attempt's capsule exists.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileExt as _;

use super::error::{Doing as _, RunnerError};
use super::root::{Lock, Root};
use crate::domain::wire::Holder;
use crate::domain::{AttemptId, layout};
use crate::doors::files::{open_lock, try_lock};

/// Every holder is written in this many bytes, so that one write replaces all of the last.
const RECORD: usize = 512;

/// A slot that this process holds as long as it has this value.
#[derive(Debug)]
pub(super) struct Slot {
    file: File,
}

impl Slot {
    /// The first free slot of `slots`, if one is.
    pub(super) fn take(root: &Root, gate: &Lock, slots: u32) -> Result<Option<Slot>, RunnerError> {
        for n in 0..slots {
            if let Some(file) = try_take(root, gate, n)? {
                return Ok(Some(Slot { file }));
            }
        }
        Ok(None)
    }

    /// The slot that this process was born with, as its stdin.
    pub(super) fn inherited(attempt: AttemptId) -> Result<Slot, RunnerError> {
        let fd = std::io::stdin().as_fd().try_clone_to_owned();
        let file = File::from(fd.doing(|| "keep the slot")?);
        match read(&file) {
            Some(holder) if holder.attempt == attempt => Ok(Slot { file }),
            Some(_) | None => Err(RunnerError::NotHolder(attempt)),
        }
    }

    /// The open file that is the lock.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Writes who holds it.
    pub(super) fn name(&self, holder: &Holder) -> Result<(), RunnerError> {
        let text = serde_json::to_vec(holder).map_err(std::io::Error::from);
        let mut text = text.doing(|| "put the holder in words")?;
        text.resize(RECORD.max(text.len() + 1), b'\n');
        self.file
            .write_all_at(&text, 0)
            .doing(|| "write the slot's holder")
    }

    /// Lets go now, for all processes that share the open file.
    pub(super) fn release(self) -> Result<(), RunnerError> {
        self.file.unlock().doing(|| "let the slot go")
    }
}

fn try_take(root: &Root, _gate: &Lock, n: u32) -> Result<Option<File>, RunnerError> {
    let path = layout::slot(root.path(), n);
    let doing = || format!("lock {}", path.display());
    let file = open_lock(&path).doing(doing)?;
    let taken = try_lock(&file).doing(doing)?;
    Ok(taken.then_some(file))
}

fn read(file: &File) -> Option<Holder> {
    let mut text = vec![0; 2 * RECORD];
    let len = file.read_at(&mut text, 0).ok()?;
    serde_json::from_slice(&text[..len]).ok()
}

/// Who held each slot last, as far as that can be read: it may be free by now.
pub(super) fn last(root: &Root) -> Vec<Holder> {
    let entries = std::fs::read_dir(root.path().join("slots"))
        .into_iter()
        .flatten()
        .flatten();
    let files = entries.filter_map(|entry| File::open(entry.path()).ok());
    files.filter_map(|file| read(&file)).collect()
}

/// Every slot in order, with its holder if it is held.
pub(super) fn survey(root: &Root, gate: &Lock) -> Result<Vec<Option<Holder>>, RunnerError> {
    let dir = root.path().join("slots");
    let doing = || format!("list {}", dir.display());
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(&dir).doing(doing)? {
        let name = entry.doing(doing)?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".lock"));
        numbers.extend(number.and_then(|number| number.parse::<u32>().ok()));
    }
    numbers.sort_unstable();
    numbers.into_iter().map(|n| look(root, gate, n)).collect()
}

fn look(root: &Root, gate: &Lock, n: u32) -> Result<Option<Holder>, RunnerError> {
    if try_take(root, gate, n)?.is_some() {
        return Ok(None);
    }
    let path = layout::slot(root.path(), n);
    let file = open_lock(&path).doing(|| format!("open {}", path.display()))?;
    match read(&file) {
        Some(holder) => Ok(Some(holder)),
        // This must not be read as a proof that an attempt is dead.
        None => Err(RunnerError::Damaged {
            path,
            why: "it is held and does not say by whom".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(text: &str) -> Holder {
        Holder {
            attempt: text.parse().unwrap(),
            pid: None,
            started: None,
            host: "eval1".parse().unwrap(),
        }
    }

    #[test]
    fn a_slot_is_taken_once_and_is_free_when_its_holder_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let gate = root.gate().unwrap();
        let one = Slot::take(&root, &gate, 1).unwrap().unwrap();
        one.name(&holder("npb2wdccpkcv.1")).unwrap();
        assert!(Slot::take(&root, &gate, 1).unwrap().is_none());
        let two = Slot::take(&root, &gate, 2).unwrap().unwrap();
        two.name(&holder("npb2wdccpkcv.2")).unwrap();
        let twin = one.file().try_clone().unwrap();
        drop(one);
        let held = survey(&root, &gate).unwrap();
        assert_eq!(
            held,
            [Some(holder("npb2wdccpkcv.1")), Some(holder("npb2wdccpkcv.2"))],
            "a duplicate of the open file keeps the lock"
        );
        drop(twin);
        // A child that another test has just started has our open files, too, until it becomes another program.
        let is_free = || survey(&root, &gate).unwrap()[0].is_none();
        let mut looks = 0..1000;
        while !is_free() {
            assert!(looks.next().is_some(), "its holder is gone, and it is held");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        two.release().unwrap();
        assert_eq!(survey(&root, &gate).unwrap(), [None, None]);
    }

    #[test]
    fn a_shorter_holder_replaces_all_of_a_longer_one() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let gate = root.gate().unwrap();
        let slot = Slot::take(&root, &gate, 1).unwrap().unwrap();
        let long = Holder {
            pid: Some(i32::MAX),
            started: Some(u64::MAX),
            ..holder("npb2wdccpkcv.4294967295")
        };
        slot.name(&long).unwrap();
        slot.name(&holder("npb2wdccpkcv.1")).unwrap();
        assert_eq!(read(slot.file()), Some(holder("npb2wdccpkcv.1")));
    }

    #[test]
    fn a_held_slot_that_names_nobody_proves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let gate = root.gate().unwrap();
        let _slot = Slot::take(&root, &gate, 1).unwrap().unwrap();
        assert!(survey(&root, &gate).is_err());
    }
}
