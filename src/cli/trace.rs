//! What happened, for debugging: `FLEET_LOG=debug fleet dispatch …`, on stderr.

use std::io::{self, Write};

use crate::doors::{env, secrets};

/// What is told without `FLEET_LOG`: warnings of our own. What libraries say is for those who ask; our errors say the rest.
const OURS: &str = "fleet=warn";

/// Starts it.
pub(super) fn start() {
    let filter =
        tracing_subscriber::EnvFilter::try_new(env::get("FLEET_LOG").unwrap_or_else(|| OURS.to_owned()));
    // A filter that cannot be understood is no reason not to run.
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(OURS));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Discreet)
        .with_ansi(false)
        .try_init();
}

/// stderr, without secrets. An event comes in one piece.
struct Discreet;

impl Write for Discreet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = secrets::hidden(&String::from_utf8_lossy(bytes));
        io::stderr().write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
