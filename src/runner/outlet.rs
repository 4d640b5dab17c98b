//! The runner's end of the link: one line at a time, from any thread.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::wire::{Answer, Say};
use crate::doors::secrets;

/// Where the runner speaks. Clones speak on the same link.
#[derive(Clone)]
pub(super) struct Outlet {
    writer: Arc<Mutex<Box<dyn Write + Send>>>,
    closed: Arc<AtomicBool>,
}

impl Outlet {
    /// Speaks into `writer`.
    pub(super) fn new(writer: impl Write + Send + 'static) -> Outlet {
        Outlet {
            writer: Arc::new(Mutex::new(Box::new(writer))),
            closed: Arc::default(),
        }
    }

    /// Says a line.
    pub(super) fn say(&self, what: &Say) {
        match serde_json::to_string(what) {
            Ok(line) => self.line(&line),
            Err(error) => tracing::warn!(%error, "cannot put an answer in words"),
        }
    }

    /// Answers a request. No secret goes out.
    pub(super) fn answer(&self, to: u64, mut with: Answer) {
        secrets::hide(&mut with);
        self.say(&Say::Answer { to, with });
    }

    /// Writes a line as it is.
    pub(super) fn line(&self, line: &str) {
        let mut text = Vec::with_capacity(line.len() + 1);
        text.extend(line.as_bytes());
        text.push(b'\n');
        // A thread that panicked in mid-line has left half a line: the other end sees that it is none.
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.write_all(&text).and_then(|()| writer.flush()).is_err() {
            self.closed.store(true, Ordering::Relaxed);
        }
    }

    /// Nothing more is to be said: the link ends.
    pub(super) fn end(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Whether the other end has gone.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }
}
