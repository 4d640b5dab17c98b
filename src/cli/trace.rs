//! What happened, for whoever debugs: `FLEET_LOG=debug fleet dispatch …`, on stderr.

use crate::doors::env;

/// Starts it. Without `FLEET_LOG`, only warnings are told.
pub(super) fn start() {
    let filter = tracing_subscriber::EnvFilter::try_new(
        env::get("FLEET_LOG").unwrap_or_else(|| "warn,openssh=off,sqlx=off".to_owned()),
    );
    // A filter that cannot be understood is no reason not to run.
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .try_init();
}
