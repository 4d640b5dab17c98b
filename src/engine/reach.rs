//! Keeps the link to one host: opens it, carries its messages, opens it again when it is lost.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::domain::host::{HostConfig, Outlook};
use crate::domain::wire::{Hello, Request, Say};
use crate::domain::{HostName, Span};
use crate::doors::clock;
use crate::transport::{LinkError, Transport};

/// Requests that wait for the wire. More are kept back by the engine, which tells the host later.
const REQUESTS: usize = 1024;
/// The first pause after a lost link; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// A link that held for so long was a good one: the pauses start over.
const GOOD: Duration = Duration::from_secs(10);

/// What the engine hears from a link.
#[derive(Debug)]
pub(super) enum News {
    /// It is open, and takes requests here.
    Up(Hello, mpsc::Sender<Request>),
    /// The runner says something.
    Said(Say),
    /// It is not open.
    Down(LinkError),
}

/// Never returns while the engine lives; dropping it closes the link.
pub(super) async fn keep(
    host: HostConfig,
    transport: Transport,
    longest: Span,
    engine: mpsc::Sender<(HostName, News)>,
) {
    let mut pause = FIRST_PAUSE;
    loop {
        let began = clock::tick();
        let error = match transport.open(&host).await {
            Err(error) => error,
            Ok(link) => {
                let (requests, taken) = mpsc::channel(REQUESTS);
                if engine
                    .send((host.name.clone(), News::Up(link.hello.clone(), requests)))
                    .await
                    .is_err()
                {
                    return;
                }
                let (said, mut says) = mpsc::channel(REQUESTS);
                let forward = async {
                    while let Some(say) = says.recv().await {
                        if engine.send((host.name.clone(), News::Said(say))).await.is_err() {
                            return;
                        }
                    }
                };
                let (end, ()) = tokio::join!(link.run(taken, said), forward);
                match end {
                    Ok(()) if engine.is_closed() => return,
                    // The engine has hung up, and has said why.
                    Ok(()) => {
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(longest.duration());
                        continue;
                    }
                    Err(error) => error.on(&host.name),
                }
            }
        };
        if clock::tick().duration_since(began) > GOOD {
            pause = FIRST_PAUSE;
        }
        if error.outlook() == Outlook::Permanent {
            // Somebody may be mending it right now; that takes them longer than a moment.
            pause = longest.duration();
        }
        if engine.send((host.name.clone(), News::Down(error))).await.is_err() {
            return;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(longest.duration());
    }
}
