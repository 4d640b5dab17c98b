//! How long something takes: its middle, and how far around it chance may throw.

use std::time::Duration;

use super::Dice;
use crate::domain::Span;

/// A century: no time that is thrown is longer, so that sums stay far from overflow.
const LONGEST: Span = Span::seconds(36_500 * 86_400);

/// The odds of one phase of one job.
#[derive(Debug, Clone, PartialEq)]
pub struct Odds {
    /// What was measured of the same, shortest first; empty where nothing was.
    seen: Vec<Span>,
    middle: Span,
    /// Of the logarithm, around the middle or around each that was measured.
    spread: f64,
}

/// Around a single measured time the next one is thrown so far; less, the more there are.
const ALONE: f64 = 0.30;

impl Odds {
    /// Nothing was measured: half of them between `middle` over and times `factor`, nearly.
    pub fn assumed(middle: Span, spread: f64) -> Odds {
        Odds {
            seen: Vec::new(),
            middle,
            spread,
        }
    }

    /// These were measured; `None` if none was.
    pub fn measured(mut seen: Vec<Span>) -> Option<Odds> {
        seen.sort_unstable();
        let middle = *seen.get(seen.len() / 2)?;
        let count = f64::from(u32::try_from(seen.len()).unwrap_or(u32::MAX));
        Some(Odds {
            spread: ALONE / count,
            middle,
            seen,
        })
    }

    /// What to expect.
    pub fn expected(&self) -> Span {
        self.middle
    }

    /// What chance makes of it.
    pub fn thrown(&self, dice: &mut Dice) -> Span {
        let around = match self.seen.len() {
            0 => self.middle,
            all => self.seen.get(dice.below(all)).copied().unwrap_or(self.middle),
        };
        scaled(around, (self.spread * dice.normal()).exp())
    }

    /// The same for something that has taken so long already.
    pub fn thrown_beyond(&self, elapsed: Span, dice: &mut Dice) -> Span {
        const TRIES: usize = 16;
        let longer = (0..TRIES).map(|_| self.thrown(dice)).find(|span| *span > elapsed);
        longer.unwrap_or_else(|| beyond(elapsed))
    }

    /// What to expect of something that has taken so long already.
    pub fn expected_beyond(&self, elapsed: Span) -> Span {
        let after = self.seen.partition_point(|span| *span <= elapsed);
        let rest = self.seen.get(after..).unwrap_or_default();
        match rest.get(rest.len() / 2) {
            Some(middle) => *middle,
            None if self.middle > elapsed => self.middle,
            None => beyond(elapsed),
        }
    }
}

/// It takes longer than anything known: a tenth more, for want of anything better.
fn beyond(elapsed: Span) -> Span {
    Span(elapsed.0 + elapsed.0 / 10 + 1000)
}

/// A length of time, so many times.
pub(super) fn scaled(span: Span, factor: f64) -> Span {
    let seconds = span.duration().as_secs_f64() * factor;
    let millis = Duration::try_from_secs_f64(seconds).map_or(u128::MAX, |time| time.as_millis());
    Span(u64::try_from(millis).unwrap_or(u64::MAX).min(LONGEST.0))
}
