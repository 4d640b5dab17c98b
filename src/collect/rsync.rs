//! rsync: which files of which capsules, in one process for all of them; and what its exit codes mean.
//!
//! Invariant: file names reach rsync through its stdin, each ended by a zero byte. None is ever an
//! argument or seen by a shell, here or on the host.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::capsule::Capsule;
use super::error::CollectError;
use super::{Origin, Wanted};
use crate::domain::program_exit::ProgramExit;
use crate::domain::{Span, layout};
use crate::doors::spawn;
use crate::report::text::clip;
use crate::text::sanitize_line;

/// What all runs of rsync for one host have in common.
pub(super) struct Fetch<'a> {
    pub origin: &'a Origin,
    pub into: &'a Path,
    pub silence: Span,
}

/// Files that may be missing are no error; the capsule that lacks them is.
const ABSENT: &str = "--ignore-missing-args";
/// Equal size and time prove nothing.
const AFRESH: &str = "--ignore-times";
/// Below directories that are named.
const DEEP: &str = "--recursive";

impl Fetch<'_> {
    /// Spec, journal and manifest of each attempt. They are small, so they are always fetched anew.
    pub(super) async fn heads(&self, wanted: &[Wanted]) -> Option<CollectError> {
        let mut list = Vec::new();
        for want in wanted {
            for head in [layout::SPEC, layout::JOURNAL] {
                name(&mut list, want, head);
            }
            if want.seal.is_some() {
                name(&mut list, want, layout::MANIFEST);
            }
        }
        self.run(&list, &[ABSENT, AFRESH]).await
    }

    /// The files that the manifests name; `afresh` whatever is here already.
    pub(super) async fn bodies(&self, capsules: &[Arc<Capsule>], afresh: bool) -> Option<CollectError> {
        let mut list = Vec::new();
        for capsule in capsules {
            for file in capsule.manifest.iter().flat_map(|manifest| &manifest.files) {
                name(&mut list, &capsule.want, &file.path);
            }
        }
        self.run(&list, if afresh { &[AFRESH] } else { &[] }).await
    }

    /// The logs that there are of attempts without a manifest.
    pub(super) async fn logs(&self, capsules: &[Arc<Capsule>]) -> Option<CollectError> {
        let mut list = Vec::new();
        for capsule in capsules.iter().filter(|capsule| capsule.manifest.is_none()) {
            name(&mut list, &capsule.want, layout::LOGS);
        }
        self.run(&list, &[ABSENT, DEEP]).await
    }

    /// None is success.
    async fn run(&self, list: &[u8], more: &[&str]) -> Option<CollectError> {
        if list.is_empty() {
            return None;
        }
        let mut rsync = spawn::future("rsync");
        rsync
            .args([
                "--files-from=-",
                "--from0",
                "--no-implied-dirs",
                "--times",
                "--no-links",
            ])
            .args(["--no-devices", "--no-specials", "--partial", "--protect-args"])
            // What we bring we must be able to read, replace and remove.
            .arg("--chmod=Du=rwx,Fu+rw,go-w")
            .arg(format!("--timeout={}", (self.silence.0 / 1000).max(1)))
            .args(more);
        if let Some(rsh) = &self.origin.rsh {
            rsync.args(["-e", rsh]);
        }
        let mut into = OsString::from(self.into);
        into.push("/");
        rsync.arg("--").arg(format!("{}/", self.origin.base)).arg(into);
        // Its messages are read below.
        rsync.env("LC_ALL", "C").env_remove("RSYNC_PARTIAL_DIR");
        rsync
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        rsync.kill_on_drop(true);
        match converse(rsync, list).await {
            Ok((code, said)) => judge(code, &said),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(CollectError::NoRsyncHere),
            Err(error) => Some(CollectError::io(Path::new("rsync"), &error)),
        }
    }
}

/// Feeds the list and hears the complaints at once, since either could block the other.
pub(super) async fn converse(mut rsync: tokio::process::Command, list: &[u8]) -> io::Result<(i32, String)> {
    let mut child = rsync.spawn()?;
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let feed = async {
        if let Some(mut stdin) = stdin {
            // rsync may end early; its exit code then tells more than our broken pipe.
            let _ = stdin.write_all(list).await;
        }
    };
    let hear = async {
        let mut said = Vec::new();
        let Some(mut stderr) = stderr else { return Ok(said) };
        let mut buffer = vec![0; 4096];
        loop {
            match stderr.read(&mut buffer).await? {
                0 => return io::Result::Ok(said),
                n if said.len() < 64 << 10 => said.extend_from_slice(&buffer[..n]),
                _ => {}
            }
        }
    };
    let ((), said, status) = tokio::join!(feed, hear, child.wait());
    let said = String::from_utf8_lossy(&said?).into_owned();
    Ok((status?.code().unwrap_or(-1), said))
}

// The exit codes of rsync alone, as its manual has them.
const SOCKET: i32 = 10;
const FILE_IO: i32 = 11;
/// The protocol's stream broke off.
const STREAM: i32 = 12;
const SIGNALLED: i32 = 20;
/// Files that are not there or cannot be read.
const PARTIAL: i32 = 23;
/// Files that vanished meanwhile.
const VANISHED: i32 = 24;
const TIMEOUT: i32 = 30;
const CONNECTING: i32 = 35;

/// What rsync's exit code means, and the words beside them where one code means several things.
pub(super) fn judge(code: i32, said: &str) -> Option<CollectError> {
    let line = complaint(said);
    let lower = said.to_lowercase();
    let absent = |line: &str| {
        line.contains("rsync") && (line.contains("not found") || line.contains("no such file or directory"))
    };
    let full = || lower.contains("no space left") || lower.contains("quota exceeded");
    Some(match ProgramExit::of(code) {
        ProgramExit::Done => return None,
        ProgramExit::Other(FILE_IO) if full() => CollectError::DiskFull,
        ProgramExit::NotFound => CollectError::NoRsyncThere(line),
        ProgramExit::Other(STREAM) if lower.lines().any(absent) => CollectError::NoRsyncThere(line),
        ProgramExit::NoConnection => CollectError::Unreachable(line),
        // rsync reports the broken pipe if it sees that before it sees the end of ssh, which spoke first.
        ProgramExit::Other(STREAM) if !line.starts_with("rsync") => CollectError::Unreachable(line),
        ProgramExit::Other(SOCKET | STREAM | SIGNALLED | TIMEOUT | CONNECTING) => CollectError::Broken(line),
        ProgramExit::Other(PARTIAL | VANISHED) => CollectError::Partial(line),
        _ => CollectError::Rsync { code, said: line },
    })
}

/// The first line of the complaints that says something.
fn complaint(said: &str) -> String {
    let line = said
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with("Warning:"))
        .unwrap_or("it did not say why");
    clip(&sanitize_line(line), 300).into_owned()
}

fn name(list: &mut Vec<u8>, want: &Wanted, file: &str) {
    list.extend_from_slice(layout::capsule_below_root(want.attempt).as_bytes());
    list.push(b'/');
    list.extend_from_slice(file.as_bytes());
    list.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_codes_of_rsync_become_causes() {
        assert_eq!(judge(0, "ssh: a warning"), None);
        assert_eq!(
            judge(11, "rsync: write failed on \"x\": No space left on device (28)"),
            Some(CollectError::DiskFull)
        );
        assert_eq!(
            judge(
                127,
                "bash: line 1: rsync: command not found\nrsync: connection unexpectedly closed"
            ),
            Some(CollectError::NoRsyncThere(
                "bash: line 1: rsync: command not found".to_owned()
            ))
        );
        assert_eq!(
            judge(
                255,
                "Warning: Permanently added 'x'\nPermission denied (publickey).\u{1b}[2J\n"
            ),
            Some(CollectError::Unreachable(
                r"Permission denied (publickey).\u{1b}[2J".to_owned()
            ))
        );
        assert_eq!(
            judge(
                12,
                "ssh: connect to host x port 22: Connection refused\nrsync: connection unexpectedly closed"
            ),
            Some(CollectError::Unreachable(
                "ssh: connect to host x port 22: Connection refused".to_owned()
            ))
        );
        assert_eq!(
            judge(30, "[receiver] io timeout after 60 seconds -- exiting"),
            Some(CollectError::Broken(
                "[receiver] io timeout after 60 seconds -- exiting".to_owned()
            ))
        );
        assert_eq!(
            judge(2, ""),
            Some(CollectError::Rsync {
                code: 2,
                said: "it did not say why".to_owned()
            })
        );
    }
}
