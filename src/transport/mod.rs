//! Floor 2: reaching a host. A [`Link`] is one open channel to one runner; how it came about (`ssh`, or a
//! child on this machine) is known only here.
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
mod settings;
mod shell;
mod ssh;

pub use binary::{Binary, Runners};
pub use call::Call;
pub use clean_shell::run as clean_shell;
pub use controls::Controls;
pub use error::LinkError;
pub use link::{Link, LinkGuard};
pub use pace::Pace;
pub use settings::{RsyncOrigin, Transport};

use crate::domain::host::{HostConfig, Reach};

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
