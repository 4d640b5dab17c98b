//! Processes. What starts here is known by its program and arguments, never by a shell line.

use std::ffi::OsStr;

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

/// This very program, as a file that stays good if the installed one is replaced meanwhile.
pub fn myself() -> std::io::Result<std::path::PathBuf> {
    std::env::current_exe()
}
