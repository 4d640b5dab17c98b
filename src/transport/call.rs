//! A link for verbs that ask one thing at a time: `logs`, `hosts`, `doctor`, `adopt`.

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{Link, LinkError, RsyncOrigin};
use crate::domain::wire::{Answer, Ask, Hello, Request, Say};

/// Question and answer. Journals are not followed here.
#[derive(Debug)]
pub struct Call {
    /// The runner's first words.
    pub hello: Hello,
    /// Where rsync finds its files, over the same connection.
    pub origin: RsyncOrigin,
    requests: mpsc::Sender<Request>,
    says: mpsc::Receiver<Say>,
    link: JoinHandle<Result<(), LinkError>>,
    last: u64,
}

impl Link {
    /// Hands the link over to questions and answers.
    pub fn call(self) -> Call {
        let (hello, origin) = (self.hello.clone(), self.origin.clone());
        // One question at a time: what is more than a few answers is pings.
        let (requests, taken) = mpsc::channel(1);
        let (said, says) = mpsc::channel(16);
        let link = tokio::spawn(self.run(taken, said));
        Call {
            hello,
            origin,
            requests,
            says,
            link,
            last: 0,
        }
    }
}

impl Call {
    /// Asks, and waits for the answer.
    pub async fn ask(&mut self, ask: Ask) -> Result<Answer, LinkError> {
        self.last += 1;
        if self.requests.send(Request { id: self.last, ask }).await.is_ok() {
            while let Some(say) = self.says.recv().await {
                match say {
                    Say::Answer { to, with } if to == self.last => return Ok(with),
                    Say::Answer { .. } | Say::Journal { .. } => {}
                }
            }
        }
        match (&mut self.link).await {
            Ok(Err(error)) => Err(error),
            Ok(Ok(())) | Err(_) => Err(LinkError::Lost(String::new())),
        }
    }

    /// Ends it, and waits until the channel is closed.
    pub async fn hang_up(self) {
        drop((self.requests, self.says));
        // How it ended does not matter any more.
        let _ = self.link.await;
    }
}
