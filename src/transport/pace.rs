//! Connects are paced: sshd drops unauthenticated connections beyond `MaxStartups` (10 by default), and
//! a whole fleet may sit behind one jump host.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many connects at a time.
#[derive(Debug, Clone)]
pub struct Pace(Arc<Semaphore>);

impl Pace {
    /// At most `connects` at a time.
    pub fn new(connects: usize) -> Pace {
        Pace(Arc::new(Semaphore::new(connects.max(1))))
    }

    /// Waits for a turn, which lasts until the returned value is dropped. (The semaphore is never
    /// closed, so there is always one.)
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).acquire_owned().await.ok()
    }
}
