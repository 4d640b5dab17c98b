//! Capsules: one directory for each attempt, the only memory of it on this host.
//!
//! Invariant: a capsule is there whole or not at all: it is built under a name that no process reads, and
//! renamed. It is not made durable yet. A power failure before its supervisor has synced the first journal
//! line takes a capsule in which nothing has run; what is left of it is removed (`close_dead`).

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::error::{Doing as _, RunnerError};
use super::journal;
use super::root::{Root, make_dir, sync_dir};
use crate::domain::journal::{Line, Outcome};
use crate::domain::{AttemptId, Spec, layout};
use crate::doors::files::{OWNER_ONLY, create_new};

/// An attempt's directory.
#[derive(Debug, Clone)]
pub(super) struct Capsule {
    /// Whose.
    pub(super) attempt: AttemptId,
    /// Where; absolute.
    pub(super) path: PathBuf,
}

impl Capsule {
    /// The capsule of an attempt, whether or not it exists.
    pub(super) fn of(root: &Root, attempt: AttemptId) -> Capsule {
        Capsule {
            attempt,
            path: layout::capsule(root.path(), attempt),
        }
    }

    /// The capsule of an attempt, which must exist.
    pub(super) fn existing(root: &Root, attempt: AttemptId) -> Result<Capsule, RunnerError> {
        let capsule = Capsule::of(root, attempt);
        if capsule.exists() {
            Ok(capsule)
        } else {
            Err(RunnerError::NoCapsule(attempt))
        }
    }

    /// Is it there?
    pub(super) fn exists(&self) -> bool {
        self.path.is_dir()
    }

    /// Every capsule below the root, in order.
    pub(super) fn all(root: &Root) -> Result<Vec<Capsule>, RunnerError> {
        let mut capsules = Vec::new();
        for job in names(&layout::jobs(root.path()))? {
            for n in names(&layout::jobs(root.path()).join(&job))? {
                // A half-made capsule has a dot in front, and so no number.
                if let Ok(attempt) = format!("{job}.{n}").parse() {
                    capsules.push(Capsule::of(root, attempt));
                }
            }
        }
        capsules.sort_by_key(|capsule| capsule.attempt);
        Ok(capsules)
    }

    /// Builds it with these inputs, each a name in [`layout`] and a text, and with its first line, which lacks
    /// its newline: it is not read before it is durable.
    pub(super) fn create(
        root: &Root,
        spec: &Spec,
        inputs: &[(&str, &str)],
        opened: &Line,
    ) -> Result<Capsule, RunnerError> {
        let capsule = Capsule::of(root, spec.id());
        let job = layout::jobs(root.path()).join(spec.job.id.as_str());
        let half = job.join(format!(".{}.new", spec.attempt));
        let made = build(&half, spec, inputs, opened).and_then(|()| {
            std::fs::rename(&half, &capsule.path).doing(|| format!("create {}", capsule.path.display()))
        });
        match made {
            Ok(()) => Ok(capsule),
            Err(error) => {
                // What is left of it is removed by the next try at the latest.
                let _ = std::fs::remove_dir_all(&half);
                capsule.remove();
                Err(error)
            }
        }
    }

    /// Takes it back: nothing has run in it.
    pub(super) fn remove(&self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(attempt.id = %self.attempt, %error, "cannot remove a capsule that never began");
        }
        if let Some(job) = self.path.parent() {
            // The job's directory goes with its only capsule; with others in it, it stays.
            if std::fs::remove_dir(job).is_err() {
                let _ = sync_dir(job);
            }
        }
    }

    /// What the attempt is to do.
    pub(super) fn spec(&self) -> Result<Spec, RunnerError> {
        let path = self.path.join(layout::SPEC);
        let text = std::fs::read(&path).doing(|| format!("read {}", path.display()))?;
        serde_json::from_slice(&text).map_err(|error| RunnerError::Damaged {
            path,
            why: error.to_string(),
        })
    }

    /// Its journal.
    pub(super) fn journal(&self) -> PathBuf {
        self.path.join(layout::JOURNAL)
    }

    /// How it ended, if the last line of its journal says so. What is damaged before that line changes nothing.
    pub(super) fn outcome(&self) -> Result<Option<Outcome>, RunnerError> {
        let path = self.journal();
        let text = std::fs::read(&path).doing(|| format!("read {}", path.display()))?;
        Ok(journal::end(journal::whole(&text)))
    }

    /// Where its results go.
    pub(super) fn out(&self) -> PathBuf {
        self.path.join(layout::OUT)
    }
}

fn build(half: &Path, spec: &Spec, inputs: &[(&str, &str)], opened: &Line) -> Result<(), RunnerError> {
    match std::fs::remove_dir_all(half) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).doing(|| format!("remove {}", half.display()));
        }
        Ok(()) | Err(_) => {}
    }
    for dir in [half.to_owned(), half.join(layout::OUT), half.join(layout::LOGS)] {
        make_dir(&dir)?;
    }
    let text = serde_json::to_vec(spec).map_err(io::Error::from);
    write(&half.join(layout::SPEC), &text.doing(|| "put the spec in words")?)?;
    if !inputs.is_empty() {
        make_dir(&half.join(layout::INPUTS))?;
    }
    for (name, text) in inputs {
        write(&half.join(name), text.as_bytes())?;
    }
    let line = journal::line(opened)?;
    write(&half.join(layout::JOURNAL), line.trim_ascii_end())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), RunnerError> {
    let write = || {
        let mut file = create_new(path, OWNER_ONLY)?;
        if path.file_name() == Some(OsStr::new(layout::JOURNAL)) {
            journal::reserve(&file, 0)?;
        }
        file.write_all(bytes)
    };
    write().doing(|| format!("write {}", path.display()))
}

fn names(dir: &Path) -> Result<Vec<String>, RunnerError> {
    let doing = || format!("list {}", dir.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir).doing(doing)? {
        let entry = entry.doing(doing)?;
        // What cannot be looked at may be a capsule: then nothing is known of the rest either.
        if entry.file_type().doing(doing)?.is_dir() {
            names.extend(entry.file_name().into_string());
        }
    }
    Ok(names)
}
