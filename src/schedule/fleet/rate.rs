//! How many jobs of a model may run at a time: more while its provider answers, half as many when it asks for less.

use crate::domain::time::{Span, Timestamp};

/// How long the pauses are that providers get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pauses {
    /// The first one; each further one is twice as long.
    pub(super) first: Span,
}

impl Default for Pauses {
    fn default() -> Pauses {
        Pauses {
            first: Span::seconds(30),
        }
    }
}

impl Pauses {
    /// No pause is longer.
    fn longest(self) -> Span {
        Span(self.first.0.saturating_mul(6))
    }

    /// Complaints that come within so short a time are one.
    fn one(self) -> Span {
        Span(self.first.0 / 3)
    }
}

/// The rate of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    /// At most so many at a time; a fraction counts once it is whole.
    pub cap: f64,
    /// None starts before.
    pub until: Timestamp,
    /// When the provider first complained, since it last did its work well.
    pub since: Timestamp,
    pauses: Pauses,
    pause: Span,
    cut: Timestamp,
}

impl Rate {
    /// The first complaint, with so many under way.
    pub(super) fn first(now: Timestamp, running: usize, pauses: Pauses) -> Rate {
        let mut rate = Rate {
            cap: count(running),
            until: now,
            since: now,
            pauses,
            pause: pauses.first,
            cut: Timestamp(i64::MIN),
        };
        rate.decrease(now, running);
        rate
    }

    /// The provider complains.
    pub(super) fn decrease(&mut self, now: Timestamp, running: usize) {
        if self.cut != Timestamp(i64::MIN) && now.since(self.cut) < self.pauses.one() {
            return;
        }
        self.cap = (self.cap.min(count(running)) / 2.0).max(1.0);
        self.until = self.until.max(now.after(self.pause));
        self.pause = Span((self.pause.0 * 2).min(self.pauses.longest().0));
        self.cut = now;
    }

    /// Our clock was set back by so much: the pause is as long as it was.
    pub(super) fn set_back(&mut self, by: Span) {
        (self.until, self.since) = (self.until.before(by), self.since.before(by));
        if self.cut != Timestamp(i64::MIN) {
            self.cut = self.cut.before(by);
        }
    }

    /// The provider did a job's work to its end.
    pub(super) fn increase(&mut self, now: Timestamp) {
        // One more for each round of as many as there may be.
        self.cap += 1.0 / self.cap.max(1.0);
        self.pause = self.pauses.first;
        self.since = now;
    }
}

fn count(running: usize) -> f64 {
    u32::try_from(running)
        .map_or(f64::from(u32::MAX), f64::from)
        .max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1000)
    }

    #[test]
    fn a_complaint_halves_and_good_work_adds_one_a_round() {
        let mut rate = Rate::first(at(0), 8, Pauses::default());
        assert!((rate.cap - 4.0).abs() < 1e-9);
        assert_eq!(rate.until, at(30));
        // The other hosts say the same in the same moment.
        rate.decrease(at(3), 8);
        assert!((rate.cap - 4.0).abs() < 1e-9);
        for _ in 0..4 {
            rate.increase(at(40));
        }
        assert!(rate.cap > 4.9 && rate.cap < 5.1, "{}", rate.cap);
    }

    #[test]
    fn pauses_grow_while_complaints_go_on_and_start_over_after_good_work() {
        let mut rate = Rate::first(at(0), 1, Pauses::default());
        for (now, until) in [(30, 90), (90, 210), (210, 390), (390, 570)] {
            rate.decrease(at(now), 1);
            assert_eq!(rate.until, at(until));
            assert!(rate.cap >= 1.0);
        }
        rate.increase(at(600));
        rate.decrease(at(700), 1);
        assert_eq!(rate.until, at(730));
    }
}
