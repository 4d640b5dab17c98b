//! `fleet hosts`: every host of `fleet.toml`, and how it feels.

use serde::Serialize;

use super::exit;
use super::printer::Printer;
use crate::domain::Span;
use crate::domain::wire::{Facts, Program};
use crate::report::table::{Table, left, name, prose, right};
use crate::report::words;
use crate::service::host_states::{self, HostState};
use crate::service::{Problem, Project};

/// List the hosts: reachable or not, load, memory, disks, Docker, who holds the slots
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet hosts
  fleet hosts --wait 5s       # leaves alone what is slow to answer; a host that gets its runner needs longer
  fleet hosts --json | jq '.hosts[] | select(.error)'")]
pub(super) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// How long to wait for the answer of a host
    #[arg(long, value_name = "TIME", default_value = "60s")]
    wait: Span,
}

/// The JSON form.
#[derive(Debug, Serialize)]
struct Listing<'a> {
    version: u32,
    hosts: Vec<HostState<'a>>,
}

pub(super) async fn run(
    args: &Args,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let lines = host_states::ask_hosts(args.wait, project).await;
    let bad = lines.iter().filter(|line| line.error.is_some()).count();
    if args.json {
        printer.json(&Listing {
            version: 1,
            hosts: lines,
        })?;
    } else {
        printer.data(&table(&lines).render(printer.width()))?;
    }
    Ok(if bad == 0 { exit::OK } else { exit::ENVIRONMENT })
}

/// Where room is short, these go first: what can be looked up elsewhere, then what is seldom short.
fn table(lines: &[HostState<'_>]) -> Table {
    let mut table = Table::new(&[
        left("host"),
        name("reached as").spare_at(3),
        right("load").spare_at(6),
        right("memory free").spare_at(5),
        right("disk free").spare_at(7),
        right("data-root free").spare_at(4),
        right("inodes").spare_at(1),
        left("docker").spare_at(2),
        prose("slots, or what is wrong").readable(44),
    ]);
    for line in lines {
        let facts = line.facts.as_ref();
        let root = facts.and_then(|facts| facts.data_root.as_ref());
        let said = |say: &dyn Fn(&Facts) -> String| facts.map(say).unwrap_or_default();
        let (error, held) = (line.error.as_ref(), line.held.as_ref());
        let error = error.map(|error| format!("✗ {error}"));
        let is_free = error.is_none() && held.is_none();
        let slots = facts.and_then(|facts| slots(line.slots, facts, is_free));
        let now: Vec<String> = error.into_iter().chain(slots).chain(held.cloned()).collect();
        table.row([
            line.name.as_str(),
            &line.destination,
            &said(&|facts| format!("{}.{:02} / {}", facts.load / 100, facts.load % 100, facts.cpus)),
            &said(&|facts| free(facts.memory)),
            &said(&|facts| free(facts.disk)),
            &root.map_or_else(String::new, |root| free(root.bytes)),
            &root.map_or_else(String::new, |root| share(root.inodes)),
            &said(&|facts| match &facts.docker {
                Program::Version(version) => version.clone(),
                Program::Missing(_) => "none".to_owned(),
            }),
            &now.join("; "),
        ]);
    }
    table
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

/// What the slots do. A host that takes no job is not idle.
fn slots(slots: u32, facts: &Facts, is_free: bool) -> Option<String> {
    let held: Vec<String> = facts.slots.iter().flatten().map(ToString::to_string).collect();
    if held.is_empty() {
        return is_free.then(|| format!("{slots} idle"));
    }
    Some(format!("{} of {slots}: {}", held.len(), held.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::HostName;
    use crate::report::text;
    use crate::service::host_states::engine_fault;

    fn facts(docker: Program) -> Facts {
        let gigabytes = 1_000_000_000;
        Facts {
            arch: "x86_64".to_owned(),
            os: "Linux 6.1".to_owned(),
            cpus: 16,
            memory: (64 * gigabytes, 48 * gigabytes),
            disk: (900 * gigabytes, 412 * gigabytes),
            inodes: (100, 50),
            data_root: None,
            load: 123,
            now: crate::domain::Timestamp(0),
            rsync: Program::Version("3.2.7".to_owned()),
            docker,
            slots: Vec::new(),
            epoch: crate::domain::Epoch(1),
            hostname: "eval1".to_owned(),
        }
    }

    fn line<'a>(
        name: &'a HostName,
        facts: Option<Facts>,
        error: Option<&str>,
        held: Option<&str>,
    ) -> HostState<'a> {
        HostState {
            name,
            destination: format!("ubuntu@{name}.compute.internal"),
            slots: 2,
            tags: &[],
            facts,
            error: error.map(str::to_owned),
            held: held.map(str::to_owned),
        }
    }

    #[test]
    fn a_host_is_idle_only_if_a_job_could_start_there_and_no_line_is_too_wide() {
        let names: Vec<HostName> = ["eval1", "eval2", "eval3"]
            .iter()
            .map(|name| name.parse().unwrap())
            .collect();
        let engine = || Program::Version("27.3.1".to_owned());
        let gone = facts(Program::Missing("Cannot connect to the Docker daemon".to_owned()));
        let why = engine_fault(&gone, true);
        assert!(
            why.is_some()
                && engine_fault(&gone, false).is_none()
                && engine_fault(&facts(engine()), true).is_none()
        );
        let lines = [
            line(&names[0], Some(facts(engine())), None, Some("paused: new disk")),
            line(&names[1], Some(gone), why.as_deref(), None),
            line(&names[2], None, Some("no answer in 10s"), None),
        ];
        for most in [60, 80, 120, 200] {
            let text = table(&lines).render(Some(most));
            assert!(
                text.lines().all(|line| text::width(line) <= most),
                "{most}:\n{text}"
            );
            assert!(!text.contains("idle"), "{text}");
            assert!(
                text.contains("no answer in 10s") && text.contains("Docker does not"),
                "{text}"
            );
            assert!(text.contains("paused: new"), "{text}");
        }
        assert!(table(&lines).render(None).contains("412.0 GB of 900.0 GB"));
    }
}
