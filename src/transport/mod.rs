//! Floor 2: reaching a host. A [`Link`] is one open channel to one runner; how it came about (`ssh`, or a
//! child on this machine) is nobody else's business.
//!
//! Invariant: nothing is decided here. A link that fails says why and whether trying again can help; when
//! to try again is the engine's.

mod binary;
mod call;
mod clean_shell;
mod controls;
mod error;
mod framing;
mod inputs;
mod life;
mod link;
mod local;
mod pace;
mod shell;
mod ssh;

use std::path::PathBuf;
use std::sync::Arc;

pub use binary::{Binary, Runners};
pub use call::Call;
pub use clean_shell::run as clean_shell;
pub use controls::Controls;
pub use error::LinkError;
pub use link::{Link, LinkGuard};
pub use pace::Pace;

use crate::domain::Span;
use crate::domain::host::{HostConfig, Reach};

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

impl Transport {
    /// Opens the link to a host: connects, brings the runner along if it is not there, shakes hands.
    pub async fn open(&self, host: &HostConfig) -> Result<Link, LinkError> {
        let opened = match &host.reach {
            Reach::Local => match local::open(&host.root, self.local_runner.as_deref(), self.silence) {
                Ok(channel) => channel.greet(self.connect_timeout).await,
                Err(error) => Err(error),
            },
            Reach::Ssh(destination) => {
                let _turn = self.pace.turn().await;
                ssh::open(self, host, destination).await
            }
        };
        opened.map_err(|error| error.on(&host.name))
    }
}
