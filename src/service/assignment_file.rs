//! The assignment file that is written: where it lies, whether it may be, and that nothing else is lost.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::reports::replace_file;
use super::{NoteSink, Problem, ProblemKind, assignment};
use crate::assign::Task;
use crate::config::Config;
use crate::domain::{JobId, SetName};
use crate::report::words;
use crate::schedule::Fleet;
use crate::validate;

/// Where the file lies.
pub(super) struct FilePlace {
    /// The set that it is.
    pub(super) set: SetName,
    /// As it was named.
    pub(super) file: PathBuf,
    /// Its directory, absolute and without links, whether it is there yet or not.
    pub(super) base: PathBuf,
}

/// What became of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileWritten {
    /// There was nothing to write.
    Nothing,
    /// It says just this already.
    Unchanged,
    /// It was not there.
    New,
    /// It said something else.
    Replaced,
    /// It would have been written.
    DryRun,
}

impl FilePlace {
    /// From the set's name, the file's, or both, which must agree.
    pub(super) fn find(set: Option<&SetName>, out: Option<&Path>) -> Result<FilePlace, Problem> {
        let file = match (set, out) {
            (_, Some(out)) => out.to_owned(),
            (Some(set), None) => Path::new("assignments").join(format!("{set}.json")),
            (None, None) => {
                return Err(Problem::new(
                    ProblemKind::Input,
                    "neither `--set` nor `--out` is given",
                ));
            }
        };
        let named = assignment::set_name(&file)?;
        if let Some(set) = set.filter(|set| **set != named) {
            let message = format!(
                "the file's name names the set: {} is set `{named}`, not `{set}`",
                file.display()
            );
            return Err(
                Problem::new(ProblemKind::Input, message).hint("leave out `--set`, or rename the file")
            );
        }
        let dir = file.parent().unwrap_or(Path::new(""));
        let base = whole(dir).map_err(|error| {
            Problem::new(ProblemKind::Input, format!("cannot find {}", dir.display())).caused_by(&error)
        })?;
        Ok(FilePlace {
            set: named,
            file,
            base,
        })
    }
}

/// The directory's true path; of what is not there yet, as it will be.
fn whole(dir: &Path) -> std::io::Result<PathBuf> {
    let dir = std::path::absolute(if dir.as_os_str().is_empty() {
        Path::new(".")
    } else {
        dir
    })?;
    match dir.canonicalize() {
        Ok(whole) => Ok(whole),
        Err(error) => match (dir.parent(), dir.file_name()) {
            (Some(parent), Some(name)) => Ok(whole(parent)?.join(name)),
            _ => Err(error),
        },
    }
}

/// Would dispatching the file run all of it? Jobs that the set has already would stay as they are.
pub(super) fn check_set(fleet: &Fleet, set: &SetName, tasks: &[Task]) -> Result<(), Problem> {
    let known: Vec<JobId> = tasks
        .iter()
        .map(|task| JobId::derive(set, &task.subject.id, &task.model, task.run))
        .filter(|id| fleet.job(*id).is_some())
        .collect();
    if known.is_empty() {
        return Ok(());
    }
    let named = known.iter().take(5).filter_map(|id| {
        let entry = fleet.job(*id)?;
        let job = &entry.job;
        Some(format!(
            "{id}  {}/{}/{}/run{}: {}",
            job.set,
            job.instance,
            job.model,
            job.run,
            entry.word()
        ))
    });
    let message = format!(
        "set `{set}` has {} of the missing ones already, and dispatching them again would not run them",
        words::jobs(known.len())
    );
    Err(Problem::new(ProblemKind::Refused, message)
        .causes(named)
        .hint("give the new set another name with `--set`, or run these again with `fleet retry`"))
}

/// Reads the text as `fleet dispatch` would.
pub(super) fn check_text(text: &str, place: &FilePlace, config: &Config) -> Result<(), Problem> {
    let draft = validate::assignment(text, &place.file.display().to_string(), &place.set, config);
    // One fault of a model or of a host is there once for each of its jobs.
    let mut told = BTreeSet::new();
    let mut error = Problem::new(
        ProblemKind::Input,
        "such an assignment could not be dispatched; nothing was written",
    );
    for finding in draft.findings {
        if told.insert(finding.what.clone()) {
            error = error.causes([finding.what]);
            if let Some(hint) = finding.hint {
                error = error.hint(hint);
            }
        }
    }
    if told.is_empty() { Ok(()) } else { Err(error) }
}

/// Writes the text, unless the file says something else.
pub(super) fn write_text(
    text: &str,
    place: &FilePlace,
    force: bool,
    dry: bool,
    notes: &dyn NoteSink,
) -> Result<FileWritten, Problem> {
    let name = place.file.display();
    let stands = match std::fs::read(&place.file) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            return Err(Problem::new(ProblemKind::Input, format!("cannot read {name}")).caused_by(&error));
        }
    };
    let written = match stands {
        Some(bytes) if bytes == text.as_bytes() => {
            notes.note(&format!("nothing changed: {name} says just this"));
            return Ok(FileWritten::Unchanged);
        }
        Some(_) if !force => {
            return Err(Problem::new(
                ProblemKind::Refused,
                format!("{name} is there and says something else"),
            )
            .hint("`--force` replaces it; `--set` or `--out` names another"));
        }
        Some(_) => FileWritten::Replaced,
        None => FileWritten::New,
    };
    if dry {
        notes.note(&format!("{name} would be written; nothing was"));
        return Ok(FileWritten::DryRun);
    }
    replace_file(&place.file, text).map_err(|error| {
        Problem::new(ProblemKind::Environment, format!("cannot write {name}")).caused_by(&error)
    })?;
    notes.note(&format!("wrote {name}; `fleet dispatch {name}` runs it"));
    Ok(written)
}
