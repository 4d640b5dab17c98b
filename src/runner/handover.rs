//! Handing secrets over to a process of ours: through a pipe that is full before the process is there, and empty once it
//! has read it. They are in no environment, which other processes of the user could read, and in no file.
//!
//! Invariant: a program gets what it needs and no more. The signed address is for the phase that loads the image, and
//! every other value for the programs of the user: a step's own, or the agent of a trajectory.

use std::io::{self, PipeReader, Read, Write as _};
use std::os::fd::AsFd as _;

use nix::fcntl::{FcntlArg, fcntl};

use super::error::{Doing as _, RunnerError};
use crate::domain::Secrets;
use crate::domain::swe::{IMAGE_URL, Task};
use crate::doors::spawn;

/// A pipe with these secrets in it, to be read by a process that is about to be born.
pub(super) fn pipe(secrets: &Secrets) -> io::Result<PipeReader> {
    let text = serde_json::to_vec(secrets)?;
    let (reader, mut writer) = io::pipe()?;
    let room = fcntl(writer.as_fd(), FcntlArg::F_GETPIPE_SZ)?;
    let needed = i32::try_from(text.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    if room < needed {
        // No process reads yet: what does not fit would keep us waiting for ever.
        fcntl(writer.as_fd(), FcntlArg::F_SETPIPE_SZ(needed))?;
    }
    writer.write_all(&text)?;
    Ok(reader)
}

/// What a pipe of this kind holds; nothing at all is none.
pub(super) fn read(mut pipe: impl Read) -> Result<Secrets, RunnerError> {
    let mut text = Vec::new();
    pipe.read_to_end(&mut text).doing(|| "read the secrets")?;
    if text.is_empty() {
        return Ok(Secrets::none());
    }
    let secrets = serde_json::from_slice(&text)
        .map_err(|error| io::Error::other(format!("{:?} error", error.classify())));
    secrets.doing(|| "understand the secrets")
}

/// What a supervisor was born with, beside its stdin. To be called before it opens any file of its own.
pub(super) fn inherited() -> Result<Secrets, RunnerError> {
    let number = spawn::EXTRA;
    let path = format!("/proc/self/fd/{number}");
    let file = std::fs::File::open(&path).doing(|| format!("open {path}"))?;
    // No step inherits it.
    nix::unistd::close(number).doing(|| format!("close {path}"))?;
    read(file)
}

/// What a step is handed through its stdin; a program of the user's has its secrets in its environment instead.
pub(super) fn own(secrets: &Secrets, task: Task) -> Secrets {
    match task {
        Task::Image => secrets.only(|name| name == IMAGE_URL),
        Task::Trajectory => environment(secrets),
        Task::Evaluation | Task::Report => Secrets::none(),
    }
}

/// What a program of the user's gets.
pub(super) fn environment(secrets: &Secrets) -> Secrets {
    secrets.only(|name| name != IMAGE_URL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(pairs: &[(&str, &str)]) -> Secrets {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn what_is_handed_over_arrives_however_much_it_is() {
        for value in ["", "é\n\"", &"x".repeat(200_000)] {
            let given = secrets(&[("KEY", value), ("OTHER", "y")]);
            assert_eq!(read(pipe(&given).unwrap()).unwrap(), given);
        }
        assert_eq!(read(pipe(&Secrets::none()).unwrap()).unwrap(), Secrets::none());
        assert_eq!(read(&b""[..]).unwrap(), Secrets::none());
    }

    #[test]
    fn a_fault_of_the_handover_does_not_quote() {
        let error = read(&br#"{"KEY":"hunter22"#[..]).unwrap_err().to_string();
        assert!(!error.contains("hunter22"), "{error}");
    }

    #[test]
    fn each_task_gets_what_it_needs_and_no_more() {
        let all = secrets(&[(IMAGE_URL, "https://…"), ("KEY", "hunter22")]);
        let names = |task| format!("{:?}", own(&all, task));
        assert_eq!(names(Task::Image), format!("{{{IMAGE_URL:?}}}"));
        assert_eq!(names(Task::Trajectory), "{\"KEY\"}");
        assert_eq!(names(Task::Evaluation), "{}");
        assert_eq!(names(Task::Report), "{}");
    }
}
