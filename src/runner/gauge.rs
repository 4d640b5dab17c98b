//! How the provider of a model bears up, as a step's output shows: lines counted while they go by.
//!
//! Invariant: whatever is printed, a line is looked at once and no more than its beginning is kept.

use std::time::{Duration, Instant};

use memchr::{memchr, memrchr};

use crate::blame::{Pressure, may_hold_pressure, pressure};

/// Between two entries of the journal, while the step runs.
const EVERY: Duration = Duration::from_secs(10);

/// Of a line, so much is looked at: what clients say of a refusal stands at its beginning.
const MOST: usize = 16 << 10;

/// Counted and not told yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Count {
    /// Lines that tell of a rate limit.
    pub(super) limited: u32,
    /// Lines that tell of a provider that fails.
    pub(super) failed: u32,
}

/// The count of one step.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    /// The beginning of the line that has no end yet.
    line: Vec<u8>,
    count: Count,
    told: Option<Instant>,
}

impl Gauge {
    /// Takes in what was printed.
    pub(super) fn read(&mut self, mut bytes: &[u8]) {
        if !self.line.is_empty() {
            let Some(end) = memchr(b'\n', bytes) else {
                return self.keep(bytes);
            };
            self.keep(&bytes[..end]);
            self.close();
            bytes = &bytes[end + 1..];
        }
        let open = memrchr(b'\n', bytes).map_or(0, |end| end + 1);
        let (whole, open) = bytes.split_at(open);
        // Of a flood, nothing is taken apart that cannot matter.
        if may_hold_pressure(whole) {
            for line in whole.split(|byte| *byte == b'\n') {
                self.count(line);
            }
        }
        self.keep(open);
    }

    fn keep(&mut self, piece: &[u8]) {
        let room = MOST.saturating_sub(self.line.len());
        self.line.extend_from_slice(&piece[..piece.len().min(room)]);
    }

    fn close(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.count(&line);
    }

    fn count(&mut self, line: &[u8]) {
        match pressure(&line[..line.len().min(MOST)]) {
            Some(Pressure::Limited) => self.count.limited = self.count.limited.saturating_add(1),
            Some(Pressure::Failed) => self.count.failed = self.count.failed.saturating_add(1),
            None => {}
        }
    }

    /// When the journal is to be told; never while there is nothing to tell.
    pub(super) fn next(&self) -> Option<Instant> {
        let told = self.told?;
        (self.count != Count::default()).then_some(told + EVERY)
    }

    /// What is to be told now. The first of it at once, then as often as is worth an entry.
    pub(super) fn due(&mut self, now: Instant) -> Option<Count> {
        let early = self.told.is_some_and(|told| now < told + EVERY);
        if early || self.count == Count::default() {
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.count))
    }

    /// What could not be told is told later.
    pub(super) fn take_back(&mut self, count: Count) {
        self.count.limited = self.count.limited.saturating_add(count.limited);
        self.count.failed = self.count.failed.saturating_add(count.failed);
    }

    /// The rest, when nothing more will be printed.
    pub(super) fn finish(mut self) -> Option<Count> {
        self.close();
        (self.count != Count::default()).then_some(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doors::clock;

    const TEXT: &str = "start\nError code: 429 - slow down\nOverloaded_Error: later\nok\nratelimiterror";

    fn counted(text: &[u8], piece: usize) -> Option<Count> {
        let mut gauge = Gauge::default();
        for piece in text.chunks(piece) {
            gauge.read(piece);
        }
        gauge.finish()
    }

    #[test]
    fn the_count_is_the_same_whatever_the_pieces_are() {
        let expected = Count {
            limited: 2,
            failed: 1,
        };
        for piece in 1..=TEXT.len() {
            assert_eq!(counted(TEXT.as_bytes(), piece), Some(expected), "{piece}");
        }
        assert_eq!(counted(b"nothing\nof it\n", 3), None);
    }

    #[test]
    fn a_line_without_an_end_is_not_kept_and_counts_by_its_beginning() {
        let mut gauge = Gauge::default();
        gauge.read(b"RateLimitError ");
        for _ in 0..100 {
            gauge.read("x".repeat(64 << 10).as_bytes());
        }
        assert!(gauge.line.len() <= MOST);
        gauge.read(b"\nRateLimitError\n");
        assert_eq!(
            gauge.finish(),
            Some(Count {
                limited: 2,
                failed: 0
            })
        );
    }

    #[test]
    fn the_first_is_told_at_once_and_more_only_after_a_while() {
        let t = clock::tick();
        let mut gauge = Gauge::default();
        assert_eq!((gauge.due(t), gauge.next()), (None, None));
        gauge.read(b"ratelimiterror\n");
        assert_eq!(
            gauge.due(t),
            Some(Count {
                limited: 1,
                failed: 0
            })
        );
        assert_eq!(gauge.next(), None, "there is nothing to tell");
        gauge.read(b"ratelimiterror\n");
        assert_eq!(gauge.due(t + EVERY / 2), None);
        assert_eq!(gauge.next(), Some(t + EVERY));
        let two = gauge.due(t + EVERY).unwrap();
        gauge.take_back(two);
        assert_eq!(
            gauge.finish(),
            Some(Count {
                limited: 1,
                failed: 0
            })
        );
    }
}
