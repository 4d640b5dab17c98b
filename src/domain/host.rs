//! A host as the coordinator knows it: what `fleet.toml` says of it, and what its link says.

use serde::{Deserialize, Serialize};

use super::name::HostName;
use super::time::Timestamp;

/// What `fleet.toml` says of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostConfig {
    /// Its name in assignments and tables.
    pub name: HostName,
    /// How it is reached.
    pub reach: Reach,
    /// How many jobs it runs at a time.
    pub slots: u32,
    /// `x86_64` or `aarch64`: which runner it gets.
    pub arch: String,
    /// Free words for people and for later placement.
    pub tags: Vec<String>,
    /// The directory of the runner on the host; `~/` is the home there.
    pub root: String,
    /// The harness tree on the host: `FLEET_HARNESS` of every step.
    pub harness: Option<String>,
}

/// How a host is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Through the user's ssh, to this destination.
    Ssh(String),
    /// It is this machine.
    Local,
}

/// The state of the one link to a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// Not tried yet by this coordinator.
    Unknown,
    /// Open.
    Up {
        /// Since when.
        since: Timestamp,
    },
    /// Lost or refused.
    Down {
        /// Since when.
        since: Timestamp,
        /// In words.
        reason: String,
        /// Whether trying again can help.
        outlook: Outlook,
    },
}

/// Whether trying the same again can help: a property of the error, not of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outlook {
    /// It may pass by itself: a cut, a restart, a busy server.
    Transient,
    /// A person must change something first: a key, a name, a missing program.
    Permanent,
}
