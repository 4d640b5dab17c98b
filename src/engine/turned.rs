//! Has this machine's clock been set back? The one that never jumps tells.

use std::time::Instant;

use crate::domain::{Span, Timestamp};

/// Both clocks, as they were last looked at.
#[derive(Debug)]
pub(super) struct Clocks {
    wall: Timestamp,
    tick: Instant,
}

impl Clocks {
    pub(super) fn new(wall: Timestamp, tick: Instant) -> Clocks {
        Clocks { wall, tick }
    }

    /// By how much the wall clock was set back since the last look, if it was.
    pub(super) fn set_back(&mut self, wall: Timestamp, tick: Instant) -> Option<Span> {
        let passed = u64::try_from(tick.duration_since(self.tick).as_millis()).unwrap_or(u64::MAX);
        let expected = self.wall.after(Span(passed));
        let back = wall < self.wall;
        (self.wall, self.tick) = (wall, tick);
        back.then(|| expected.since(wall))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::doors::clock;

    #[test]
    fn a_clock_that_was_set_back_is_told_from_one_that_was_set_forward() {
        let (noon, begin) = (Timestamp(12 * 3_600_000), clock::tick());
        let mut clocks = Clocks::new(noon, begin);
        let second = |n| begin + Duration::from_secs(n);
        assert_eq!(clocks.set_back(noon.after(Span::seconds(1)), second(1)), None);
        // A laptop slept.
        assert_eq!(clocks.set_back(noon.after(Span::seconds(3601)), second(2)), None);
        let eight = noon.before(Span::seconds(4 * 3600));
        let by = Span::seconds(5 * 3600 + 2);
        assert_eq!(clocks.set_back(eight, second(3)), Some(by));
        assert_eq!(clocks.set_back(eight.after(Span::seconds(1)), second(4)), None);
    }
}
