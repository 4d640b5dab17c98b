//! One open channel to one runner: requests in, messages out, and a sense of whether anybody is there.

use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::sync::mpsc;

use super::framing;
use super::{LinkError, RsyncOrigin};
use crate::domain::wire::{Ask, Hello, Request, Say};
use crate::domain::{Span, credible};
use crate::doors::secrets;

type Reader = Box<dyn AsyncBufRead + Send + Unpin>;
type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// What must live as long as the link: the ssh session, or the child. Dropping it closes the channel.
pub trait LinkGuard: Send {}
impl LinkGuard for tokio::process::Child {}

/// Both ends of the channel, before anybody has spoken.
pub(super) struct Channel {
    pub(super) reader: Box<dyn AsyncRead + Send + Unpin>,
    pub(super) writer: Writer,
    pub(super) complaints: Box<dyn AsyncRead + Send + Unpin>,
    pub(super) guard: Box<dyn LinkGuard>,
    pub(super) origin: RsyncOrigin,
    pub(super) silence: Span,
}

/// An open link.
pub struct Link {
    /// The runner's first words.
    pub hello: Hello,
    /// Where rsync finds its files, over the same connection.
    pub origin: RsyncOrigin,
    reader: Reader,
    writer: Writer,
    guard: Box<dyn LinkGuard>,
    silence: Span,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("hello", &self.hello)
            .finish_non_exhaustive()
    }
}

impl Channel {
    /// Waits for the runner's greeting.
    pub(super) async fn greet(self, patience: Span) -> Result<Link, LinkError> {
        let mut reader: Reader = Box::new(BufReader::with_capacity(64 << 10, self.reader));
        let mut complaints = self.complaints;
        let hello = match tokio::time::timeout(patience.duration(), framing::greeting(&mut reader)).await {
            Err(_) => return Err(LinkError::Silent(patience)),
            Ok(Ok(hello)) => hello,
            Ok(Err(instead)) => {
                let mut said = Vec::new();
                // What it complained of on the way out; it is gone, or about to be.
                let _ = tokio::time::timeout(
                    Duration::from_secs(1),
                    tokio::io::AsyncReadExt::read_to_end(&mut complaints, &mut said),
                )
                .await;
                let said = String::from_utf8_lossy(&said);
                let why = said
                    .lines()
                    .chain(instead.lines())
                    .rfind(|line| !line.trim().is_empty());
                let why = secrets::hidden(why.unwrap_or("it said nothing"));
                return Err(LinkError::Handshake(why.escape_debug().to_string()));
            }
        };
        // Nobody reads complaints from now on, but a full pipe must not stop the runner.
        tokio::spawn(async move { tokio::io::copy(&mut complaints, &mut tokio::io::sink()).await });
        Ok(Link {
            hello,
            origin: self.origin,
            reader,
            writer: self.writer,
            guard: self.guard,
            silence: self.silence,
        })
    }
}

impl Link {
    /// Carries requests and messages until one side is gone or has been silent for too long, and says
    /// which. Ends without error when `requests` is closed.
    pub async fn run(
        self,
        mut requests: mpsc::Receiver<Request>,
        said: mpsc::Sender<Say>,
    ) -> Result<(), LinkError> {
        let Link {
            mut reader,
            mut writer,
            guard,
            silence,
            ..
        } = self;
        let listen = async {
            let mut buffer = Vec::new();
            loop {
                match tokio::time::timeout(silence.duration(), framing::message(&mut reader, &mut buffer))
                    .await
                {
                    Err(_) => return Err(LinkError::Silent(silence)),
                    Ok(Err(what)) => return Err(LinkError::Lost(format!(" ({what})"))),
                    Ok(Ok(None)) => return Err(LinkError::Lost(String::new())),
                    Ok(Ok(Some(mut message))) => {
                        if let Some(what) = credible::doubtful(&message) {
                            return Err(LinkError::Lost(format!(" (it cannot be believed: {what})")));
                        }
                        // Whoever asked may quote the answer.
                        if let Say::Answer { with, .. } = &mut message {
                            secrets::hide(with);
                        }
                        if said.send(message).await.is_err() {
                            return Ok(());
                        }
                    }
                }
            }
        };
        let speak = async {
            let mut line = Vec::new();
            // A third of the patience, so that two lost pings do not yet mean a lost link.
            let mut pings = tokio::time::interval(silence.duration() / 3);
            pings.tick().await;
            loop {
                let request = tokio::select! {
                    request = requests.recv() => match request {
                        Some(request) => request,
                        None => return Ok(()),
                    },
                    _ = pings.tick() => Request { id: 0, ask: Ask::Ping },
                };
                line.clear();
                serde_json::to_writer(&mut line, &request)
                    .map_err(|error| LinkError::Here(error.to_string()))?;
                line.push(b'\n');
                // Whatever else is waiting goes in the same write.
                while line.len() < 64 << 10
                    && let Ok(next) = requests.try_recv()
                {
                    serde_json::to_writer(&mut line, &next)
                        .map_err(|error| LinkError::Here(error.to_string()))?;
                    line.push(b'\n');
                }
                writer
                    .write_all(&line)
                    .await
                    .map_err(|error| LinkError::Lost(format!(" ({error})")))?;
                writer
                    .flush()
                    .await
                    .map_err(|error| LinkError::Lost(format!(" ({error})")))?;
            }
        };
        let end = tokio::select! {
            end = listen => end,
            end = speak => end,
        };
        drop(guard);
        end
    }
}
