//! The database rebuilt from what the hosts remember.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;

use super::{Problem, ProblemKind, Project, next_steps};
use crate::domain::host::HostConfig;
use crate::domain::wire::{Answer, Ask};
use crate::domain::{AttemptId, Epoch, Event, HostName, layout};
use crate::doors::clock;
use crate::plan::adopt::{self, Memory};
use crate::schedule::Fleet;
use crate::store::{LeaseError, Store, StoreError};
use crate::text::sanitize_line;
use crate::transport::{Call, LinkError};

/// Hosts are asked again while they tell anything new, but not more often.
const ROUNDS: u32 = 5;
/// So many events are stored at a time.
const AT_ONCE: usize = 1000;

/// What all hosts said.
#[derive(Default)]
struct HeardFromHosts {
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

/// What came of it, and what is still to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoption {
    /// Jobs that were not known.
    pub jobs: usize,
    /// Attempts that were not known.
    pub attempts: usize,
    /// Of these, those that still run.
    pub running: usize,
    /// Hosts that answered.
    pub hosts: usize,
    /// Why the others did not.
    pub silent: BTreeMap<HostName, String>,
    /// Hosts that may be running jobs that wait here.
    pub awaited: Vec<HostName>,
}

impl Adoption {
    fn of(tally: &Tally, heard: HeardFromHosts, fleet: &Fleet) -> Adoption {
        let live = |id: &&AttemptId| fleet.attempt(**id).is_some_and(|attempt| attempt.state.is_live());
        Adoption {
            jobs: tally.jobs,
            attempts: tally.found.len(),
            running: tally.found.iter().filter(live).count(),
            hosts: heard.memories.len(),
            silent: heard.silent,
            awaited: fleet.unheard().map(|(host, _)| host.clone()).collect(),
        }
    }

    /// Has every host told what it remembers?
    pub fn check_heard(&self) -> Result<(), Problem> {
        if self.silent.is_empty() && self.awaited.is_empty() {
            return Ok(());
        }
        let problem = Problem::new(ProblemKind::Incomplete, "some hosts could not be heard")
            .causes(self.silent.values().cloned());
        let problem = if self.awaited.is_empty() {
            problem
        } else {
            problem
                .causes(["they may be running jobs that wait here: none of these starts before".to_owned()])
        };
        Err(self.awaited.iter().fold(problem, |problem, host| {
            problem.hint(sanitize_line(&next_steps::reach_or_declare_gone(host.as_str())))
        }))
    }
}

/// Stores every job and attempt that hosts remember and the database does not know. Unless `partial`, all hosts must answer.
pub async fn adopt_from_hosts(partial: bool, project: &Project) -> Result<Adoption, Problem> {
    if let Some(by) = project.running_coordinator() {
        return Err(LeaseError::Held { by: Some(by) }.into());
    }
    let fleet = read_stored(project).await?;
    let mut heard = ask_hosts(project, &fleet).await;
    if !heard.silent.is_empty() && !partial {
        return Err(Problem::new(
            ProblemKind::Environment,
            "not every host can be heard, and one that is not may be running your jobs",
        )
        .causes(heard.silent.into_values())
        .hint("mend it and try again; `fleet adopt --partial` goes on without it, and what waits then waits for it; `fleet host gone HOST --because WHY` says that it will never come back"));
    }
    let mut coordinator = project.coordinate_above(heard.epoch).await?;
    let mut tally = Tally::default();
    for round in 1.. {
        let adopted = adopt::adopt(&coordinator.fleet, clock::now(), &heard.memories);
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
        heard = ask_hosts(project, &coordinator.fleet).await;
    }
    let mut events: Vec<Event> = heard
        .memories
        .iter()
        .filter_map(|(host, memory)| adopt::heard(&coordinator.fleet, host, &memory.inventory))
        .collect();
    // A host that has something of which it can only say that it is there has not told all.
    let half = heard
        .memories
        .iter()
        .filter(|(_, memory)| adopt::is_puzzling(&coordinator.fleet, memory));
    let half = half.map(|(host, _)| host);
    events.extend(adopt::unheard(
        &coordinator.fleet,
        heard.silent.keys().chain(half),
    ));
    coordinator.record(&events).await?;
    Ok(Adoption::of(&tally, heard, &coordinator.fleet))
}

/// What is known already.
async fn read_stored(project: &Project) -> Result<Fleet, Problem> {
    let store = match Store::peek(&project.database_path()).await {
        Ok(Some(store)) => store,
        // One of an older format is brought up to date once it is ours: until then it tells nothing.
        Ok(None) | Err(StoreError::Older { .. }) => return Ok(Fleet::default()),
        Err(error) => return Err(error.into()),
    };
    let known = store.load(Epoch(0), &project.config.hosts).await?;
    store.close().await;
    Ok(known)
}

/// Asks all hosts, but for those that are known to be gone, what they remember that the fleet does not know.
async fn ask_hosts(project: &Project, fleet: &Fleet) -> HeardFromHosts {
    let asked = project.config.hosts.iter().filter(|host| {
        let known = fleet.host(&host.name);
        known.is_none_or(|entry| entry.gone.is_none())
    });
    let heard = asked.map(|host| async { (host.name.clone(), ask_memory(project, host, fleet).await) });
    let mut all = HeardFromHosts::default();
    for (host, memory) in futures::future::join_all(heard).await {
        match memory {
            Ok((epoch, memory)) => {
                all.epoch = all.epoch.max(epoch);
                all.memories.insert(host, memory);
            }
            Err(error) => {
                all.silent.insert(host, error.to_string());
            }
        }
    }
    all
}

async fn ask_memory(
    project: &Project,
    host: &HostConfig,
    fleet: &Fleet,
) -> Result<(Epoch, Memory), LinkError> {
    let mut call = project.transport.open(host).await?.call();
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
        let mut text = read_file(&mut call, id, layout::JOURNAL, from).await?;
        text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
        journals.insert(id, (from, text));
    }
    call.hang_up().await;
    Ok((epoch, Memory { inventory, journals }))
}

async fn read_file(call: &mut Call, attempt: AttemptId, file: &str, start: u64) -> Result<String, LinkError> {
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
