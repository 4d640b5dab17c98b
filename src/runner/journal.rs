//! Writing and reading `journal.jsonl`.
//!
//! Invariant: a line that ends in a newline is durable. The newline is written after the line has been
//! synced, so a runner that reads only whole lines, and sends them to a coordinator, is never ahead of the disk. Lines
//! are never moved: coordinators know them by their offsets.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, fallocate};

use super::error::{Doing as _, RunnerError};
use crate::domain::journal::{Entry, Line, Outcome};
use crate::doors::{clock, secrets};

/// A journal that this process may append to: it holds the slot, or has proved that no process does.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    path: PathBuf,
    len: u64,
}

impl Journal {
    /// Opens it and mends its end. A line whose newline alone is missing counts, and is synced before it
    /// gets that; any other torn line is cut off.
    pub(super) fn open(path: &Path) -> Result<Journal, RunnerError> {
        let doing = || format!("open {}", path.display());
        let file = OpenOptions::new().append(true).open(path).doing(doing)?;
        let text = std::fs::read(path).doing(doing)?;
        let whole = whole(&text).len();
        let mut journal = Journal {
            file,
            path: path.to_owned(),
            len: whole as u64,
        };
        if serde_json::from_slice::<Line>(&text[whole..]).is_ok() {
            let mut end = || {
                journal.file.sync_all()?;
                journal.file.write_all(b"\n")
            };
            end().doing(|| format!("mend {}", path.display()))?;
            journal.len = text.len() as u64 + 1;
        }
        Ok(journal)
    }

    /// Appends a line that may be missing: only where the room that the end of the attempt needs stays reserved.
    pub(super) fn remark(&mut self, entry: &Entry) -> Result<(), RunnerError> {
        reserve(&self.file, self.len).doing(|| format!("keep room in {}", self.path.display()))?;
        self.append(entry)
    }

    /// Appends a line, durably, or leaves the journal as it was. No secret gets in.
    pub(super) fn append(&mut self, entry: &Entry) -> Result<(), RunnerError> {
        let mut entry = entry.clone();
        secrets::hide(&mut entry);
        let at = clock::now();
        let text = line(&Line { at, entry })?;
        let mut write = || -> io::Result<()> {
            let there = self.file.metadata()?.len();
            if there > self.len {
                // What an earlier failure left behind; usually nothing.
                self.file.set_len(self.len)?;
            } else if there < self.len {
                // Another process has cut off lines. Newlines fill the gap, so that the next line has its right offset.
                let lost = usize::try_from(self.len - there).map_err(io::Error::other)?;
                self.file.write_all(&vec![b'\n'; lost])?;
            }
            self.file.write_all(&text[..text.len() - 1])?;
            self.file.sync_data()?;
            self.file.write_all(b"\n")
        };
        match write() {
            Ok(()) => {
                self.len += text.len() as u64;
                Ok(())
            }
            Err(error) => {
                // If this fails as well, the next append or the next reader cuts it off.
                let _ = self.file.set_len(self.len);
                Err(error).doing(|| format!("write {}", self.path.display()))
            }
        }
    }
}

/// Reserved for each journal beyond what is in it, so that the end of an attempt can be told even on a full disk.
const RESERVED: i64 = 16 << 10;

/// Reserves it behind the first `len` bytes.
pub(super) fn reserve(file: &File, len: u64) -> io::Result<()> {
    let from = i64::try_from(len).unwrap_or(i64::MAX - RESERVED);
    match fallocate(file, FallocateFlags::FALLOC_FL_KEEP_SIZE, from, RESERVED) {
        // Not every file system can; then the supervisor waits for room when it comes to that.
        Err(Errno::EOPNOTSUPP | Errno::ENOSYS) | Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A line as it stands in the file.
pub(super) fn line(line: &Line) -> Result<Vec<u8>, RunnerError> {
    let text = serde_json::to_vec(line).map_err(io::Error::from);
    let mut text = text.doing(|| "put a journal line in words")?;
    text.push(b'\n');
    Ok(text)
}

/// The whole lines at the beginning of `text`.
pub(super) fn whole(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| *byte == b'\n');
    &text[..end.map_or(0, |end| end + 1)]
}

/// The last line of `text`, if it says that nothing more will come.
pub(super) fn end(text: &[u8]) -> Option<Outcome> {
    let last = lines(text).next_back()?;
    match serde_json::from_slice::<Line>(last).ok()?.entry {
        Entry::Ended { outcome, .. } => Some(outcome),
        Entry::Opened { .. }
        | Entry::PhaseStarted { .. }
        | Entry::PhaseEnded { .. }
        | Entry::Pressed { .. }
        | Entry::PhaseKept { .. } => None,
    }
}

/// The lines of `text` in which there is something, without their newlines.
pub(super) fn lines(text: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
}

/// Every whole line of the journal at `path` that can be read; the others are passed over.
pub(super) fn readable(path: &Path) -> Result<Vec<Line>, RunnerError> {
    let text = std::fs::read(path).doing(|| format!("read {}", path.display()))?;
    Ok(lines(whole(&text))
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect())
}

/// Every whole line of the journal at `path`, each of which must be readable; and how many bytes they are.
pub(super) fn read_sized(path: &Path) -> Result<(Vec<Line>, u64), RunnerError> {
    let text = std::fs::read(path).doing(|| format!("read {}", path.display()))?;
    let whole = whole(&text);
    let lines: Result<Vec<Line>, RunnerError> = lines(whole)
        .map(|line| {
            serde_json::from_slice(line).map_err(|error| RunnerError::Damaged {
                path: path.to_owned(),
                why: error.to_string(),
            })
        })
        .collect();
    Ok((lines?, whole.len() as u64))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    fn started(phase: &str) -> Entry {
        Entry::PhaseStarted {
            phase: phase.parse().unwrap(),
        }
    }

    fn entries(path: &Path) -> Vec<Entry> {
        read_sized(path)
            .unwrap()
            .0
            .into_iter()
            .map(|line| line.entry)
            .collect()
    }

    #[test]
    fn a_torn_line_is_cut_off_and_the_next_one_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        std::fs::write(&path, "").unwrap();
        Journal::open(&path).unwrap().append(&started("one")).unwrap();
        let torn = [&std::fs::read(&path).unwrap()[..], br#"{"at":1,"wha"#].concat();
        std::fs::write(&path, torn).unwrap();
        assert_eq!(entries(&path), [started("one")]);
        Journal::open(&path).unwrap().append(&started("two")).unwrap();
        assert_eq!(entries(&path), [started("one"), started("two")]);
    }

    #[test]
    fn a_line_that_lacks_its_newline_alone_was_durable_and_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        std::fs::write(&path, "").unwrap();
        let mut journal = Journal::open(&path).unwrap();
        journal.append(&started("one")).unwrap();
        journal.append(&started("two")).unwrap();
        let text = std::fs::read(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 1]).unwrap();
        assert_eq!(entries(&path), [started("one")]);
        Journal::open(&path).unwrap();
        assert_eq!(entries(&path), [started("one"), started("two")]);
    }

    #[test]
    fn what_a_failed_append_left_is_gone_before_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        std::fs::write(&path, "").unwrap();
        let mut journal = Journal::open(&path).unwrap();
        journal.append(&started("one")).unwrap();
        let mut other = OpenOptions::new().append(true).open(&path).unwrap();
        other.write_all(b"half a li").unwrap();
        journal.append(&started("two")).unwrap();
        assert_eq!(entries(&path), [started("one"), started("two")]);
    }

    #[test]
    fn what_somebody_cut_off_is_made_up_for_so_that_the_next_line_stands_where_it_belongs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        std::fs::write(&path, "").unwrap();
        let mut journal = Journal::open(&path).unwrap();
        journal.append(&started("one")).unwrap();
        journal.append(&started("two")).unwrap();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        let len = file.metadata().unwrap().len();
        file.set_len(len / 2).unwrap();
        journal.append(&started("three")).unwrap();
        let text = std::fs::read(&path).unwrap();
        let len = usize::try_from(len).unwrap();
        assert_eq!(lines(&text[len..]).count(), 1);
        assert_eq!(readable(&path).unwrap().last().unwrap().entry, started("three"));
    }

    #[test]
    fn a_remark_leaves_the_room_that_the_end_needs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        std::fs::write(&path, "").unwrap();
        let mut journal = Journal::open(&path).unwrap();
        for _ in 0..400 {
            journal.remark(&started("one")).unwrap();
        }
        let file = std::fs::metadata(&path).unwrap();
        let line = file.len() / 400;
        assert!(
            file.len() > RESERVED.unsigned_abs(),
            "more than was reserved at first"
        );
        assert!(file.blocks() * 512 + line >= file.len() + RESERVED.unsigned_abs());
    }

    #[test]
    fn a_full_disk_is_named() {
        let mut journal = Journal {
            file: OpenOptions::new().write(true).open("/dev/full").unwrap(),
            path: "/dev/full".into(),
            len: 0,
        };
        let error = journal.append(&started("one")).unwrap_err().to_string();
        assert!(error.contains("No space left on device"), "{error}");
    }

    #[test]
    fn only_the_last_line_can_be_the_end() {
        let end = Line {
            at: clock::now(),
            entry: Entry::Ended {
                outcome: Outcome::Cancelled,
                seal: None,
            },
        };
        let other = Line {
            at: clock::now(),
            entry: started("one"),
        };
        let (end, other) = (line(&end).unwrap(), line(&other).unwrap());
        let says = super::end;
        assert_eq!(says(&[&other[..], &end].concat()), Some(Outcome::Cancelled));
        assert_eq!(says(&[&end[..], &other].concat()), None);
        assert_eq!(says(&[&end[..], b"torn"].concat()), None);
        assert_eq!(says(b""), None);
    }
}
