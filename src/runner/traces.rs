//! What an attempt's processes can be known by, kept in its capsule while it runs: `processes.json`.
//!
//! The supervisor needs none of it, since the kernel tells it who its children are. It is for the runner that ends
//! those processes after the supervisor was killed. Invariant: the file is there before the first step starts, and
//! survives the end of any process. It need not survive the machine's, which is the end of all processes anyway.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::capsule::Capsule;
use super::processes::{self, Process};
use crate::domain::layout;
use crate::doors::clock;
use crate::doors::files::{self, AS_UMASK, Durability};

/// The version of the file.
const VERSION: u32 = 1;

/// Between two looks: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// So many processes are named one by one; of more, the sessions alone.
const MOST: usize = 1000;

/// A process: its id, and when it started, which makes that id its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Name {
    /// Its id.
    pub(super) pid: i32,
    /// In clock ticks since boot.
    pub(super) started: u64,
}

impl From<&Process> for Name {
    fn from(process: &Process) -> Name {
        Name {
            pid: process.pid,
            started: process.started,
        }
    }
}

/// What is known of an attempt's processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Traces {
    version: u32,
    /// The life of the machine in which all this holds.
    pub(super) boot: String,
    /// The supervisor.
    pub(super) supervisor: Name,
    /// The processes above it, one of which gets its orphans.
    #[serde(default)]
    pub(super) above: Vec<i32>,
    /// Where it was among the control groups, as the kernel tells it.
    #[serde(default)]
    pub(super) home: String,
    /// The control group that only the attempt's processes are in, if the host gives it one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<PathBuf>,
    /// The pipe that the step under way prints into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pipe: Option<u64>,
    /// When the following was seen, in clock ticks since boot: not later than that.
    pub(super) seen: u64,
    /// The sessions that its processes were in.
    pub(super) sessions: BTreeSet<i32>,
    /// Its processes.
    pub(super) processes: BTreeSet<Name>,
}

impl Traces {
    /// Of a supervisor that has started nothing yet.
    pub(super) fn of(supervisor: Name, boot: &str) -> Traces {
        Traces {
            version: VERSION,
            boot: boot.to_owned(),
            supervisor,
            above: Vec::new(),
            home: String::new(),
            group: None,
            pipe: None,
            seen: supervisor.started,
            sessions: BTreeSet::from([supervisor.pid]),
            processes: BTreeSet::new(),
        }
    }

    /// What a capsule tells; none if its supervisor has not come that far.
    pub(super) fn read(capsule: &Capsule) -> io::Result<Option<Traces>> {
        match std::fs::read(capsule.path.join(layout::PROCESSES)) {
            // One that a later version wrote, or that is torn, tells nothing.
            Ok(text) => Ok(serde_json::from_slice(&text)
                .ok()
                .filter(|traces: &Traces| traces.version == VERSION)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The supervisor's hand that keeps the file.
#[derive(Debug)]
pub(super) struct Recorder {
    path: PathBuf,
    /// As they are.
    traces: Traces,
    /// As they are on the disk.
    written: Option<Traces>,
    youngest: Option<i32>,
    looked: Instant,
    pause: Duration,
}

impl Recorder {
    /// Of this process, which is the supervisor.
    pub(super) fn start(capsule: &Path, boot: &str, group: Option<PathBuf>) -> io::Result<Recorder> {
        let me = processes::me();
        let myself = processes::look(me)?.ok_or_else(|| io::Error::other("this process is not in /proc"))?;
        let mut traces = Traces::of(Name::from(&myself), boot);
        traces.above = processes::above_me()?
            .into_iter()
            .filter(|pid| *pid != me)
            .collect();
        traces.home = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        traces.group = group;
        Ok(Recorder {
            path: capsule.join(layout::PROCESSES),
            traces,
            written: None,
            youngest: None,
            looked: clock::tick(),
            pause: PAUSES.0,
        })
    }

    /// A step is about to start, and prints into this pipe.
    pub(super) fn step(&mut self, pipe: u64) {
        self.traces.pipe = Some(pipe);
        self.pause = PAUSES.0;
        self.looked = clock::tick();
        self.keep();
    }

    /// All of it.
    pub(super) fn traces(&self) -> &Traces {
        &self.traces
    }

    /// When to look next.
    pub(super) fn next(&self) -> Instant {
        self.looked + self.pause
    }

    /// Looks, if it is time to, at who descends from this process.
    pub(super) fn tick(&mut self, now: Instant) {
        if now < self.next() {
            return;
        }
        self.pause = (2 * self.pause).min(PAUSES.1);
        self.look();
    }

    fn look(&mut self) {
        self.looked = clock::tick();
        let youngest = processes::youngest();
        // Without a new process there is nothing new.
        if self.written.as_ref() == Some(&self.traces) && youngest.is_some() && youngest == self.youngest {
            return;
        }
        if let Ok(now) = processes::now() {
            let family = processes::descendants(&[self.traces.supervisor.pid]);
            let sessions = family.iter().map(|process| process.session);
            let sessions: BTreeSet<i32> = sessions.chain([self.traces.supervisor.pid]).collect();
            let names: BTreeSet<Name> = family.iter().take(MOST).map(Name::from).collect();
            if (&sessions, &names) != (&self.traces.sessions, &self.traces.processes) {
                self.traces.seen = now;
                self.traces.sessions = sessions;
                self.traces.processes = names;
            }
        }
        self.youngest = youngest;
        self.keep();
    }

    fn keep(&mut self) {
        if self.written.as_ref() == Some(&self.traces) {
            return;
        }
        match write(&self.path, &self.traces) {
            Ok(()) => self.written = Some(self.traces.clone()),
            Err(error) => tracing::warn!(%error, "the attempt's processes are written down later"),
        }
    }
}

/// Whole or not at all. It need not be durable: see above.
fn write(path: &Path, traces: &Traces) -> io::Result<()> {
    let text = serde_json::to_vec(traces).map_err(io::Error::from)?;
    files::replace(path, &text, AS_UMASK, Durability::Whole)
}
