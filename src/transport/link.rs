//! One open channel to one runner: requests in, messages out, and a sense of whether the runner is alive.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::sync::{Notify, mpsc};

use super::framing;
use super::inputs::Inputs;
use super::life::{Life, Observed};
use super::{LinkError, RsyncOrigin};
use crate::domain::wire::{Ask, Hello, Request, Say};
use crate::domain::{Span, credible};
use crate::doors::secrets;

type Reader = Box<dyn AsyncBufRead + Send + Unpin>;
type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// What must live as long as the link: the ssh session, or the child. Dropping it closes the channel.
pub trait LinkGuard: Send {}
impl LinkGuard for tokio::process::Child {}

/// Both ends of the channel, before the first message.
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
    life: Life,
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
        let life = Life::new();
        let reader = Observed::new(self.reader, &life);
        let mut reader: Reader = Box::new(BufReader::with_capacity(64 << 10, reader));
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
        // From now on complaints are thrown away, since a full pipe must not stop the runner.
        tokio::spawn(async move { tokio::io::copy(&mut complaints, &mut tokio::io::sink()).await });
        Ok(Link {
            hello,
            origin: self.origin,
            reader,
            writer: Box::new(Observed::new(self.writer, &life)),
            guard: self.guard,
            silence: self.silence,
            life,
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
            life,
            ..
        } = self;
        let (inputs, moved) = (Mutex::new(Inputs::default()), Notify::new());
        let inputs = || inputs.lock().unwrap_or_else(PoisonError::into_inner);
        let listen = async {
            let mut buffer = Vec::new();
            loop {
                // While we were busy with the last message, we could not hear the runner.
                life.sign();
                let message = tokio::select! {
                    biased;
                    message = framing::message(&mut reader, &mut buffer) => message,
                    () = life.ends_after(silence.duration()) => return Err(LinkError::Silent(silence)),
                };
                let says = match message {
                    Err(what) => return Err(LinkError::Lost(format!(" ({what})"))),
                    Ok(None) => return Err(LinkError::Lost(String::new())),
                    Ok(Some(say)) => match (credible::doubtful(&say), say) {
                        (Some(what), _) => {
                            return Err(LinkError::Lost(format!(" (it cannot be believed: {what})")));
                        }
                        (None, Say::Answer { to, mut with }) => {
                            // The caller may quote the answer.
                            secrets::hide(&mut with);
                            inputs().heard(to, with)
                        }
                        (None, say @ Say::Journal { .. }) => vec![say],
                    },
                };
                moved.notify_one();
                for say in says {
                    if said.send(say).await.is_err() {
                        return Ok(());
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
                let next = inputs().next();
                let request = if let Some(next) = next {
                    next
                } else {
                    let asked = tokio::select! {
                        request = requests.recv() => match request {
                            Some(request) => inputs().take(request),
                            None => return Ok(()),
                        },
                        () = moved.notified() => None,
                        _ = pings.tick() => Some(Request { id: 0, ask: Ask::Ping }),
                    };
                    let Some(asked) = asked else { continue };
                    asked
                };
                line.clear();
                put(&mut line, &request)?;
                // Whatever else is waiting goes in the same write.
                while line.len() < 64 << 10
                    && let Ok(next) = requests.try_recv()
                {
                    if let Some(next) = inputs().take(next) {
                        put(&mut line, &next)?;
                    }
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

fn put(line: &mut Vec<u8>, request: &Request) -> Result<(), LinkError> {
    serde_json::to_writer(&mut *line, request).map_err(|error| LinkError::Here(error.to_string()))?;
    line.push(b'\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt as _, DuplexStream};

    use super::*;
    use crate::domain::wire::{Answer, MAGIC, PROTOCOL};

    struct Nothing;
    impl LinkGuard for Nothing {}

    /// A link whose channel holds so many bytes, and its other end.
    async fn open(room: usize, silence: Span) -> (Link, DuplexStream) {
        let (ours, mut theirs) = tokio::io::duplex(room);
        let (reader, writer) = tokio::io::split(ours);
        let channel = Channel {
            reader: Box::new(reader),
            writer: Box::new(writer),
            complaints: Box::new(tokio::io::empty()),
            guard: Box::new(Nothing),
            origin: RsyncOrigin {
                rsh: None,
                base: String::new(),
            },
            silence,
        };
        let hello =
            format!("{MAGIC}{{\"protocol\":{PROTOCOL},\"version\":\"0\",\"boot\":\"b\",\"now\":1}}\n");
        let (link, written) = tokio::join!(
            channel.greet(Span::seconds(60)),
            theirs.write_all(hello.as_bytes())
        );
        written.unwrap();
        (link.unwrap(), theirs)
    }

    /// A request of half a megabyte.
    fn long() -> Request {
        let source = "x".repeat(500_000);
        Request {
            id: 7,
            ask: Ask::Discard {
                source,
                runtimes: Vec::new(),
            },
        }
    }

    const DONE: &[u8] = b"{\"answer\":{\"to\":7,\"with\":\"done\"}}\n";

    #[tokio::test]
    async fn a_long_line_that_is_on_its_way_is_life_in_both_directions() {
        let silence = Span(1500);
        let (link, theirs) = open(4096, silence).await;
        let (requests, taken) = mpsc::channel(1);
        let (said, mut says) = mpsc::channel(1);
        let host = async {
            let mut theirs = BufReader::with_capacity(4096, theirs);
            let mut read = 0;
            // It reads slowly, and says nothing all the while.
            loop {
                let buffer = theirs.fill_buf().await.unwrap();
                let (len, last) = (buffer.len(), buffer.last() == Some(&b'\n'));
                theirs.consume(len);
                read += len;
                if last && read > 500_000 {
                    break;
                }
                tokio::time::sleep(silence.duration() / 60).await;
            }
            // Its answer is slow, too.
            for byte in DONE.chunks(1) {
                theirs.write_all(byte).await.unwrap();
                tokio::time::sleep(silence.duration() / 15).await;
            }
            theirs
        };
        requests.send(long()).await.unwrap();
        let heard = async {
            let (say, _theirs) = tokio::join!(says.recv(), host);
            say
        };
        tokio::select! {
            end = link.run(taken, said) => panic!("{end:?}"),
            say = heard => assert_eq!(say, Some(Say::Answer { to: 7, with: Answer::Done })),
        }
    }

    #[tokio::test]
    async fn pings_that_nobody_takes_are_no_life() {
        let (link, theirs) = open(1 << 20, Span(300)).await;
        let (_requests, taken) = mpsc::channel(1);
        let (said, _says) = mpsc::channel(1);
        let end = link.run(taken, said).await;
        assert!(matches!(end, Err(LinkError::Silent(_))), "{end:?}");
        drop(theirs);
    }
}
