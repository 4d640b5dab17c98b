//! What is said on a link: JSON lines over the stdin and stdout of `fleet runner serve`.
//!
//! The runner speaks first: [`MAGIC`] and a [`Hello`] on a line of their own. Everything before that
//! line is a login shell talking, and is ignored.

use serde::{Deserialize, Serialize};

use super::deploy::{Harness, Install, Installed, Look, Room};
use super::digest::Sha256;
use super::event::Refusal;
use super::exam::{CheckResult, Inspect};
use super::fault::Fault;
use super::id::{AttemptId, Epoch};
pub use super::inventory::{Capsule, Inventory, Unreadable};
use super::name::HostName;
use super::secret::Secrets;
use super::spec::Spec;
use super::swe::Image;
use super::time::Timestamp;

/// The version of this protocol. Both ends must speak the same; the coordinator brings the runner
/// along, so that they do.
pub const PROTOCOL: u32 = 3;

/// How the runner's first line begins.
pub const MAGIC: &str = "@fleet-link ";

/// Longest line either side accepts: a spec fits, a runaway does not.
pub const LONGEST_LINE: usize = 64 << 20;

/// Largest text that a host keeps for starts to name.
pub const LARGEST_TEXT: u64 = 256 << 20;

/// The runner's first words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`] of the runner.
    pub protocol: u32,
    /// Its version, for people.
    pub version: String,
    /// The life of the machine: changes with every boot.
    pub boot: String,
    /// The host's clock.
    pub now: Timestamp,
}

/// From the coordinator, one a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Comes back with the answer.
    pub id: u64,
    /// What is wanted.
    pub ask: Ask,
}

/// What the coordinator can want.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// Say something, so that I know you are there.
    Ping,
    /// Run this attempt, and tell me its journal from the start. Asked twice, it runs once.
    Start(Box<Start>),
    /// Stop this attempt, and prove it gone.
    Cancel {
        /// Who asks.
        authority: Authority,
        /// What to stop.
        attempt: AttemptId,
        /// SIGKILL at once.
        hard: bool,
    },
    /// Tell me this attempt's journal from this byte on, now and as it grows.
    Follow {
        /// Whose journal.
        attempt: AttemptId,
        /// First byte wanted.
        from: u64,
    },
    /// What capsules are there?
    Inventory {
        /// With the jobs as they were dispatched, for a coordinator that knows none of them.
        jobs: bool,
    },
    /// Bytes of one file of a capsule.
    Read {
        /// Whose capsule.
        attempt: AttemptId,
        /// `log/…`, `out/…` or one of the capsule's own files.
        file: String,
        /// First byte wanted.
        from: u64,
        /// Most bytes wanted.
        most: u64,
    },
    /// How are you?
    Probe,
    /// Which images have you made ready?
    Images,
    /// The same, and which has the harness built there?
    Shelf {
        /// The repositories of what the harness builds.
        runtimes: Vec<String>,
    },
    /// Make this image ready before a job needs it.
    Prefetch {
        /// The image.
        image: Box<Image>,
        /// Its signed address, where it needs one. A secret.
        url: Option<String>,
    },
    /// Remove an image that was made ready or that the harness built here, unless a container uses it.
    Discard {
        /// Where it came from, as [`Shelved`] says.
        source: String,
        /// The repositories of what the harness builds.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        runtimes: Vec<String>,
    },
    /// Remove what dead attempts and broken-off preparations have left in the engine. Never anything else.
    Clean,
    /// What lies at the harness's place?
    Harness {
        /// The place; `~/` is the home on the host.
        at: String,
        /// Which of its files.
        look: Look,
    },
    /// Make room for a new version of the harness. No other link can deploy here until this one ends.
    Receive,
    /// Make a version of the harness the one in use, unless a job runs.
    Install(Box<Install>),
    /// Look at what jobs need, and mend what is safe to mend if that is wanted.
    Examine(Box<Inspect>),
    /// Keep this piece of a text that a start will name. An empty piece asks how much of it is there.
    Put {
        /// The digest of the whole text.
        sha256: Sha256,
        /// Its bytes.
        size: u64,
        /// Where the piece begins.
        at: u64,
        /// The piece.
        text: String,
    },
}

impl Ask {
    /// The attempt that it is about, if it is about one.
    pub fn attempt(&self) -> Option<AttemptId> {
        match self {
            Ask::Start(start) => Some(start.spec.id()),
            Ask::Cancel { attempt, .. } | Ask::Follow { attempt, .. } | Ask::Read { attempt, .. } => {
                Some(*attempt)
            }
            Ask::Ping
            | Ask::Inventory { .. }
            | Ask::Probe
            | Ask::Images
            | Ask::Shelf { .. }
            | Ask::Prefetch { .. }
            | Ask::Discard { .. }
            | Ask::Clean
            | Ask::Harness { .. }
            | Ask::Receive
            | Ask::Install(_)
            | Ask::Examine(_)
            | Ask::Put { .. } => None,
        }
    }
}

/// The right to change things on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// The coordinator's epoch.
    pub epoch: Epoch,
    /// Its random name: two coordinators of the same epoch are still two.
    pub coordinator: String,
}

/// All that an attempt needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Who asks.
    pub authority: Authority,
    /// How many slots the host has.
    pub slots: u32,
    /// The attempt.
    pub spec: Spec,
    /// The text of the job's dataset; becomes `in/dataset.jsonl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// A trajectory that exists already; becomes `in/trajectory.jsonl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trajectory: Option<String>,
    /// Variables for the job's environment that must not be written anywhere.
    #[serde(default, skip_serializing_if = "Secrets::is_empty")]
    pub secrets: Secrets,
    /// Those of its texts that were put on the host before.
    #[serde(default, skip_serializing_if = "Sent::is_empty")]
    pub sent: Sent,
}

/// Texts of a start that do not travel in it, by their digests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<Sha256>,
    /// The trajectory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trajectory: Option<Sha256>,
}

impl Sent {
    /// Does everything travel in the start itself?
    pub fn is_empty(&self) -> bool {
        self.dataset.is_none() && self.trajectory.is_none()
    }
}

/// From the runner, one a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Say {
    /// To a request.
    Answer {
        /// The request's id.
        to: u64,
        /// The answer.
        with: Answer,
    },
    /// More of a followed journal: whole lines.
    Journal {
        /// Whose.
        attempt: AttemptId,
        /// Where in the file the text begins.
        from: u64,
        /// The lines.
        text: String,
    },
}

/// Answers, one kind for each kind of request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// To a ping; to a start (its journal follows); to a cancel or follow that was understood.
    Done,
    /// To a start.
    Refused(Refusal),
    /// To an inventory.
    Inventory(Inventory),
    /// To a read.
    Bytes {
        /// In base64.
        data: String,
        /// The size of the file when it was read.
        size: u64,
    },
    /// To a probe.
    Facts(Box<Facts>),
    /// To images; to a prefetch and a discard, the one that it was about.
    Images(Vec<Shelved>),
    /// To a clean.
    Cleaned(Cleaned),
    /// To a prefetch, a discard or a clean that failed.
    Fault(Fault),
    /// What lies at the harness's place.
    Harness(Box<Harness>),
    /// To a receive.
    Room(Room),
    /// To an install.
    Installed(Installed),
    /// To an examination.
    Observations(Vec<CheckResult>),
    /// There is no such thing here, or it could not be done.
    Failed(String),
    /// To a put: so many bytes of the text are here, from its beginning on.
    Has(u64),
    /// To a start: this text is not here, or no longer.
    Lacks(Sha256),
}

/// An image that a host has made ready, or that the harness has built there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shelved {
    /// Where it came from.
    pub source: String,
    /// The engine's id for it.
    pub id: String,
    /// Its names.
    pub tags: Vec<String>,
    /// Bytes.
    pub size: u64,
    /// Bytes that came over the network for it just now.
    #[serde(default)]
    pub moved: u64,
    /// When it came.
    pub loaded_at: Timestamp,
    /// When a job or a person last asked for it.
    pub last_used: Timestamp,
    /// Containers that use it.
    pub used_by: Vec<String>,
    /// Does the engine still have it?
    pub here: bool,
    /// Its layers from the lowest one on, as diff ids, and the bytes of each; zero where they are not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<(String, u64)>,
    /// Of a runtime image that the harness built: the base image that it belongs to, as its tags call that; empty if they
    /// do not say. None for the image of an instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
}

/// What a cleaning has removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cleaned {
    /// Containers of attempts that are over, and of images that are not being made ready any more.
    pub containers: u64,
    /// Networks of such attempts.
    pub networks: u64,
    /// Volumes of such attempts.
    pub volumes: u64,
    /// Nameless images that were to become parts of larger ones.
    pub parts: u64,
    /// Bytes of these parts, as the engine counts them.
    pub bytes: u64,
}

/// The filesystem on which a host's engine keeps images and containers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataRoot {
    /// Docker's data-root.
    pub path: String,
    /// Bytes, all and available.
    pub bytes: (u64, u64),
    /// Inodes, all and available.
    pub inodes: (u64, u64),
}

impl DataRoot {
    /// Are more than so many hundredths of it in use, of bytes or of inodes?
    pub fn is_above(&self, mark: u64) -> bool {
        let above = |(all, free): (u64, u64)| {
            all > 0 && all.saturating_sub(free).saturating_mul(100) > all.saturating_mul(mark)
        };
        above(self.bytes) || above(self.inodes)
    }
}

/// A host's state of health, as it sees itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// Kernel's word for the machine.
    pub arch: String,
    /// Kernel and release.
    pub os: String,
    /// CPUs.
    pub cpus: u64,
    /// Bytes of memory, all and available.
    pub memory: (u64, u64),
    /// Bytes on the disk of the runner's root, all and available.
    pub disk: (u64, u64),
    /// Inodes on that disk, all and available.
    pub inodes: (u64, u64),
    /// The disk of Docker's data-root; none if there is no engine to ask where that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_root: Option<DataRoot>,
    /// One-minute load, in hundredths.
    pub load: u64,
    /// Its clock when it looked.
    pub now: Timestamp,
    /// Version of `rsync`, or why there is none.
    pub rsync: Program,
    /// Version of the Docker engine, or why there is none.
    pub docker: Program,
    /// Attempts whose supervisors hold a slot.
    pub slots: Vec<Option<AttemptId>>,
    /// Largest epoch heard.
    pub epoch: Epoch,
    /// What the machine calls itself.
    pub hostname: String,
}

/// The contents of a held slot's lock file: who lives there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The attempt.
    pub attempt: AttemptId,
    /// The supervisor's process id, once it is known.
    pub pid: Option<i32>,
    /// When that process started, in clock ticks since boot: the pid's other half.
    pub started: Option<u64>,
    /// The name under which the coordinator knows this host.
    pub host: HostName,
}

/// A program that a host needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Program {
    /// It answers, with this version.
    Version(String),
    /// It does not, for this reason.
    Missing(String),
}

impl Default for Program {
    fn default() -> Program {
        Program::Missing("not asked".to_owned())
    }
}
