//! Ctrl-C, as a future that services end by.

use super::{exit, printer};

/// Ready at the first Ctrl-C, SIGTERM or SIGHUP; from then on a second one ends the process at once.
pub(super) async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    let mut signals: Vec<_> = kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect();
    if signals.is_empty() {
        std::future::pending::<()>().await;
    }
    let (_, _, _) =
        futures::future::select_all(signals.iter_mut().map(|signal| Box::pin(signal.recv()))).await;
    tokio::spawn(async move {
        let (_, _, _) =
            futures::future::select_all(signals.iter_mut().map(|signal| Box::pin(signal.recv()))).await;
        // The terminal shows the Ctrl-C at the cursor: the next prompt gets a line of its own.
        printer::end_line();
        exit::at_once(exit::INTERRUPTED);
    });
}
