//! How a person's word becomes fact: told to whoever coordinates now, or stored by ourselves if nobody does.

use std::time::Duration;

use serde::Serialize;

use super::CommandError;
use super::context::Context;
use super::printer::Printer;
use crate::doors::clock;
use crate::engine;
use crate::report::text::printable;
use crate::store::{Command, Store};

/// How often we look whether our word has been taken.
const LOOK: Duration = Duration::from_millis(100);
/// How often we try to coordinate ourselves while others come and go.
const TRIES: u32 = 50;

/// What verbs that act on the fleet's facts have in common.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct How {
    /// Show what would be done; change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// One thing to be done, as people read it and as the coordinator does.
pub(super) struct Deed {
    pub(super) what: String,
    pub(super) wish: Command,
}

#[derive(Serialize)]
struct Done<'a> {
    version: u32,
    dry_run: bool,
    what: Vec<&'a str>,
}

/// Does all of it, or shows what it would be. Nothing to do is no failure.
pub(super) async fn perform(
    how: How,
    deeds: &[Deed],
    nothing: &str,
    context: &Context,
    printer: &Printer,
) -> Result<(), CommandError> {
    if !how.dry_run {
        let wishes: Vec<&Command> = deeds.iter().map(|deed| &deed.wish).collect();
        tell(context, &wishes).await?;
    }
    if how.json {
        return printer.json(&Done {
            version: 1,
            dry_run: how.dry_run,
            what: deeds.iter().map(|deed| deed.what.as_str()).collect(),
        });
    }
    for deed in deeds {
        let would = if how.dry_run { "would be: " } else { "" };
        printer.data(&format!("{would}{}\n", printable(&deed.what)))?;
    }
    if deeds.is_empty() {
        printer.say(nothing);
    }
    Ok(())
}

/// Makes facts of these wishes, in order. Returns once they are.
pub(super) async fn tell(context: &Context, wishes: &[&Command]) -> Result<(), CommandError> {
    if wishes.is_empty() {
        return Ok(());
    }
    let mut tries = 0;
    let mut coordinator = loop {
        if context.coordinator().is_some() && ask(context, wishes).await? {
            return Ok(());
        }
        // It ended meanwhile. What it left undone is done below; what it did gives nothing new.
        match context.coordinate().await {
            Ok(coordinator) => break coordinator,
            // Somebody else was quicker, and is asked now.
            Err(_) if context.coordinator().is_some() && tries < TRIES => tries += 1,
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
async fn ask(context: &Context, wishes: &[&Command]) -> Result<bool, CommandError> {
    let store = Store::open(&context.database()).await?;
    for wish in wishes {
        store.wish(clock::now(), wish).await?;
    }
    let mut taken = false;
    while !taken && context.coordinator().is_some() {
        taken = store.wishes().await?.is_empty();
        if !taken {
            tokio::time::sleep(LOOK).await;
        }
    }
    store.close().await;
    Ok(taken)
}
