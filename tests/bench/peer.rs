//! GNU parallel, which a machine need not have.

use std::process::{Command, Stdio};

/// Installs it where it is missing.
pub(crate) fn parallel() -> Result<(), String> {
    if quiet(Command::new("parallel").arg("--version")).is_ok() {
        return Ok(());
    }
    quiet(Command::new("apt-get").args(["install", "-y", "-q", "parallel"]))
        .map_err(|error| format!("GNU parallel is missing, and apt-get cannot install it: {error}"))
}

/// Runs a command for its exit code.
pub(crate) fn quiet(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}
