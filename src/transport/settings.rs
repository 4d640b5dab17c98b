//! How links are opened, and where a host's files are then.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Controls, Pace, Runners};
use crate::domain::Span;

/// How links are opened: what `fleet.toml` says of it, and what all hosts share.
#[derive(Debug, Clone)]
pub struct Transport {
    /// An ssh configuration other than the user's own.
    pub ssh_config: Option<PathBuf>,
    /// Longest wait for a connection.
    pub connect_timeout: Span,
    /// A link that is silent for so long is dead.
    pub silence: Span,
    /// The runner of hosts that are this machine; this very program, if none is named.
    pub local_runner: Option<PathBuf>,
    /// Runners by architecture.
    pub runners: Arc<Runners>,
    /// At most so many connects at a time.
    pub pace: Pace,
    /// Where ssh keeps the sockets of this process.
    pub controls: Arc<Controls>,
}

/// Where rsync finds a host's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RsyncOrigin {
    /// The remote shell for `rsync -e`; none for this machine.
    pub rsh: Option<String>,
    /// The runner's root, as rsync wants it.
    pub base: String,
}
