//! Waiting for events. The limit is there to end a test that failed, not to be met: it is far beyond what
//! any machine needs.

use std::time::{Duration, Instant};

/// Waits until `event` gives something.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut event: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = event() {
            return value;
        }
        assert!(
            start.elapsed() < Duration::from_mins(2),
            "waited in vain until {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
