//! `fleet adopt`: rebuild the database from what the hosts remember.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;

use super::context::Context;
use super::printer::Printer;
use super::{CommandError, Kind, exit};
use crate::config::Config;
use crate::domain::host::HostConfig;
use crate::domain::wire::{Answer, Ask, Inventory};
use crate::domain::{AttemptId, Epoch, Event, Fleet, HostName, Job, JobId, layout};
use crate::plan::{Heard, observe};
use crate::report::words;
use crate::store::LeaseError;
use crate::transport::{Call, LinkError};

/// Find the jobs that hosts remember: after the database was lost, or for another coordinator
///
/// Reads the journals of all hosts and stores every job and attempt that this database does not know,
/// running ones included. Then `fleet dispatch` of the same file goes on as if nothing had happened.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet adopt && fleet dispatch assignments/phase8.json")]
pub(super) struct Args {
    /// Go on although some hosts cannot be heard: what they remember stays unknown
    #[arg(long)]
    partial: bool,
}

/// What one host remembers.
struct Memory {
    heard: Epoch,
    inventory: Inventory,
    journals: BTreeMap<AttemptId, String>,
}

pub(super) async fn run(args: &Args, context: &Context, printer: &Printer) -> Result<u8, CommandError> {
    if let Some(by) = context.coordinator() {
        return Err(LeaseError::Held { by: Some(by) }.into());
    }
    let config: &Config = &context.config;
    let heard = futures::future::join_all(
        config
            .hosts
            .iter()
            .map(|host| async { (host.name.clone(), remember(context, host).await) }),
    )
    .await;
    let mut memories = BTreeMap::new();
    let mut silent = Vec::new();
    for (host, memory) in heard {
        match memory {
            Ok(memory) => {
                memories.insert(host, memory);
            }
            Err(error) => silent.push(error.to_string()),
        }
    }
    if !silent.is_empty() && !args.partial {
        return Err(CommandError::new(
            Kind::Environment,
            "not every host can be heard, and one that is not may be running your jobs",
        )
        .causes(silent)
        .hint("mend it and try again; or `fleet adopt --partial`, if what it remembers is of no use"));
    }
    let above = memories
        .values()
        .map(|memory| memory.heard)
        .max()
        .unwrap_or_default();
    let mut coordinator = context.coordinate_above(above).await?;
    let (mut attempts, mut running) = (0, 0);
    let jobs = unknown(&memories, &coordinator.fleet);
    for some in jobs.chunks(1000) {
        let added: Vec<Event> = some.iter().cloned().map(Event::JobAdded).collect();
        coordinator.record(&added).await?;
    }
    for (host, memory) in &memories {
        let inventory = observe(
            &coordinator.fleet,
            host,
            &Heard::Inventory(memory.inventory.clone()),
        );
        let found: Vec<AttemptId> = inventory
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Found { attempt, .. } => Some(*attempt),
                _ => None,
            })
            .collect();
        coordinator.record(&inventory.events).await?;
        for attempt in found {
            let text = memory.journals.get(&attempt).cloned().unwrap_or_default();
            let journal = observe(
                &coordinator.fleet,
                host,
                &Heard::Journal {
                    attempt,
                    from: 0,
                    text,
                },
            );
            coordinator.record(&journal.events).await?;
            attempts += 1;
            running += usize::from(
                coordinator
                    .fleet
                    .attempt(attempt)
                    .is_some_and(|attempt| attempt.state.is_live()),
            );
        }
    }
    printer.say(&format!(
        "adopted {} and {} ({running} still running) from {}",
        words::jobs(jobs.len()),
        words::count(attempts, "attempt", "attempts"),
        words::count(memories.len(), "host", "hosts"),
    ));
    if silent.is_empty() {
        return Ok(exit::OK);
    }
    Err(CommandError::new(Kind::Incomplete, "some hosts could not be heard").causes(silent))
}

/// Every job that some host remembers and this database does not, in the order of their files.
fn unknown(memories: &BTreeMap<HostName, Memory>, fleet: &Fleet) -> Vec<Arc<Job>> {
    let mut jobs: BTreeMap<JobId, Arc<Job>> = BTreeMap::new();
    for job in memories
        .values()
        .flat_map(|memory| &memory.inventory.capsules)
        .filter_map(|capsule| capsule.job.as_ref())
    {
        if fleet.job(job.id).is_none() {
            jobs.entry(job.id).or_insert_with(|| Arc::new(job.clone()));
        }
    }
    let mut jobs: Vec<Arc<Job>> = jobs.into_values().collect();
    jobs.sort_by(|a, b| (&a.set, a.order).cmp(&(&b.set, b.order)));
    jobs
}

async fn remember(context: &Context, host: &HostConfig) -> Result<Memory, LinkError> {
    let mut call = context.transport.open(host).await?.call();
    let nonsense = |what: Answer| LinkError::Handshake(format!("unexpected answer {what:?}")).on(&host.name);
    let heard = match call.ask(Ask::Probe).await? {
        Answer::Facts(facts) => facts.epoch,
        other => return Err(nonsense(other)),
    };
    let inventory = match call.ask(Ask::Inventory { jobs: true }).await? {
        Answer::Inventory(inventory) => inventory,
        other => return Err(nonsense(other)),
    };
    let mut journals = BTreeMap::new();
    for capsule in &inventory.capsules {
        // A journal may grow while it is read: a torn last line is left for the engine to follow.
        let mut text = read(&mut call, capsule.attempt, layout::JOURNAL).await?;
        text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
        journals.insert(capsule.attempt, text);
    }
    call.hang_up().await;
    Ok(Memory {
        heard,
        inventory,
        journals,
    })
}

async fn read(call: &mut Call, attempt: AttemptId, file: &str) -> Result<String, LinkError> {
    let mut bytes = Vec::new();
    loop {
        let ask = Ask::Read {
            attempt,
            file: file.to_owned(),
            from: bytes.len() as u64,
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
        if piece.is_empty() || bytes.len() as u64 >= size {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
