//! A host that is this machine: the runner is a child, without ssh.

use std::path::Path;
use std::process::Stdio;

use super::link::Channel;
use super::{LinkError, RsyncOrigin};
use crate::domain::Span;
use crate::doors::{env, secrets, spawn};

/// Starts this program as the runner, or this very one.
pub(super) fn open(root: &str, program: Option<&Path>, silence: Span) -> Result<Channel, LinkError> {
    let here = |error: std::io::Error| LinkError::Here(format!("cannot start the runner: {error}"));
    let root = match root.strip_prefix("~/") {
        Some(below) => env::home()
            .ok_or_else(|| LinkError::Here("HOME is not set".to_owned()))?
            .join(below),
        None => root.into(),
    };
    let program = match program {
        Some(program) => program.to_owned(),
        None => spawn::myself().map_err(here)?,
    };
    let mut command = spawn::future(program);
    // What jobs are to have of secrets, they get over the link, here as anywhere.
    for name in secrets::names() {
        command.env_remove(name);
    }
    let mut child = command
        .args(["runner", "serve", "--root"])
        .arg(&root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Not in our process group: Ctrl-C at the terminal is for the coordinator.
        .process_group(0)
        .spawn()
        .map_err(here)?;
    let (Some(writer), Some(reader), Some(complaints)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(LinkError::Here("the runner has no pipes".to_owned()));
    };
    Ok(Channel {
        reader: Box::new(reader),
        writer: Box::new(writer),
        complaints: Box::new(complaints),
        guard: Box::new(child),
        origin: RsyncOrigin {
            rsh: None,
            base: root.display().to_string(),
        },
        silence,
    })
}
