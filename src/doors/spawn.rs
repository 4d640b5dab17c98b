//! Processes. What starts here is known by its program and arguments, never by a shell line.

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal};

/// A program to run and wait for.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn command(program: impl AsRef<OsStr>) -> std::process::Command {
    std::process::Command::new(program)
}

/// A program to run without blocking the reactor.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn future(program: impl AsRef<OsStr>) -> tokio::process::Command {
    tokio::process::Command::new(program)
}

/// This very program, for its own children: good even if its file is replaced or removed while it runs.
pub const ITSELF: &str = "/proc/self/exe";

/// This very program, as a file that others can start or read as long as this process lives.
pub fn myself() -> std::io::Result<std::path::PathBuf> {
    let installed = std::env::current_exe()?;
    let running = PathBuf::from(format!("/proc/{}/exe", std::process::id()));
    // Of one that was replaced or removed, there is no such file: then what runs is still to be had here.
    Ok(if !installed.exists() && running.exists() {
        running
    } else {
        installed
    })
}

/// A child that its parent reaps by pid. The standard library can give a child neither a session nor
/// the signal mask that it needs without unsafe code.
#[derive(Debug)]
pub struct Child<'a> {
    /// The program; without a slash, it is looked up in the `PATH` of `env`.
    pub program: &'a Path,
    /// Its arguments, the zeroth included.
    pub argv: &'a [String],
    /// All of its environment.
    pub env: &'a BTreeMap<OsString, OsString>,
    /// Its stdin.
    pub stdin: BorrowedFd<'a>,
    /// Its stdout.
    pub stdout: BorrowedFd<'a>,
    /// Its stderr.
    pub stderr: BorrowedFd<'a>,
    /// What it finds open as [`EXTRA`].
    pub extra: Option<BorrowedFd<'a>>,
    /// A session of its own; otherwise a process group of its own.
    pub session: bool,
    /// Signals that it is born deaf to.
    pub blocked: SigSet,
}

/// The number of the one open file that a child can be given beside the usual three.
pub const EXTRA: i32 = 3;

/// `setsid` in the child: in every Linux libc, but not yet among the flags of `nix`.
const SETSID: i32 = 0x80;

impl Child<'_> {
    /// Starts it; its pid.
    pub fn start(&self) -> io::Result<i32> {
        let program = self.find()?;
        let argv: Vec<CString> = self
            .argv
            .iter()
            .map(|arg| CString::new(arg.as_str()))
            .collect::<Result<_, _>>()?;
        let env: Vec<CString> = self
            .env
            .iter()
            .map(|(name, value)| {
                let mut pair = name.clone().into_vec();
                pair.push(b'=');
                pair.extend(value.as_bytes());
                CString::new(pair)
            })
            .collect::<Result<_, _>>()?;
        let mut files = PosixSpawnFileActions::init()?;
        for (fd, number) in [(self.stdin, 0), (self.stdout, 1), (self.stderr, 2)] {
            files.add_dup2(fd.as_raw_fd(), number)?;
        }
        // Last, since any of the others may have this number here.
        if let Some(fd) = self.extra {
            files.add_dup2(fd.as_raw_fd(), EXTRA)?;
        }
        let mut attributes = PosixSpawnAttr::init()?;
        let group = if self.session {
            PosixSpawnFlags::from_bits_retain(SETSID)
        } else {
            PosixSpawnFlags::POSIX_SPAWN_SETPGROUP
        };
        attributes.set_flags(
            group | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK,
        )?;
        attributes.set_sigmask(&self.blocked)?;
        // Otherwise a child would go on ignoring every signal that this process or its parents ignore.
        attributes.set_sigdefault(
            &Signal::iterator()
                .filter(|signal| *signal != Signal::SIGKILL && *signal != Signal::SIGSTOP)
                .collect(),
        )?;
        Ok(posix_spawn(program.as_path(), &files, &attributes, &argv, &env)?.as_raw())
    }

    fn find(&self) -> io::Result<PathBuf> {
        if self.program.as_os_str().as_bytes().contains(&b'/') {
            return Ok(self.program.to_owned());
        }
        let path = self.env.get(OsStr::new("PATH")).cloned();
        let path = path.unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
        std::env::split_paths(&path)
            .map(|dir| dir.join(self.program))
            .find(|file| file.is_file() && nix::unistd::access(file, nix::unistd::AccessFlags::X_OK).is_ok())
            .ok_or_else(|| io::Error::from_raw_os_error(nix::libc::ENOENT))
    }
}
