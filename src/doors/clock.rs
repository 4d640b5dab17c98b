//! The clocks: one for facts (wall), one for limits (monotonic).

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::domain::Timestamp;

/// The wall clock. For records; it may jump.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The monotonic clock. For deadlines; it never jumps.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn tick() -> Instant {
    Instant::now()
}
