//! Is the other side alive? Bytes that move say so, in both directions: a long line that is on its way is no silence.
//!
//! Bytes that a full channel takes count as a sign: the other side has made room for them. Bytes that an idle channel
//! takes do not: the kernel takes some even if the other side is dead.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::doors::clock;

/// When the other end was last known to live.
#[derive(Debug, Clone)]
pub(super) struct Life(Arc<Mutex<Instant>>);

impl Life {
    /// It lives now.
    pub(super) fn new() -> Life {
        Life(Arc::new(Mutex::new(clock::tick())))
    }

    /// It lives now, or could not be heard until now.
    pub(super) fn sign(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = clock::tick();
    }

    /// Ready once there was no sign for so long.
    pub(super) async fn ends_after(&self, silence: Duration) {
        loop {
            let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let quiet = clock::tick().saturating_duration_since(last);
            if quiet >= silence {
                return;
            }
            tokio::time::sleep(silence.saturating_sub(quiet)).await;
        }
    }
}

/// One direction of a channel, observed.
pub(super) struct Observed<T> {
    inner: T,
    life: Life,
    /// It could not take any more.
    full: bool,
}

impl<T> Observed<T> {
    /// Whatever moves in `inner` is a sign.
    pub(super) fn new(inner: T, life: &Life) -> Observed<T> {
        Observed {
            inner,
            life: life.clone(),
            full: false,
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Observed<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.life.sign();
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Observed<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        match &written {
            Poll::Pending => self.full = true,
            Poll::Ready(Ok(taken)) if *taken > 0 && self.full => {
                self.full = false;
                self.life.sign();
            }
            Poll::Ready(_) => {}
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
