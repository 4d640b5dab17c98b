//! Whether a step still shows signs of life: output, or use of the CPU.

use std::time::{Duration, Instant};

/// The watch over one step.
#[derive(Debug)]
pub(super) struct Pulse {
    limit: Duration,
    every: Duration,
    last_sign: Instant,
    sampled: Instant,
    ticks: u64,
}

impl Pulse {
    /// A step that must not be without a sign for longer than `limit`.
    pub(super) fn new(limit: Duration, now: Instant) -> Pulse {
        Pulse {
            limit,
            every: (limit / 8).clamp(Duration::from_millis(20), Duration::from_secs(30)),
            last_sign: now,
            sampled: now,
            ticks: 0,
        }
    }

    /// It printed something.
    pub(super) fn output(&mut self, now: Instant) {
        self.last_sign = now;
    }

    /// When to look next.
    pub(super) fn next(&self) -> Instant {
        self.sampled + self.every
    }

    /// Whether it has been without a sign for too long. `measure` says how many ticks of CPU (10 ms
    /// each) its processes have used; it is asked only when it is time to look.
    pub(super) fn is_lost(&mut self, now: Instant, measure: impl FnOnce() -> u64) -> bool {
        if now < self.next() {
            return false;
        }
        let ticks = measure();
        // Processes that end take their time with them, so less is a sign as well. A hundredth of one
        // CPU is none: idle clients and their timers use that much while they hang.
        let used = ticks.abs_diff(self.ticks);
        let idle = u64::try_from((now - self.sampled).as_millis() / 1000).unwrap_or(u64::MAX);
        if used > idle {
            self.last_sign = now;
        }
        self.ticks = ticks;
        self.sampled = now;
        now - self.last_sign >= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doors::clock;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn silence_and_idleness_together_are_a_stall() {
        let t = clock::tick();
        let mut pulse = Pulse::new(8 * SECOND, t);
        for s in 1..8 {
            assert!(!pulse.is_lost(t + s * SECOND, || 0));
        }
        assert!(pulse.is_lost(t + 8 * SECOND, || 0));
    }

    #[test]
    fn output_or_cpu_time_alone_is_life() {
        let t = clock::tick();
        let mut pulse = Pulse::new(8 * SECOND, t);
        for s in 1..100_u32 {
            assert!(!pulse.is_lost(t + s * SECOND, || u64::from(s) * 50));
        }
        for s in 100..200 {
            pulse.output(t + s * SECOND);
            assert!(!pulse.is_lost(t + s * SECOND, || 0));
        }
    }

    #[test]
    fn the_ticking_of_an_idle_client_is_no_life() {
        let t = clock::tick();
        let mut pulse = Pulse::new(80 * SECOND, t);
        let lost = (1..=10_u32).any(|n| pulse.is_lost(t + n * 10 * SECOND, || u64::from(n) * 5));
        assert!(lost);
    }

    #[test]
    fn the_processes_are_not_measured_more_often_than_needed() {
        let t = clock::tick();
        let mut pulse = Pulse::new(8 * SECOND, t);
        assert!(!pulse.is_lost(t + SECOND / 2, || panic!("not yet")));
    }
}
