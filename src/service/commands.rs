//! How a command becomes fact: told to the coordinator at work, or stored here if there is none.

use std::time::Duration;

use super::{Problem, Project};
use crate::doors::clock;
use crate::engine;
use crate::store::{Command, Store};

/// How often we look whether the coordinator has taken what we asked for.
const LOOK: Duration = Duration::from_millis(100);
/// How often we try to coordinate ourselves while others come and go.
const TRIES: u32 = 50;

/// One thing to be done, as people read it and as the coordinator does.
pub struct PlannedCommand {
    /// What will be so.
    pub what: String,
    /// What the coordinator is asked for.
    pub wish: Command,
}

/// Does what was planned, in order. Returns once it is done.
pub async fn submit_planned(project: &Project, planned: &[PlannedCommand]) -> Result<(), Problem> {
    let wishes: Vec<&Command> = planned.iter().map(|one| &one.wish).collect();
    submit(project, &wishes).await
}

/// Makes facts of these wishes, in order. Returns once they are.
pub async fn submit(project: &Project, wishes: &[&Command]) -> Result<(), Problem> {
    if wishes.is_empty() {
        return Ok(());
    }
    let mut tries = 0;
    let mut coordinator = loop {
        if project.running_coordinator().is_some() && ask(project, wishes).await? {
            return Ok(());
        }
        // It ended meanwhile. What it left undone is done below; what it did gives nothing new.
        match project.coordinate().await {
            Ok(coordinator) => break coordinator,
            // Another process was quicker, and is asked now.
            Err(_) if project.running_coordinator().is_some() && tries < TRIES => tries += 1,
            Err(error) => return Err(error),
        }
        tokio::time::sleep(LOOK).await;
    };
    for (id, wish) in coordinator.store.wishes().await? {
        let events = engine::wish(&coordinator.fleet, &wish);
        coordinator.record(&events).await?;
        coordinator.store.acknowledge(&[id]).await?;
    }
    for wish in wishes {
        let events = engine::wish(&coordinator.fleet, wish);
        coordinator.record(&events).await?;
    }
    Ok(())
}

/// Leaves the wishes for the coordinator. False if it ended before it had taken them all.
async fn ask(project: &Project, wishes: &[&Command]) -> Result<bool, Problem> {
    let store = Store::open(&project.database_path()).await?;
    for wish in wishes {
        store.wish(clock::now(), wish).await?;
    }
    let mut taken = false;
    while !taken && project.running_coordinator().is_some() {
        taken = store.wishes().await?.is_empty();
        if !taken {
            tokio::time::sleep(LOOK).await;
        }
    }
    store.close().await;
    Ok(taken)
}
