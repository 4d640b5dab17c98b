//! What a step prints: kept in a file up to a cap, the first half and the last half of it.
//!
//! Invariant: the file only ever grows at its end, so that a reader who follows it by offset sees the
//! same text as one who comes later.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write as _};

/// How much of the end of the output is at hand to look for the reason of a failure.
const RECENT: usize = 32 << 10;

/// A log being written.
#[derive(Debug)]
pub(super) struct OutputLog {
    file: File,
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
        self.file.write_all(&bytes[..head])?;
        self.left_out += push(&mut self.tail, self.tail_cap, &bytes[head..]);
        Ok(())
    }

    /// Writes the kept end.
    pub(super) fn finish(&mut self) -> io::Result<()> {
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
    fn a_full_disk_is_an_error() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let error = OutputLog::new(full, 10).write(b"x").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
