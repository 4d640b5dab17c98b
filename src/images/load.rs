//! `docker load`, fed with pieces: each layer is verified while it goes by.
//!
//! Invariant: if a piece is short or not what it should be, the client is killed before it has seen the manifest or
//! the end of the tar. The engine unpacks the whole tar before it takes in anything: so it takes in nothing.

use std::io;
use std::process::Stdio;
use std::sync::Arc;

use futures::{Stream, StreamExt as _};
use nix::fcntl::{FcntlArg, fcntl};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin};
use tokio::task::JoinHandle;

use super::archive::Of;
use super::compose::{Batch, Piece, moved};
use super::error::ImageError;
use super::ranges::Remote;
use super::{Say, engine};
use crate::docker::{DockerError, MOST, Said};
use crate::domain::Sha256;
use crate::domain::digest::Hasher;
use crate::doors::spawn;

const ARGS: [&str; 1] = ["load"];

/// Bytes between us and the client: many times what it reads at once, so that neither wakes up for crumbs.
const PIPE: i32 = 1 << 20;

/// How the bytes come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Ranges under way at once.
    pub(super) parts: usize,
    /// Bytes of each.
    pub(super) part_size: u64,
}

/// Feeds the engine with these batches; its answer to the last.
///
/// The engine takes in a batch while the next one is fed to another client, which gets no manifest before that is done.
pub(super) async fn pour(
    remote: &Remote,
    batches: &[Batch],
    pace: Pace,
    say: Say<'_>,
) -> Result<String, ImageError> {
    let mut feed = Feed {
        place: remote.place(),
        parts: Box::new(remote.stream(ranges(batches, pace.part_size), pace.parts)),
        tally: Tally::new(batches.iter().map(moved).sum()),
    };
    let mut answer: Option<JoinHandle<Result<String, DockerError>>> = None;
    for batch in batches {
        let mut load = Load::start()?;
        let mut given = feed.pieces(&mut load, &batch.body, say).await;
        // Waited for even if all is lost: what it leaves can be removed only then.
        let earlier = outcome(answer.take()).await;
        if given.is_ok() && earlier.is_ok() {
            given = feed.pieces(&mut load, &batch.tail, say).await;
        }
        match (earlier, given) {
            (Ok(_), Ok(())) => answer = Some(tokio::spawn(load.finish())),
            (Err(error), _) | (Ok(_), Err(Stop::Ours(error))) => {
                load.kill().await;
                return Err(error);
            }
            // It has ended by itself: its last words say why.
            (Ok(_), Err(Stop::Deaf(error))) => {
                return Err(match load.finish().await {
                    Err(error) => error.into(),
                    Ok(_) => DockerError::Io("load".to_owned(), error).into(),
                });
            }
        }
    }
    outcome(answer).await
}

/// How a client ended that has got all of its tar.
async fn outcome(answer: Option<JoinHandle<Result<String, DockerError>>>) -> Result<String, ImageError> {
    match answer {
        None => Ok(String::new()),
        Some(answer) => Ok(answer
            .await
            .map_err(|error| ImageError::Stopped(error.to_string()))??),
    }
}

enum Stop {
    Ours(ImageError),
    Deaf(io::Error),
}

/// The bytes of the object on their way into clients.
struct Feed<'a> {
    place: &'a str,
    parts: Box<dyn Stream<Item = Result<Vec<u8>, ImageError>> + Send + Unpin>,
    tally: Tally,
}

impl Feed<'_> {
    async fn pieces(&mut self, load: &mut Load, pieces: &[Piece], say: Say<'_>) -> Result<(), Stop> {
        for piece in pieces {
            match piece {
                Piece::Bytes(bytes) => load.write(bytes).await.map_err(Stop::Deaf)?,
                Piece::Range {
                    len, digest, what, ..
                } => {
                    let check = self.range(load, *len, Check::new(*digest), say).await?;
                    check.verdict().map_err(|why| {
                        Stop::Ours(ImageError::Corrupt {
                            place: self.place.to_owned(),
                            why: format!("`{what}` {why}"),
                        })
                    })?;
                }
            }
        }
        Ok(())
    }

    async fn range(
        &mut self,
        load: &mut Load,
        len: u64,
        mut check: Check,
        say: Say<'_>,
    ) -> Result<Check, Stop> {
        let mut left = len;
        while left > 0 {
            let part = self.parts.next().await;
            let part = part.unwrap_or_else(|| Err(ImageError::Stopped("the ranges".to_owned())));
            let part = Arc::new(part.map_err(Stop::Ours)?);
            left = left.saturating_sub(part.len() as u64);
            self.tally.add(part.len() as u64, say);
            // The digest is another thread's work while the engine swallows.
            let hashing = engine::aside({
                let part = Arc::clone(&part);
                move || check.update(&part)
            });
            let (hashed, written) = tokio::join!(hashing, load.write(&part));
            check = hashed.map_err(Stop::Ours)?;
            written.map_err(Stop::Deaf)?;
        }
        Ok(check)
    }
}

/// All ranges of the batches, none longer than a part.
fn ranges(batches: &[Batch], part_size: u64) -> Vec<(u64, u64)> {
    let part_size = part_size.max(1);
    let mut ranges = Vec::new();
    for piece in batches.iter().flat_map(|batch| &batch.body) {
        let Piece::Range { from, len, .. } = piece else {
            continue;
        };
        let mut done = 0;
        while done < *len {
            let part = part_size.min(len - done);
            ranges.push((from + done, part));
            done += part;
        }
    }
    ranges
}

/// What a range's bytes must hash to.
struct Check {
    wanted: Option<(Sha256, Of)>,
    hasher: Hasher,
    begun: bool,
}

impl Check {
    fn new(wanted: Option<(Sha256, Of)>) -> Check {
        Check {
            wanted,
            hasher: Hasher::default(),
            begun: false,
        }
    }

    fn update(mut self, bytes: &[u8]) -> Check {
        let packed = bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
        if !self.begun && packed && self.wanted.is_some_and(|(_, of)| of == Of::Plain) {
            // The digest is that of the layer unpacked. The engine checks that one.
            self.wanted = None;
        }
        self.begun = true;
        if self.wanted.is_some() {
            self.hasher.update(bytes);
        }
        self
    }

    fn verdict(self) -> Result<(), String> {
        match (self.wanted, self.hasher.finish()) {
            (Some((wanted, _)), is) if wanted != is => {
                Err(format!("has the digest {is}, and should have {wanted}"))
            }
            _ => Ok(()),
        }
    }
}

/// Tells how far it is, at every tenth.
struct Tally {
    whole: u64,
    done: u64,
    tenth: u64,
}

impl Tally {
    fn new(whole: u64) -> Tally {
        Tally {
            whole: whole.max(1),
            done: 0,
            tenth: 0,
        }
    }

    fn add(&mut self, bytes: u64, say: Say<'_>) {
        self.done += bytes;
        let tenth = self.done.saturating_mul(10) / self.whole;
        if tenth > self.tenth {
            self.tenth = tenth;
            say(&format!("{} of {} MB fetched", self.done >> 20, self.whole >> 20));
        }
    }
}

/// The running client.
struct Load {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
}

impl Load {
    fn start() -> Result<Load, DockerError> {
        let mut child = spawn::future("docker")
            .args(ARGS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => DockerError::NoClient,
                _ => DockerError::Io("load".to_owned(), error),
            })?;
        let stdin = child.stdin.take();
        if let Some(pipe) = &stdin {
            // A larger pipe is only faster; where it is refused, the usual one does.
            let _ = fcntl(pipe, FcntlArg::F_SETPIPE_SZ(PIPE));
        }
        Ok(Load {
            stdin,
            stdout: tokio::spawn(beginning(child.stdout.take())),
            stderr: tokio::spawn(beginning(child.stderr.take())),
            child,
        })
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stdin {
            Some(stdin) => stdin.write_all(bytes).await,
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    async fn finish(mut self) -> Result<String, DockerError> {
        // The end of the tar: the engine goes to work only now.
        drop(self.stdin.take());
        let status = self
            .child
            .wait()
            .await
            .map_err(|error| DockerError::Io("load".to_owned(), error))?;
        let text =
            |bytes: Result<Vec<u8>, _>| String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
        let said = Said {
            status: status.code(),
            stdout: text(self.stdout.await),
            stderr: text(self.stderr.await),
        };
        if said.status == Some(0) {
            Ok(said.stdout)
        } else {
            Err(DockerError::of(&ARGS, &said))
        }
    }

    /// Killed first, and its input closed then: it must not take our silence for the end.
    async fn kill(mut self) {
        // It may be gone already.
        let _ = self.child.kill().await;
        drop(self.stdin.take());
    }
}

async fn beginning(stream: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut stream) = stream else { return kept };
    let mut buffer = [0; 8192];
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        kept.extend(&buffer[..n.min(MOST - kept.len())]);
    }
    kept
}
