//! Every host of `fleet.toml`, and how it is now: reachable or not, its facts, and how it is held.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Project;
use crate::domain::hold::Hold;
use crate::domain::host::{HostConfig, Reach};
use crate::domain::wire::{Answer, Ask, Facts, Program};
use crate::domain::{Epoch, HostName, Span};
use crate::store::Store;
use crate::transport::{LinkError, Transport};

/// A host of `fleet.toml`, and how it is.
#[derive(Debug, Serialize)]
pub struct HostState<'a> {
    /// Its name.
    pub name: &'a HostName,
    /// How it is reached.
    pub destination: String,
    /// How many jobs it runs at a time.
    pub slots: u32,
    /// Its tags.
    pub tags: &'a [String],
    /// What it says of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How it is held, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
}

/// Asks every host at once how it is. One that does not answer in this time is left alone.
pub async fn ask_hosts(wait: Span, project: &Project) -> Vec<HostState<'_>> {
    let holds = read_holds(project).await;
    let needs_docker = project.policy().docker;
    let probed = probe_hosts(project, wait).await;
    probed
        .into_iter()
        .map(|(host, facts)| {
            let hold = holds.get(&host.name);
            let (facts, error) = match facts {
                Ok(facts) => (Some(facts), None),
                Err(error) => (None, Some(error.bare().to_string())),
            };
            HostState {
                name: &host.name,
                destination: destination(host),
                slots: host.slots,
                tags: &host.tags,
                error: error.or_else(|| engine_fault(facts.as_ref()?, needs_docker)),
                facts,
                held: hold.map(|hold| format!("{}: {}", hold.kind.word(), hold.why)),
            }
        })
        .collect()
}

/// Longest wait for a connection: a person waits for the list.
const CONNECT: Span = Span::seconds(5);

/// Asks every host at once how it is. One that does not answer in time is left alone.
async fn probe_hosts(project: &Project, wait: Span) -> Vec<(&HostConfig, Result<Facts, LinkError>)> {
    let transport = Transport {
        connect_timeout: project.transport.connect_timeout.min(CONNECT),
        ..project.transport.clone()
    };
    let transport = &transport;
    let hosts = project.config.hosts.iter();
    let each = hosts.map(|host| async move {
        let answer = tokio::time::timeout(wait.duration(), ask_facts(transport, host)).await;
        let answer = answer.unwrap_or_else(|_| Err(LinkError::NoAnswer(wait).on(&host.name)));
        (host, answer)
    });
    futures::future::join_all(each).await
}

async fn ask_facts(transport: &Transport, host: &HostConfig) -> Result<Facts, LinkError> {
    let mut call = transport.open(host).await?.call();
    let answer = call.ask(Ask::Probe).await?;
    call.hang_up().await;
    match answer {
        Answer::Facts(facts) => Ok(*facts),
        other => Err(LinkError::Handshake(format!("unexpected answer {other:?}")).on(&host.name)),
    }
}

/// What is held, as the database says; nothing, where there is none that can be read.
async fn read_holds(project: &Project) -> BTreeMap<HostName, Hold> {
    let Ok(Some(store)) = Store::peek(&project.database_path()).await else {
        return BTreeMap::new();
    };
    let fleet = store.load(Epoch(0), &project.config.hosts).await;
    store.close().await;
    let Ok(fleet) = fleet else { return BTreeMap::new() };
    let hosts = fleet.hosts();
    hosts
        .filter_map(|(name, _)| Some((name.clone(), fleet.host_hold(name)?.clone())))
        .collect()
}

/// What is wrong with a host that answers: jobs need its engine, and it has none that answers.
pub fn engine_fault(facts: &Facts, needs_docker: bool) -> Option<String> {
    match &facts.docker {
        Program::Missing(why) if needs_docker => Some(format!("Docker does not answer: {why}")),
        Program::Missing(_) | Program::Version(_) => None,
    }
}

fn destination(host: &HostConfig) -> String {
    match &host.reach {
        Reach::Ssh(destination) => destination.clone(),
        Reach::Local => "this machine".to_owned(),
    }
}
