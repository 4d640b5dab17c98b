//! The two signals that a supervisor listens to, as something to poll: SIGCHLD (a child has ended) and SIGTERM (the
//! attempt is to stop).

use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::error::{Doing as _, RunnerError};

/// What a supervisor is deaf to from birth, so that no signal can meet it unprepared.
pub(super) fn heard() -> SigSet {
    SigSet::from_iter([Signal::SIGCHLD, Signal::SIGTERM])
}

/// The signals of this process.
#[derive(Debug)]
pub(super) struct Signals(SignalFd);

impl Signals {
    /// From now on they wait until they are read.
    pub(super) fn listen() -> Result<Signals, RunnerError> {
        let mask = heard();
        mask.thread_block().doing(|| "block signals")?;
        SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
            .map(Signals)
            .doing(|| "listen to signals")
    }

    /// Reads the signals that have arrived. True if one of them is a SIGTERM: the attempt is to stop.
    pub(super) fn drain(&self) -> bool {
        let mut stop = false;
        while let Ok(Some(signal)) = self.0.read_signal() {
            stop |= i32::try_from(signal.ssi_signo) == Ok(Signal::SIGTERM as i32);
        }
        stop
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
