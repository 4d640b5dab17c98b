//! The file that is written: where it lies, whether it may be, and that nothing else is lost.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::assign::Task;
use crate::cli::printer::Printer;
use crate::cli::results::replace;
use crate::cli::{CommandError, Kind, assignment};
use crate::config::Config;
use crate::domain::{JobId, SetName};
use crate::report::words;
use crate::schedule::Fleet;
use crate::validate;

/// Where the file lies.
pub(super) struct Place {
    pub(super) set: SetName,
    pub(super) file: PathBuf,
    /// Its directory, absolute and without links, whether it is there yet or not.
    pub(super) base: PathBuf,
}

/// What became of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Written {
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

impl Place {
    /// From the set's name, the file's, or both, which must agree.
    pub(super) fn of(set: Option<&SetName>, out: Option<&Path>) -> Result<Place, CommandError> {
        let file = match (set, out) {
            (_, Some(out)) => out.to_owned(),
            (Some(set), None) => Path::new("assignments").join(format!("{set}.json")),
            (None, None) => {
                return Err(CommandError::new(
                    Kind::Input,
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
            return Err(CommandError::new(Kind::Input, message).hint("leave out `--set`, or rename the file"));
        }
        let dir = file.parent().unwrap_or(Path::new(""));
        let base = whole(dir).map_err(|error| {
            CommandError::new(Kind::Input, format!("cannot find {}", dir.display())).caused_by(&error)
        })?;
        Ok(Place {
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
pub(super) fn fits(fleet: &Fleet, set: &SetName, tasks: &[Task]) -> Result<(), CommandError> {
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
    Err(CommandError::new(Kind::Refused, message)
        .causes(named)
        .hint("give the new set another name with `--set`, or run these again with `fleet retry`"))
}

/// Reads the text as `fleet dispatch` would.
pub(super) fn check(text: &str, place: &Place, config: &Config) -> Result<(), CommandError> {
    let draft = validate::assignment(text, &place.file.display().to_string(), &place.set, config);
    // One fault of a model or of a host is there once for each of its jobs.
    let mut told = BTreeSet::new();
    let mut error = CommandError::new(
        Kind::Input,
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
pub(super) fn write(
    text: &str,
    place: &Place,
    force: bool,
    dry: bool,
    printer: &Printer,
) -> Result<Written, CommandError> {
    let name = place.file.display();
    let stands = match std::fs::read(&place.file) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            return Err(CommandError::new(Kind::Input, format!("cannot read {name}")).caused_by(&error));
        }
    };
    let written = match stands {
        Some(bytes) if bytes == text.as_bytes() => {
            printer.say(&format!("nothing changed: {name} says just this"));
            return Ok(Written::Unchanged);
        }
        Some(_) if !force => {
            return Err(
                CommandError::new(Kind::Refused, format!("{name} is there and says something else"))
                    .hint("`--force` replaces it; `--set` or `--out` names another"),
            );
        }
        Some(_) => Written::Replaced,
        None => Written::New,
    };
    if dry {
        printer.say(&format!("{name} would be written; nothing was"));
        return Ok(Written::DryRun);
    }
    replace(&place.file, text).map_err(|error| {
        CommandError::new(Kind::Environment, format!("cannot write {name}")).caused_by(&error)
    })?;
    printer.say(&format!("wrote {name}; `fleet dispatch {name}` runs it"));
    Ok(written)
}
