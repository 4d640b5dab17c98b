//! What the tests print: its first part and its last part, and how much there was.
//!
//! Invariant: where something is missing, whole lines are missing, so that no line of the log is a part of
//! one that was printed.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read};
use std::sync::atomic::{AtomicU64, Ordering};

/// One stream of output.
#[derive(Debug)]
pub(super) struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    half: usize,
    total: u64,
}

impl Capture {
    /// One that keeps `cap` bytes.
    pub(super) fn new(cap: u64) -> Capture {
        Capture {
            head: Vec::new(),
            tail: VecDeque::new(),
            half: usize::try_from(cap / 2).unwrap_or(usize::MAX),
            total: 0,
        }
    }

    /// Takes in a stream to its end; counts in `seen` as it goes.
    pub(super) fn all(mut self, stream: Option<impl Read>, seen: &AtomicU64) -> Capture {
        let Some(mut stream) = stream else { return self };
        let mut buffer = vec![0; 64 << 10];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => return self,
                Ok(n) => {
                    self.take(&buffer[..n]);
                    seen.fetch_add(n as u64, Ordering::Relaxed);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return self,
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let (head, rest) = bytes.split_at(bytes.len().min(self.half - self.head.len()));
        self.head.extend(head);
        let rest = &rest[rest.len().saturating_sub(self.half)..];
        let much = (self.tail.len() + rest.len()).saturating_sub(self.half);
        self.tail.drain(..much);
        self.tail.extend(rest);
    }

    /// How much there was, kept or not.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Is something missing?
    pub(super) fn is_cut(&self) -> bool {
        self.total > (self.head.len() + self.tail.len()) as u64
    }

    /// What was kept, with a line where something is missing.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = self.head.clone();
        let (one, two) = self.tail.as_slices();
        if !self.is_cut() {
            text.extend(one);
            text.extend(two);
            return text;
        }
        let newline = |byte: &u8| *byte == b'\n';
        text.truncate(text.iter().rposition(newline).map_or(0, |at| at + 1));
        let tail = [one, two].concat();
        let rest = tail.iter().position(newline).map_or(tail.len(), |at| at + 1);
        let left_out = self.total - (text.len() + tail.len() - rest) as u64;
        text.extend(format!("[… {left_out} bytes left out …]\n").bytes());
        text.extend(&tail[rest..]);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str, cap: u64) -> (String, bool) {
        let seen = AtomicU64::new(0);
        let capture = Capture::new(cap).all(Some(text.as_bytes()), &seen);
        assert_eq!(
            (capture.total(), seen.into_inner()),
            (text.len() as u64, text.len() as u64)
        );
        (String::from_utf8(capture.text()).unwrap(), capture.is_cut())
    }

    #[test]
    fn up_to_the_cap_every_byte_is_kept() {
        for text in ["", "a", "one\ntwo", "0123456789"] {
            assert_eq!(kept(text, 10), (text.to_owned(), false));
        }
    }

    #[test]
    fn past_the_cap_no_line_is_half() {
        let (text, cut) = kept("PASSED a\nPASSED bcd\nxxxxxxx\nXPASSED e\nPASSED f\n", 34);
        assert_eq!(text, "PASSED a\n[… 29 bytes left out …]\nPASSED f\n");
        assert!(cut);
        assert_eq!(kept("no newline at all", 4).0, "[… 17 bytes left out …]\n");
    }

    #[test]
    fn much_output_costs_no_more_than_the_cap() {
        let seen = AtomicU64::new(0);
        let capture = Capture::new(1 << 20).all(Some(std::io::repeat(b'x').take(256 << 20)), &seen);
        assert_eq!(capture.total(), 256 << 20);
        assert!(capture.head.len() + capture.tail.len() <= 1 << 20);
    }
}
