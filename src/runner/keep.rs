//! What was paid for is kept: a phase that an earlier attempt on this host has finished is taken over, not
//! done again.
//!
//! Invariant: a phase counts as finished only once all that it left is durable, and its journal says so.
//! What is taken over is copied: the earlier capsule stays as its seal says.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::capsule::Capsule;
use super::context::StepEnd;
use super::error::{Doing as _, RunnerError};
use super::journal;
use crate::domain::conclusion::{self, Conclusion};
use crate::domain::evidence;
use crate::domain::fault::{Again, Class, FaultName};
use crate::domain::journal::{Ending, Entry};
use crate::domain::swe::Task;
use crate::domain::{AttemptId, Fault, PhaseName, Spec, layout};
use crate::doors::files::{self, Durability, OWNER_ONLY};

/// Copies the results of the attempt that the spec names; the phases that need not be done again, with the
/// attempt that has done them. Can be repeated.
pub(super) fn take_over(capsule: &Capsule, spec: &Spec) -> Result<BTreeMap<PhaseName, u32>, RunnerError> {
    let Some(n) = spec.keep else {
        return Ok(BTreeMap::new());
    };
    let job = capsule.attempt.job;
    let earlier = Capsule {
        attempt: AttemptId { job, n },
        path: capsule.path.with_file_name(n.to_string()),
    };
    let done = finished(&earlier)?;
    if done.is_empty() {
        return Ok(BTreeMap::new());
    }
    copy(&earlier.out(), &capsule.out())?;
    for phase in done.keys() {
        let name = format!("{}/{phase}.log", layout::LOGS);
        let (from, to) = (earlier.path.join(&name), capsule.path.join(&name));
        if from.is_file() {
            fs::copy(&from, &to).doing(|| format!("copy {}", from.display()))?;
        }
    }
    sync(&capsule.path)?;
    Ok(done)
}

/// The phases that an attempt has finished or taken over itself.
fn finished(earlier: &Capsule) -> Result<BTreeMap<PhaseName, u32>, RunnerError> {
    if !earlier.exists() {
        return Ok(BTreeMap::new());
    }
    // A line that is damaged says of no phase that it is finished.
    let lines = journal::readable(&earlier.journal())?;
    let done = lines.into_iter().filter_map(|line| match line.entry {
        Entry::PhaseEnded {
            phase, conclusion, ..
        } => conclusion?.keeps.then_some((phase, earlier.attempt.n)),
        Entry::PhaseKept { phase, from } => Some((phase, from)),
        Entry::Opened { .. } | Entry::PhaseStarted { .. } | Entry::Pressed { .. } | Entry::Ended { .. } => {
            None
        }
    });
    Ok(done.collect())
}

/// What a task said at its end. What it left is durable before the journal can say that it is done. Can be repeated
/// until it has been done once.
pub(super) fn conclude(
    capsule: &Capsule,
    task: Task,
    end: &StepEnd,
) -> Result<Option<Conclusion>, RunnerError> {
    let path = capsule.path.join(conclusion::FILE);
    let said: Option<Conclusion> = match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).ok(),
        // What is no file is no word of a phase.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::IsADirectory
            ) =>
        {
            None
        }
        Err(error) => return Err(error).doing(|| format!("read {}", path.display())),
    };
    let has_said = said.is_some();
    let mut said = said.unwrap_or_default();
    // From here on no agent works. If the instance came there earlier, an agent that is yet to run could read it.
    if task == Task::Trajectory || !end.finished {
        show_instance(capsule)?;
    }
    // What is paid for stays so, even if the host then cannot prove that nothing of it is left.
    said.keeps = end.finished && matches!(task, Task::Trajectory | Task::Evaluation);
    if said.keeps {
        sync(&capsule.path)?;
    }
    if !end.ending.is_success() && said.fault.is_none() {
        said.fault = unexplained(&end.ending);
    }
    // Last of all: if this is repeated after a failure, the file must still be there.
    if has_said {
        fs::remove_file(&path).doing(|| format!("remove {}", path.display()))?;
    }
    Ok(Some(said))
}

/// Puts the instance among the results, where it is kept back while an agent works; in the place of whatever that has
/// put there.
fn show_instance(capsule: &Capsule) -> Result<(), RunnerError> {
    let (from, to) = (
        capsule.path.join(layout::DATASET),
        capsule.path.join(evidence::INSTANCE),
    );
    if !capsule.out().symlink_metadata().is_ok_and(|kind| kind.is_dir()) {
        return Ok(());
    }
    let text = match fs::read(&from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        text => text.doing(|| format!("read {}", from.display()))?,
    };
    files::replace_foreign(&to, &text, OWNER_ONLY, Durability::Whole)
        .doing(|| format!("write {}", to.display()))
}

/// A task that ended without a word.
fn unexplained(ending: &Ending) -> Option<Fault> {
    Some(match ending {
        Ending::Signal(9) => Fault::new(
            FaultName::Killed,
            Again::Elsewhere,
            "the kernel killed it, most likely for want of memory",
        ),
        Ending::Signal(n) => Fault {
            class: Class::Unknown,
            ..Fault::new(FaultName::Killed, Again::Anywhere, format!("signal {n} ended it"))
        },
        Ending::Deadline => Fault::new(FaultName::Deadline, Again::Never, "its time was up"),
        Ending::Stall => Fault::new(
            FaultName::Stalled,
            Again::Elsewhere,
            "neither output nor CPU use for too long",
        ),
        Ending::Exit(code) => Fault::new(
            FaultName::NoWord,
            Again::Anywhere,
            format!("it ended with code {code} and said nothing"),
        ),
        Ending::NotStarted(why) => Fault::new(FaultName::NotStarted, Again::Elsewhere, why),
        Ending::Cancelled | Ending::HostFault(_) => return None,
    })
}

/// Copies a directory: plain files and directories. Links and devices do not count as results; nor does what only root may
/// read, which an agent's container may leave, and which stays in the earlier capsule.
fn copy(from: &Path, to: &Path) -> Result<(), RunnerError> {
    let doing = || format!("copy {} to {}", from.display(), to.display());
    let Some(entries) = allowed(from, fs::read_dir(from)).doing(doing)? else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry.doing(doing)?;
        let Some(kind) = allowed(&entry.path(), entry.file_type()).doing(doing)? else {
            continue;
        };
        let target = to.join(entry.file_name());
        if kind.is_dir() {
            match fs::create_dir(&target) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error).doing(doing),
                Ok(()) | Err(_) => copy(&entry.path(), &target)?,
            }
        } else if kind.is_file() {
            copy_file(&entry.path(), &target).doing(doing)?;
        }
    }
    Ok(())
}

/// A file that may be read. A copy that was broken off is no target: it may be read-only.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let Some(_) = allowed(from, File::open(from))? else {
        return Ok(());
    };
    match fs::remove_file(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    fs::copy(from, to).map(drop)
}

/// What came of a try to read; none, and a word in the supervisor's log, if it was not allowed.
fn allowed<T>(path: &Path, tried: io::Result<T>) -> io::Result<Option<T>> {
    match tried {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            tracing::warn!(path = %path.display(), %error, "passed over: it is not taken over");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn sync(dir: &Path) -> Result<(), RunnerError> {
    let doing = || format!("sync {}", dir.display());
    nix::unistd::syncfs(File::open(dir).doing(doing)?).doing(doing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_root_may_read_is_passed_over_and_any_other_error_is_one() {
        let of = |kind: io::ErrorKind| allowed(Path::new("left"), Err::<(), _>(kind.into()));
        assert_eq!(of(io::ErrorKind::PermissionDenied).unwrap(), None);
        assert!(of(io::ErrorKind::StorageFull).is_err());
        assert_eq!(allowed(Path::new("left"), Ok(7)).unwrap(), Some(7));
    }
}
