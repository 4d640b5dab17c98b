//! The other way: files of this machine go to a host, over the same connection. Whether they arrived as they were is
//! for the host to say: it knows their digest.

use std::io;
use std::path::Path;
use std::process::Stdio;

use super::Origin;
use super::error::CollectError;
use super::rsync::{converse, judge};
use crate::domain::Span;
use crate::doors::spawn;

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub struct Parcel<'a> {
    /// The directory here.
    pub from: &'a Path,
    /// The files in it.
    pub files: &'a [&'a str],
    /// The directory on the host, relative to the runner's root. It must be there.
    pub below: &'a str,
    /// A directory beside that one: what is equal there is linked and not sent.
    pub like: Option<&'a str>,
    /// A connection that is silent for so long is dead.
    pub silence: Span,
}

/// Sends files to a host.
pub async fn send(to: &Origin, parcel: &Parcel<'_>) -> Result<(), CollectError> {
    let mut list = Vec::new();
    for file in parcel.files {
        list.extend_from_slice(file.as_bytes());
        list.push(0);
    }
    let mut rsync = spawn::future("rsync");
    rsync
        .args(["--files-from=-", "--from0", "--links", "--checksum", "--compress"])
        .args(["--perms", "--chmod=Du=rwx,Dgo=rx,Fu+rw,Fgo-w", "--protect-args"])
        .arg(format!("--timeout={}", (parcel.silence.0 / 1000).max(1)));
    if let Some(like) = parcel.like {
        rsync.arg(format!("--link-dest=../{like}"));
    }
    if let Some(rsh) = &to.rsh {
        rsync.args(["-e", rsh]);
    }
    rsync
        .arg("--")
        .arg(parcel.from.join(""))
        .arg(format!("{}/{}/", to.base, parcel.below));
    // Its messages are read below.
    rsync.env("LC_ALL", "C").env_remove("RSYNC_PARTIAL_DIR");
    rsync
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    match converse(rsync, &list).await {
        Ok((code, said)) => judge(code, &said).map_or(Ok(()), Err),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(CollectError::NoRsyncHere),
        Err(error) => Err(CollectError::io(Path::new("rsync"), &error)),
    }
}
