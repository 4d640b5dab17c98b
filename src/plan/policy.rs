//! The numbers that `plan` goes by.

use crate::domain::Span;

/// All of them come from `fleet.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// How often a job may be lost by a host, or fail through no fault of its own, and be tried again.
    pub lost_retries: u32,
    /// How long a job waits after such a fault; doubles with each.
    pub retry_pause: Span,
    /// How long a host is left alone after it refused a job.
    pub refused_pause: Span,
    /// How long to wait for a host that cannot be reached or keeps refusing.
    pub unreachable: Span,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            lost_retries: 2,
            retry_pause: Span::seconds(30),
            refused_pause: Span::seconds(5),
            unreachable: Span::seconds(600),
        }
    }
}
