//! Runs the engine: with the secrets of the environment, until it ends by itself or its caller interrupts it.

use std::collections::BTreeMap;

use super::{Coordinator, Problem, ProblemKind, Project};
use crate::config::Config;
use crate::domain::{JobId, Secrets, Span};
use crate::doors::{env, secrets};
use crate::engine::{self, Observer, Setup, Stop};
use crate::pipeline;
use crate::plan::{Errand, Policy};
use crate::schedule::Fleet;

/// Runs what is enabled until the engine stops by itself or `interrupted` is ready.
pub async fn run_sets(
    project: &Project,
    coordinator: Coordinator,
    policy: Policy,
    secrets: Secrets,
    observer: &mut Observer<'_>,
    interrupted: impl Future<Output = ()>,
) -> Result<(Fleet, Stop), Problem> {
    run_errand(
        project,
        coordinator,
        Errand::Sets,
        policy,
        secrets,
        observer,
        interrupted,
    )
    .await
}

/// Runs until these jobs are closed. Nothing new starts.
pub async fn run_until_closed(
    project: &Project,
    coordinator: Coordinator,
    jobs: &[JobId],
    interrupted: impl Future<Output = ()>,
) -> Result<(Fleet, Stop), Problem> {
    // The caller waits; what cannot be reached is noted and done later.
    let mut policy = project.policy();
    policy.unreachable = policy.unreachable.min(Span::seconds(30));
    run_errand(
        project,
        coordinator,
        Errand::Close(jobs.to_vec()),
        policy,
        Secrets::none(),
        &mut |_, _, _| {},
        interrupted,
    )
    .await
}

async fn run_errand(
    project: &Project,
    coordinator: Coordinator,
    errand: Errand,
    policy: Policy,
    secrets: Secrets,
    observer: &mut Observer<'_>,
    interrupted: impl Future<Output = ()>,
) -> Result<(Fleet, Stop), Problem> {
    let Coordinator {
        store,
        fleet,
        authority,
        lease,
        ..
    } = coordinator;
    let (config, transport) = (project.config.clone(), project.transport.clone());
    let setup = Setup {
        config,
        transport,
        objects: project.open_objects().await,
        store,
        fleet,
        authority,
        errand,
        policy,
        secrets,
    };
    let ended = Box::pin(engine::run(setup, observer, interrupted)).await?;
    // Held until everything is stored.
    drop(lease);
    Ok(ended)
}

/// The values of all variables that open jobs are to get from here. All that are missing, at once. From here on they
/// show nowhere.
pub fn find_secrets(fleet: &Fleet, config: &Config) -> Result<Secrets, Problem> {
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
    Err(Problem::new(
        ProblemKind::Input,
        "jobs need variables that your environment does not have",
    )
    .causes(missing)
    .hint("export them and run the same command again; nothing has started"))
}
