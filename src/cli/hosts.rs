//! `fleet hosts`: every host of `fleet.toml`, and how it feels.

use serde::Serialize;

use super::context::Context;
use super::printer::Printer;
use super::{CommandError, exit};
use crate::domain::HostName;
use crate::domain::host::{HostConfig, Reach};
use crate::domain::wire::{Answer, Ask, Facts, Program};
use crate::report::table::{Table, left, prose, right};
use crate::report::words;
use crate::transport::LinkError;

/// List the hosts: reachable or not, load, memory, disk, room for images, Docker, who holds the slots
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet hosts
  fleet hosts --json | jq '.hosts[] | select(.error)'")]
pub(super) struct Args {
    /// Machine-readable
    #[arg(long)]
    json: bool,
}

/// The JSON form.
#[derive(Debug, Serialize)]
struct Listing<'a> {
    version: u32,
    hosts: Vec<Line<'a>>,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    name: &'a HostName,
    destination: String,
    slots: u32,
    tags: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<Facts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Asks every host at once how it is.
pub(super) async fn probe(context: &Context) -> Vec<(&HostConfig, Result<Facts, LinkError>)> {
    futures::future::join_all(
        context
            .config
            .hosts
            .iter()
            .map(|host| async move { (host, facts(context, host).await) }),
    )
    .await
}

async fn facts(context: &Context, host: &HostConfig) -> Result<Facts, LinkError> {
    let mut call = context.transport.open(host).await?.call();
    let answer = call.ask(Ask::Probe).await?;
    call.hang_up().await;
    match answer {
        Answer::Facts(facts) => Ok(*facts),
        other => Err(LinkError::Handshake(format!("unexpected answer {other:?}")).on(&host.name)),
    }
}

pub(super) async fn run(args: &Args, context: &Context, printer: &Printer) -> Result<u8, CommandError> {
    let probed = probe(context).await;
    let bad = probed.iter().filter(|(_, facts)| facts.is_err()).count();
    if args.json {
        let hosts = probed
            .into_iter()
            .map(|(host, facts)| {
                let (facts, error) = match facts {
                    Ok(facts) => (Some(facts), None),
                    Err(error) => (None, Some(error.bare().to_string())),
                };
                Line {
                    name: &host.name,
                    destination: destination(host),
                    slots: host.slots,
                    tags: &host.tags,
                    facts,
                    error,
                }
            })
            .collect();
        printer.json(&Listing { version: 1, hosts })?;
    } else {
        let mut table = Table::new(&[
            left("HOST"),
            left("REACHED AS"),
            right("LOAD"),
            right("MEMORY FREE").spare(),
            right("DISK FREE"),
            right("DATA-ROOT FREE"),
            right("INODES"),
            left("DOCKER"),
            prose("SLOTS, OR WHAT IS WRONG"),
        ]);
        for (host, facts) in &probed {
            let (name, way) = (host.name.to_string(), destination(host));
            let root = facts.as_ref().ok().and_then(|facts| facts.data_root.as_ref());
            match facts {
                Ok(facts) => table.row([
                    &name,
                    &way,
                    &format!("{}.{:02} / {}", facts.load / 100, facts.load % 100, facts.cpus),
                    &free(facts.memory),
                    &free(facts.disk),
                    &root.map_or_else(String::new, |root| free(root.bytes)),
                    &root.map_or_else(String::new, |root| share(root.inodes)),
                    match &facts.docker {
                        Program::Version(version) => version,
                        Program::Missing(_) => "none",
                    },
                    &slots(host, facts),
                ]),
                Err(error) => table.row([
                    &name,
                    &way,
                    "",
                    "",
                    "",
                    "",
                    "",
                    "",
                    &format!("✗ {}", error.bare()),
                ]),
            }
        }
        printer.data(&table.render(printer.width()))?;
    }
    Ok(if bad == 0 { exit::OK } else { exit::ENVIRONMENT })
}

fn destination(host: &HostConfig) -> String {
    match &host.reach {
        Reach::Ssh(destination) => destination.clone(),
        Reach::Local => "this machine".to_owned(),
    }
}

fn free((all, free): (u64, u64)) -> String {
    format!("{} of {}", words::bytes(free), words::bytes(all))
}

/// In hundredths, rounded down; nothing where a filesystem makes inodes as it needs them.
fn share((all, free): (u64, u64)) -> String {
    let hundredths = u128::from(free) * 100 / u128::from(all.max(1));
    if all == 0 {
        String::new()
    } else {
        format!("{hundredths} %")
    }
}

fn slots(host: &HostConfig, facts: &Facts) -> String {
    let held: Vec<String> = facts.slots.iter().flatten().map(ToString::to_string).collect();
    if held.is_empty() {
        format!("{} idle", host.slots)
    } else {
        format!("{} of {}: {}", held.len(), host.slots, held.join(", "))
    }
}
