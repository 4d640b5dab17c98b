//! Runs the engine for a verb: with the user's secrets, under the user's Ctrl-C.

use std::collections::BTreeMap;

use super::context::{Context, Coordinator};
use super::{CommandError, Kind};
use crate::config::Config;
use crate::domain::{JobId, Secrets, Span};
use crate::doors::{env, secrets};
use crate::engine::{self, EngineError, Observer, Setup, Stop};
use crate::pipeline;
use crate::plan::{Errand, Policy};
use crate::schedule::Fleet;

/// Runs what is enabled until the engine stops by itself or the user interrupts it. A second Ctrl-C ends
/// the process.
pub(super) async fn run(
    context: &Context,
    coordinator: Coordinator,
    policy: Policy,
    secrets: Secrets,
    observer: &mut Observer<'_>,
) -> Result<(Fleet, Stop), CommandError> {
    errand(context, coordinator, Errand::Sets, policy, secrets, observer).await
}

/// Runs until these jobs are closed. Nothing new starts.
pub(super) async fn until_closed(
    context: &Context,
    coordinator: Coordinator,
    jobs: &[JobId],
) -> Result<(Fleet, Stop), CommandError> {
    // Somebody waits at the terminal; what cannot be reached is noted and done later.
    let mut policy = context.policy();
    policy.unreachable = policy.unreachable.min(Span::seconds(30));
    errand(
        context,
        coordinator,
        Errand::Close(jobs.to_vec()),
        policy,
        Secrets::none(),
        &mut |_, _, _| {},
    )
    .await
}

async fn errand(
    context: &Context,
    coordinator: Coordinator,
    errand: Errand,
    policy: Policy,
    secrets: Secrets,
    observer: &mut Observer<'_>,
) -> Result<(Fleet, Stop), CommandError> {
    let Coordinator {
        store,
        fleet,
        authority,
        lease,
        ..
    } = coordinator;
    let (config, transport) = (context.config.clone(), context.transport.clone());
    let setup = Setup {
        config,
        transport,
        objects: context.objects().await,
        store,
        fleet,
        authority,
        errand,
        policy,
        secrets,
    };
    let ended = Box::pin(engine::run(setup, observer, interrupted())).await?;
    // Held until everything is stored.
    drop(lease);
    Ok(ended)
}

/// Ready at the first Ctrl-C, SIGTERM or SIGHUP; from then on a second one ends the process at once.
async fn interrupted() {
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
        super::printer::end_line();
        super::exit::at_once(super::exit::INTERRUPTED);
    });
}

/// The values of all variables that open jobs are to get from here. All that are missing, at once. From here on they
/// show nowhere.
pub(super) fn secrets(fleet: &Fleet, config: &Config) -> Result<Secrets, CommandError> {
    let mut wanted: BTreeMap<String, String> = BTreeMap::new();
    for entry in fleet
        .jobs()
        .filter(|entry| entry.closed.is_none() && fleet.is_enabled(&entry.job.set))
    {
        for name in pipeline::env_names(&entry.job, config) {
            wanted
                .entry(name)
                .or_insert_with(|| format!("model {}, pipeline {}", entry.job.model, entry.job.pipeline));
        }
    }
    let (mut values, mut missing) = (Secrets::none(), Vec::new());
    for (name, whose) in wanted {
        match env::get(&name) {
            Some(value) => {
                values.insert(name, value);
            }
            None => missing.push(format!("{name} is not set ({whose})")),
        }
    }
    if !values.is_empty() {
        secrets::learn(&values);
        secrets::shield();
    }
    if missing.is_empty() {
        return Ok(values);
    }
    Err(CommandError::new(
        Kind::Input,
        "jobs need variables that your environment does not have",
    )
    .causes(missing)
    .hint("export them and run the same command again; nothing has started"))
}

impl From<EngineError> for CommandError {
    fn from(error: EngineError) -> CommandError {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::Fold(_) => CommandError::new(Kind::Internal, error.to_string())
                .hint("jobs continue on their hosts; please report this, with `fleet doctor`'s output"),
        }
    }
}
