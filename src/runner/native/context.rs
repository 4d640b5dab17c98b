//! What a native phase works with, and where it leaves what it made.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::fault::disk;
use crate::domain::swe::Swe;
use crate::domain::{AttemptId, Fault, HostName, Instance, Job, Secrets, Verdict, layout};
use crate::doors::files::{self, Durability, OWNER_ONLY};
use crate::doors::{env, secrets};

/// What a native phase works with.
#[derive(Debug, Clone, Copy)]
pub struct PhaseContext<'a> {
    /// The capsule: `in/`, `out/` and `log/` are below.
    pub capsule: &'a Path,
    /// Which attempt.
    pub attempt: AttemptId,
    /// Its job.
    pub job: &'a Job,
    /// What it goes by.
    pub swe: &'a Swe,
    /// The task.
    pub instance: &'a Instance,
    /// The normalised dataset line, as it travelled.
    pub dataset_text: &'a str,
    /// This host.
    pub host: &'a HostName,
    /// Variables of this phase that stand in no environment but that of the program which needs them.
    pub secrets: &'a Secrets,
    /// Where this host has the harness, if not where the agent says.
    pub harness: Option<&'a str>,
    /// Finds the known failure that a text speaks of.
    pub explain: fn(&str) -> Option<Fault>,
}

/// What a native phase has to say that did its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhaseOutcome {
    /// One line for the log and for people.
    pub note: String,
    /// What the evidence says, if the phase is the one that asks it.
    pub verdict: Option<Verdict>,
}

impl PhaseOutcome {
    /// Done, and nothing is judged.
    pub(crate) fn noted(note: String) -> PhaseOutcome {
        PhaseOutcome { note, verdict: None }
    }
}

impl PhaseContext<'_> {
    /// A variable, as a program that is started here will see it.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let ours = self.secrets.get(name).map(str::to_owned);
        ours.or_else(|| env::get(name))
    }

    /// A file of the capsule, by its name in [`layout`] or [`crate::domain::evidence`].
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.capsule.join(name)
    }

    /// The directory that the agent alone writes to.
    pub(super) fn agent_dir(&self) -> PathBuf {
        self.capsule.join(layout::OUT).join("agent")
    }

    /// The name that the image has on this host.
    pub(super) fn image(&self) -> &str {
        self.swe.image.tags.first().map_or("", String::as_str)
    }

    /// Takes away what an earlier try left.
    pub(crate) fn clear(&self, names: &[&str]) -> Result<(), Fault> {
        let out = self.file(layout::OUT);
        if !out.symlink_metadata().is_ok_and(|kind| kind.is_dir()) {
            return Err(disk(&out, "it is no directory any more"));
        }
        for path in names.iter().map(|name| self.file(name)) {
            files::remove_any(&path).map_err(|error| disk(&path, error))?;
        }
        Ok(())
    }

    /// Writes a file of the capsule: whole, or not at all. The seal of the capsule makes it durable.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        let path = self.file(name);
        files::replace_foreign(&path, bytes, OWNER_ONLY, Durability::Whole)
            .map_err(|error| disk(&path, error))
    }
}

/// Says a line in the step's log: that it lives, and what it does.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // A log that cannot be written is the supervisor's to notice.
    let _ = writeln!(out, "fleet: {}", secrets::hidden(line));
    let _ = out.flush();
}
