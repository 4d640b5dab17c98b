//! `fleet adopt`: rebuild the database from what the hosts remember.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;

use super::context::Context;
use super::printer::Printer;
use super::{CommandError, Kind, exit, ways};
use crate::domain::host::HostConfig;
use crate::domain::wire::{Answer, Ask};
use crate::domain::{AttemptId, Epoch, Event, Fleet, HostName, layout};
use crate::doors::clock;
use crate::plan::adopt::{self, Memory};
use crate::report::text::printable;
use crate::report::words;
use crate::store::{LeaseError, Store, StoreError};
use crate::transport::{Call, LinkError};

/// Find the jobs that hosts remember: after the database was lost, or for another coordinator
///
/// Reads the journals of all hosts and stores every job and attempt that this database does not know,
/// running ones included. Then `fleet dispatch` of the same file goes on as if nothing had happened.
/// A host that cannot be heard may be running what this database believes to be waiting: nothing that waits
/// starts until it is heard, or declared gone.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet adopt && fleet dispatch assignments/phase8.json")]
pub(super) struct Args {
    /// Go on although some hosts cannot be heard: what they remember stays unknown
    #[arg(long)]
    partial: bool,
}

/// Hosts are asked again while they tell anything new, but not more often.
const ROUNDS: u32 = 5;
/// So many events are stored at a time.
const AT_ONCE: usize = 1000;

/// What all hosts said.
#[derive(Default)]
struct Said {
    memories: BTreeMap<HostName, Memory>,
    /// The newest coordinator that any has heard.
    epoch: Epoch,
    /// Those that said nothing, and why.
    silent: BTreeMap<HostName, String>,
}

/// What came of it.
#[derive(Default)]
struct Tally {
    jobs: usize,
    found: BTreeSet<AttemptId>,
}

pub(super) async fn run(
    args: &Args,
    context: &Context,
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    if let Some(by) = context.coordinator() {
        return Err(LeaseError::Held { by: Some(by) }.into());
    }
    let fleet = stored(context).await?;
    let mut said = hear(context, &fleet).await;
    if !said.silent.is_empty() && !args.partial {
        return Err(CommandError::new(
            Kind::Environment,
            "not every host can be heard, and one that is not may be running your jobs",
        )
        .causes(said.silent.into_values())
        .hint("mend it and try again; `fleet adopt --partial` goes on without it, and what waits then waits for it; `fleet host gone HOST --because WHY` says that it will never come back"));
    }
    let mut coordinator = context.coordinate_above(said.epoch).await?;
    let mut tally = Tally::default();
    for round in 1.. {
        let adopted = adopt::adopt(&coordinator.fleet, clock::now(), &said.memories);
        for puzzle in &adopted.puzzles {
            tracing::warn!(puzzle, "a host said something that makes no sense here");
        }
        let mut news = false;
        for event in &adopted.events {
            match event {
                Event::JobAdded(_) => tally.jobs += 1,
                Event::Found { attempt, .. } => {
                    tally.found.insert(*attempt);
                }
                _ => {}
            }
            news |= !matches!(event, Event::Journaled { .. });
        }
        for some in adopted.events.chunks(AT_ONCE) {
            coordinator.record(some).await?;
        }
        if !news || round == ROUNDS {
            break;
        }
        // Who was late the first time, or has gone on since, is heard now.
        said = hear(context, &coordinator.fleet).await;
    }
    let mut events: Vec<Event> = said
        .memories
        .iter()
        .filter_map(|(host, memory)| adopt::heard(&coordinator.fleet, host, &memory.inventory))
        .collect();
    // A host that has something of which it can only say that it is there has not told all.
    let half = said
        .memories
        .iter()
        .filter(|(_, memory)| adopt::is_puzzling(&coordinator.fleet, memory));
    let half = half.map(|(host, _)| host);
    events.extend(adopt::unheard(&coordinator.fleet, said.silent.keys().chain(half)));
    coordinator.record(&events).await?;
    tell(&tally, &said, &coordinator.fleet, printer)
}

/// Says what came of it, and what is still to be done.
fn tell(
    tally: &Tally,
    said: &Said,
    fleet: &Fleet,
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    let live = |id: &&AttemptId| fleet.attempt(**id).is_some_and(|attempt| attempt.state.is_live());
    printer.say(&format!(
        "adopted {} and {} ({} still running) from {}",
        words::jobs(tally.jobs),
        words::count(tally.found.len(), "attempt", "attempts"),
        tally.found.iter().filter(live).count(),
        words::count(said.memories.len(), "host", "hosts"),
    ));
    let waits: Vec<&HostName> = fleet.unheard().map(|(host, _)| host).collect();
    if said.silent.is_empty() && waits.is_empty() {
        return Ok(exit::OK);
    }
    let error = CommandError::new(Kind::Incomplete, "some hosts could not be heard")
        .causes(said.silent.values().cloned());
    let error = if waits.is_empty() {
        error
    } else {
        error.causes(["they may be running jobs that wait here: none of these starts before".to_owned()])
    };
    Err(waits.into_iter().fold(error, |error, host| {
        error.hint(printable(&ways::unheard(host.as_str())))
    }))
}

/// What is known already.
async fn stored(context: &Context) -> Result<Fleet, CommandError> {
    let store = match Store::peek(&context.database()).await {
        Ok(Some(store)) => store,
        // One of an older format is brought up to date once it is ours: until then it tells nothing.
        Ok(None) | Err(StoreError::Older { .. }) => return Ok(Fleet::default()),
        Err(error) => return Err(error.into()),
    };
    let known = store.load(Epoch(0), &context.config.hosts).await?;
    store.close().await;
    Ok(known)
}

/// Asks all hosts, but for those that are known to be gone, what they remember that the fleet does not know.
async fn hear(context: &Context, fleet: &Fleet) -> Said {
    let asked = context.config.hosts.iter().filter(|host| {
        let known = fleet.host(&host.name);
        known.is_none_or(|entry| entry.gone.is_none())
    });
    let heard = asked.map(|host| async { (host.name.clone(), remember(context, host, fleet).await) });
    let mut said = Said::default();
    for (host, memory) in futures::future::join_all(heard).await {
        match memory {
            Ok((epoch, memory)) => {
                said.epoch = said.epoch.max(epoch);
                said.memories.insert(host, memory);
            }
            Err(error) => {
                said.silent.insert(host, error.to_string());
            }
        }
    }
    said
}

async fn remember(context: &Context, host: &HostConfig, fleet: &Fleet) -> Result<(Epoch, Memory), LinkError> {
    let mut call = context.transport.open(host).await?.call();
    let nonsense = |what: Answer| LinkError::Handshake(format!("unexpected answer {what:?}")).on(&host.name);
    let epoch = match call.ask(Ask::Probe).await? {
        Answer::Facts(facts) => facts.epoch,
        other => return Err(nonsense(other)),
    };
    let inventory = match call.ask(Ask::Inventory { jobs: true }).await? {
        Answer::Inventory(inventory) => inventory,
        other => return Err(nonsense(other)),
    };
    let mut journals = BTreeMap::new();
    for id in inventory.capsules.iter().map(|capsule| capsule.attempt) {
        let Some(from) = adopt::wants(fleet, &host.name, id) else {
            continue;
        };
        // A journal may grow while it is read: a torn last line is left for the engine to follow.
        let mut text = read(&mut call, id, layout::JOURNAL, from).await?;
        text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
        journals.insert(id, (from, text));
    }
    call.hang_up().await;
    Ok((epoch, Memory { inventory, journals }))
}

async fn read(call: &mut Call, attempt: AttemptId, file: &str, start: u64) -> Result<String, LinkError> {
    let mut bytes = Vec::new();
    loop {
        let ask = Ask::Read {
            attempt,
            file: file.to_owned(),
            from: start + bytes.len() as u64,
            most: 1 << 20,
        };
        // A file that is not there is empty; what depends on it will say so.
        let Answer::Bytes { data, size } = call.ask(ask).await? else {
            break;
        };
        let piece = base64::engine::general_purpose::STANDARD
            .decode(data)
            .unwrap_or_default();
        bytes.extend_from_slice(&piece);
        if piece.is_empty() || start + bytes.len() as u64 >= size {
            break;
        }
    }
    // What follows damage has no place that can be counted on.
    let good = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    };
    Ok(good.to_owned())
}
