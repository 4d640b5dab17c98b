//! What a step prints: kept in a file up to a cap, the first half and the last half of it.
//!
//! Invariant: the file only ever grows at its end, so that a reader who follows it by offset sees the
//! same text as one who comes later.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};

/// How much of the end of the output is at hand to look for the reason of a failure.
const RECENT: usize = 32 << 10;

/// How much waits in memory for room on a full disk: what our own tasks say of themselves. A disk that is full while they work
/// may be what they look for, and have room again once they have tidied up.
const WAITING: usize = 64 << 10;

/// A log being written.
#[derive(Debug)]
pub(super) struct OutputLog {
    file: File,
    /// Of what belongs into the file, what has found no room yet.
    waiting: Vec<u8>,
    head_left: u64,
    tail: VecDeque<u8>,
    tail_cap: usize,
    recent: VecDeque<u8>,
    total: u64,
    left_out: u64,
}

impl OutputLog {
    /// A log that keeps `cap` bytes.
    pub(super) fn new(file: File, cap: u64) -> OutputLog {
        let tail_cap = usize::try_from(cap / 2).unwrap_or(usize::MAX);
        OutputLog {
            file,
            waiting: Vec::new(),
            head_left: cap - tail_cap as u64,
            tail: VecDeque::new(),
            tail_cap,
            recent: VecDeque::new(),
            total: 0,
            left_out: 0,
        }
    }

    /// Takes in what was printed.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.total += bytes.len() as u64;
        push(&mut self.recent, RECENT, bytes);
        let head = bytes
            .len()
            .min(usize::try_from(self.head_left).unwrap_or(usize::MAX));
        self.head_left -= head as u64;
        self.waiting.extend(&bytes[..head]);
        match self.flush() {
            Err(error) if !is_full(&error) || self.waiting.len() > WAITING => return Err(error),
            Ok(()) | Err(_) => {}
        }
        self.left_out += push(&mut self.tail, self.tail_cap, &bytes[head..]);
        Ok(())
    }

    /// Writes what waits, as far as there is room.
    fn flush(&mut self) -> io::Result<()> {
        while !self.waiting.is_empty() {
            match self.file.write(&self.waiting) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => drop(self.waiting.drain(..n)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes the kept end.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.flush()?;
        if self.left_out > 0 {
            writeln!(self.file, "\n[… {} bytes left out …]", self.left_out)?;
        }
        let (one, two) = self.tail.as_slices();
        self.file.write_all(one)?;
        self.file.write_all(two)?;
        self.tail = VecDeque::new();
        Ok(())
    }

    /// How much was printed, kept or not.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The last of it.
    pub(super) fn recent(&mut self) -> &[u8] {
        self.recent.make_contiguous()
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

/// Adds to a buffer that keeps the last `cap` bytes; how many were dropped.
fn push(buffer: &mut VecDeque<u8>, cap: usize, bytes: &[u8]) -> u64 {
    let skipped = bytes.len().saturating_sub(cap);
    let kept = &bytes[skipped..];
    let dropped = (buffer.len() + kept.len()).saturating_sub(cap);
    buffer.drain(..dropped);
    buffer.extend(kept);
    (skipped + dropped) as u64
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// What is kept of `text` with this cap, written in pieces of `piece` bytes.
    fn kept(text: &[u8], cap: u64, piece: usize) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut log = OutputLog::new(File::create(&path).unwrap(), cap);
        for piece in text.chunks(piece) {
            log.write(piece).unwrap();
        }
        log.finish().unwrap();
        assert_eq!(log.total(), text.len() as u64);
        let mut text = String::new();
        File::open(&path).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn up_to_the_cap_every_byte_is_kept_and_nothing_is_added() {
        for piece in [1, 3, 10] {
            assert_eq!(kept(b"", 10, piece), "");
            assert_eq!(kept(b"01234", 10, piece), "01234");
            assert_eq!(kept(b"0123456789", 10, piece), "0123456789");
            assert_eq!(kept(b"012", 3, piece), "012");
        }
    }

    #[test]
    fn past_the_cap_exactly_the_first_and_the_last_half_are_kept() {
        for piece in [1, 3, 7, 100] {
            assert_eq!(
                kept(b"0123456789abcdef", 10, piece),
                "01234\n[… 6 bytes left out …]\nbcdef"
            );
            assert_eq!(kept(b"abc", 0, piece), "\n[… 3 bytes left out …]\n");
        }
    }

    #[test]
    fn the_head_is_in_the_file_as_it_comes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut log = OutputLog::new(File::create(&path).unwrap(), 4);
        log.write(b"abcdef").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"ab");
        log.finish().unwrap();
        assert!(std::fs::read(&path).unwrap().starts_with(b"ab\n"));
    }

    #[test]
    fn a_full_disk_is_an_error_once_more_waits_than_a_few_lines_or_the_step_is_over() {
        let full = || {
            let file = File::options().write(true).open("/dev/full").unwrap();
            OutputLog::new(file, 1 << 20)
        };
        let kind = |result: io::Result<()>| result.unwrap_err().kind();
        assert_eq!(
            kind(full().write(&vec![b'x'; WAITING + 1])),
            ErrorKind::StorageFull
        );
        let mut log = full();
        log.write(b"x").unwrap();
        assert_eq!(kind(log.finish()), ErrorKind::StorageFull);
        // There is room again.
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        log.file = File::create(&path).unwrap();
        log.write(b"y").unwrap();
        log.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"xy");
    }
}
