//! Keeps the link to one host: opens it, carries its messages, opens it again when it is lost.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::domain::host::{HostConfig, Outlook};
use crate::domain::wire::{Answer, Hello, Request, Say};
use crate::domain::{HostName, Span};
use crate::doors::clock;
use crate::transport::{LinkError, Transport};

/// Requests that wait for the wire. More are kept back by the engine, which tells the host later.
const REQUESTS: usize = 1024;
/// What a link has read and the engine has not taken yet.
const SAYS: usize = 4;
/// So many bytes of one host's journals and files wait for the engine at most; then its link is read no further.
const ROOM: u32 = 8 << 20;
/// What any message takes of that.
const LEAST: usize = 1 << 10;
/// The first pause after a lost link; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// A link that held for so long was a good one: the pauses start over.
const GOOD: Duration = Duration::from_secs(10);

/// What the engine hears from a link.
#[derive(Debug)]
pub(super) enum LinkEvent {
    /// It is open, and takes requests here.
    Up(Hello, mpsc::Sender<Request>),
    /// The runner says something.
    Said(Say),
    /// It is not open, and this is what to expect of it.
    Down(LinkError, Outlook),
}

/// News on their way to the engine. They hold their room until the engine has stored what they come to.
#[derive(Debug)]
pub(super) struct Delivery {
    /// The host, and its news.
    pub(super) news: (HostName, LinkEvent),
    /// None for news that are a few bytes.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

impl Delivery {
    fn small(host: &HostName, news: LinkEvent) -> Delivery {
        Delivery {
            news: (host.clone(), news),
            room: None,
        }
    }
}

/// Never returns while the engine lives; dropping it closes the link. `worked`: the host was reached before.
pub(super) async fn keep(
    host: HostConfig,
    transport: Transport,
    longest: Span,
    worked: bool,
    engine: mpsc::Sender<Delivery>,
) {
    let worked = AtomicBool::new(worked);
    let once = || carry(&host, &transport, &worked, &engine);
    persist(&host.name, longest, &worked, &engine, once).await;
}

/// Opens the link and carries its messages until it ends. No error: the engine wants it no more.
async fn carry(
    host: &HostConfig,
    transport: &Transport,
    worked: &AtomicBool,
    engine: &mpsc::Sender<Delivery>,
) -> Result<(), LinkError> {
    let link = transport.open(host).await?;
    worked.store(true, Ordering::Relaxed);
    let (requests, taken) = mpsc::channel(REQUESTS);
    let up = LinkEvent::Up(link.hello.clone(), requests);
    if engine.send(Delivery::small(&host.name, up)).await.is_err() {
        return Ok(());
    }
    let (said, says) = mpsc::channel(SAYS);
    let (end, ()) = tokio::join!(link.run(taken, said), forward(&host.name, says, engine));
    end.map_err(|error| error.on(&host.name))
}

/// Hands what a link says to the engine, as fast as the engine takes it: a host that floods us fills its own room and no more.
async fn forward(host: &HostName, mut says: mpsc::Receiver<Say>, engine: &mpsc::Sender<Delivery>) {
    let room = Arc::new(Semaphore::new(ROOM as usize));
    while let Some(say) = says.recv().await {
        let Ok(room) = Arc::clone(&room).acquire_many_owned(weight(&say)).await else {
            return;
        };
        let delivery = Delivery {
            news: (host.clone(), LinkEvent::Said(say)),
            room: Some(room),
        };
        if engine.send(delivery).await.is_err() {
            return;
        }
    }
}

/// What a message takes of the room. The largest takes all of it.
fn weight(say: &Say) -> u32 {
    let text = match say {
        Say::Journal { text, .. } => text.len(),
        Say::Answer {
            with: Answer::Bytes { data, .. },
            ..
        } => data.len(),
        Say::Answer { .. } => 0,
    };
    u32::try_from(text.max(LEAST)).unwrap_or(ROOM).min(ROOM)
}

/// Has `once` carry the link again and again. However it ends, a panic included, the engine is told.
async fn persist<F: Future<Output = Result<(), LinkError>>>(
    host: &HostName,
    longest: Span,
    worked: &AtomicBool,
    engine: &mpsc::Sender<Delivery>,
    mut once: impl FnMut() -> F,
) {
    let mut pause = FIRST_PAUSE;
    while !engine.is_closed() {
        let began = clock::tick();
        let end = AssertUnwindSafe(once()).catch_unwind().await;
        let end = end.unwrap_or_else(|panic| Err(LinkError::Panicked(words_of(panic.as_ref())).on(host)));
        if clock::tick().duration_since(began) > GOOD {
            pause = FIRST_PAUSE;
        }
        if let Err(error) = end {
            let outlook = error.outlook(worked.load(Ordering::Relaxed));
            if outlook == Outlook::Permanent {
                // A person may be mending it right now; that takes longer than a moment.
                pause = longest.duration();
            }
            if engine
                .send(Delivery::small(host, LinkEvent::Down(error, outlook)))
                .await
                .is_err()
            {
                return;
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(longest.duration());
    }
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without words".to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[tokio::test]
    async fn a_link_whose_task_panics_is_told_as_down_and_opened_anew() {
        let host: HostName = "eval1".parse().unwrap();
        let (engine, mut inbox) = mpsc::channel(8);
        let (worked, tries) = (AtomicBool::new(false), AtomicU32::new(0));
        let once = async || -> Result<(), LinkError> {
            match tries.fetch_add(1, Ordering::Relaxed) {
                0 => panic!("an index out of bounds"),
                // The engine has hung up, without a fault of the link.
                1 => Ok(()),
                _ => Err(LinkError::Lost(String::new())),
            }
        };
        let listen = async {
            let mut heard = Vec::new();
            while heard.len() < 2 {
                match inbox.recv().await.map(|delivery: Delivery| delivery.news) {
                    Some((of, LinkEvent::Down(error, outlook))) => {
                        heard.push((of, error.to_string(), outlook));
                    }
                    other => panic!("{other:?}"),
                }
            }
            heard
        };
        let heard = tokio::select! {
            heard = listen => heard,
            () = persist(&host, Span::seconds(1), &worked, &engine, once) => panic!("the engine lives"),
        };
        let told = |text: &str| (host.clone(), text.to_owned(), Outlook::Transient);
        assert_eq!(
            heard,
            [
                told("eval1: its link failed here, through a bug of fleet: an index out of bounds"),
                told("the connection was lost"),
            ]
        );
        assert_eq!(tries.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn a_name_that_has_worked_once_is_waited_for_and_one_that_never_did_is_not() {
        let host: HostName = "eval1".parse().unwrap();
        for (worked, expected) in [(true, Outlook::Transient), (false, Outlook::Permanent)] {
            let (engine, mut inbox) = mpsc::channel(8);
            let worked = AtomicBool::new(worked);
            let once = async || Err(LinkError::NoSuchName("no name".to_owned()));
            let news = tokio::select! {
                delivery = inbox.recv() => delivery.map(|delivery| delivery.news),
                () = persist(&host, Span::seconds(1), &worked, &engine, once) => None,
            };
            let Some((_, LinkEvent::Down(_, outlook))) = news else {
                panic!("{news:?}");
            };
            assert_eq!(outlook, expected);
        }
    }

    #[tokio::test]
    async fn a_host_that_floods_fills_its_own_room_and_waits_until_the_engine_has_stored() {
        let host: HostName = "eval1".parse().unwrap();
        let (engine, mut inbox) = mpsc::channel(4096);
        let (said, says) = mpsc::channel(SAYS);
        let flood = async {
            for n in 0..100 {
                let say = Say::Journal {
                    attempt: "npb2wdccpkcv.1".parse().unwrap(),
                    from: n << 20,
                    text: "x".repeat(1 << 20),
                };
                said.send(say).await.unwrap();
            }
        };
        let mut work = std::pin::pin!(async { tokio::join!(flood, forward(&host, says, &engine)) });
        let mut waiting: Vec<Delivery> = Vec::new();
        let room = ROOM as usize >> 20;
        for stored in [0, 0, 3, room, 1] {
            waiting.drain(..stored);
            // All that can go on has gone on.
            for _ in 0..100 {
                assert!(futures::poll!(&mut work).is_pending());
            }
            waiting.extend(std::iter::from_fn(|| inbox.try_recv().ok()));
            assert_eq!(waiting.len(), room);
        }
    }
}
