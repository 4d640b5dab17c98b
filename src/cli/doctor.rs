//! `fleet doctor`: everything that a run depends on, checked here and on all hosts at once; what is wrong
//! comes with what to do.

use std::fmt::Write as _;

use serde::Serialize;

use super::context::Context;
use super::printer::Printer;
use super::{CommandError, exit, hosts};
use crate::domain::host::HostConfig;
use crate::domain::wire::{Facts, Program};
use crate::domain::{Epoch, Span};
use crate::doors::{clock, spawn};
use crate::report::text::printable;
use crate::report::words;
use crate::store::Store;
use crate::transport::LinkError;

/// A host whose disk has less than this free will soon fail jobs for no fault of theirs.
const DISK: u64 = 10 << 30;
/// Clocks further apart than this make ages in `status` misleading, and signed URLs invalid.
const SKEW: Span = Span::seconds(60);

/// Check everything that a run depends on: ssh, Docker, rsync, disk, clock, versions, the database
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet doctor
  fleet doctor --json | jq '.checks[] | select(.ok | not)'")]
pub(super) struct Args {
    /// Machine-readable
    #[arg(long)]
    json: bool,
}

/// One check.
#[derive(Debug, Serialize)]
struct Check {
    place: String,
    what: &'static str,
    ok: bool,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

#[derive(Debug, Serialize)]
struct Diagnosis<'a> {
    version: u32,
    checks: &'a [Check],
}

pub(super) async fn run(args: &Args, context: &Context, printer: &Printer) -> Result<u8, CommandError> {
    let mut checks = vec![
        program("ssh", "-V", "apt install openssh-client"),
        program("rsync", "--version", "apt install rsync"),
    ];
    checks.push(database(context).await);
    let containers = context
        .config
        .pipelines
        .iter()
        .any(|pipeline| pipeline.containers);
    for (host, facts) in hosts::probe(context).await {
        match facts {
            Ok(facts) => checks.extend(host_checks(host, &facts, containers)),
            Err(error) => checks.push(unreachable(host, &error)),
        }
    }
    let bad = checks.iter().filter(|check| !check.ok).count();
    if args.json {
        printer.json(&Diagnosis {
            version: 1,
            checks: &checks,
        })?;
    } else {
        printer.data(&text(&checks))?;
        printer.say(&match bad {
            0 => "all is well".to_owned(),
            bad => format!("{} to mend", words::count(bad, "thing", "things")),
        });
    }
    Ok(if bad == 0 { exit::OK } else { exit::ENVIRONMENT })
}

fn text(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let mark = if check.ok { '✓' } else { '✗' };
        let (place, what, found) = (&check.place, check.what, printable(&check.found));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{mark} {place:<10} {what:<9} {found}");
        if let Some(remedy) = &check.remedy {
            let _ = writeln!(text, "  {:<10} {:<9} → {remedy}", "", "");
        }
    }
    text
}

fn check(place: &str, what: &'static str, found: impl Into<String>, remedy: Option<String>) -> Check {
    Check {
        place: place.to_owned(),
        what,
        ok: remedy.is_none(),
        found: found.into(),
        remedy,
    }
}

/// A program on this machine.
fn program(name: &'static str, asks: &str, remedy: &str) -> Check {
    match spawn::command(name).arg(asks).output() {
        Ok(output) => {
            let said = if output.stdout.is_empty() {
                output.stderr
            } else {
                output.stdout
            };
            let said = String::from_utf8_lossy(&said);
            check("here", name, said.lines().next().unwrap_or_default().trim(), None)
        }
        Err(error) => check("here", name, error.to_string(), Some(remedy.to_owned())),
    }
}

/// The database: is it whole, and does the history in it lead to the state in it?
async fn database(context: &Context) -> Check {
    let remedy = || Some("move it away and run `fleet adopt`: it is rebuilt from the hosts".to_owned());
    let store = match Store::peek(&context.database()).await {
        Ok(Some(store)) => store,
        Ok(None) => {
            return check(
                "here",
                "database",
                "not there yet: nothing has been dispatched",
                None,
            );
        }
        Err(error) => return check("here", "database", error.to_string(), remedy()),
    };
    let faults = store.check().await;
    let (loaded, replayed) = (store.load(Epoch(0), &[]).await, store.replay(Epoch(0), &[]).await);
    match (faults, loaded, replayed) {
        (Ok(faults), Ok(loaded), Ok(replayed)) if faults.is_empty() && loaded.same_facts(&replayed) => check(
            "here",
            "database",
            format!("whole; {}", words::jobs(loaded.jobs().count())),
            None,
        ),
        (Ok(faults), Ok(_), Ok(_)) if faults.is_empty() => check(
            "here",
            "database",
            "its history does not lead to its state",
            remedy(),
        ),
        (Ok(faults), Ok(_), Ok(_)) => check("here", "database", faults.join("; "), remedy()),
        (Err(error), _, _) | (_, Err(error), _) | (_, _, Err(error)) => {
            check("here", "database", error.to_string(), remedy())
        }
    }
}

fn unreachable(host: &HostConfig, error: &LinkError) -> Check {
    let remedy = error
        .hint()
        .unwrap_or_else(|| "is it up? try `ssh` by hand".to_owned());
    check(host.name.as_str(), "link", error.bare().to_string(), Some(remedy))
}

fn host_checks(host: &HostConfig, facts: &Facts, containers: bool) -> Vec<Check> {
    let name = host.name.as_str();
    let skew = Span((facts.now.0 - clock::now().0).unsigned_abs());
    let low = |free: u64, least: u64, remedy: &str| (free < least).then(|| remedy.to_owned());
    let mut checks = vec![
        check(
            name,
            "link",
            format!(
                "fleet {} on {} ({})",
                env!("CARGO_PKG_VERSION"),
                facts.hostname,
                facts.os
            ),
            None,
        ),
        version(
            name,
            "rsync",
            &facts.rsync,
            Some("install it there (apt install rsync): results come home with it"),
        ),
        version(
            name,
            "docker",
            &facts.docker,
            containers.then_some(
                "install it there (apt install docker.io) and add the user to group docker; or start it",
            ),
        ),
        check(
            name,
            "disk",
            format!(
                "{} free of {}",
                words::bytes(facts.disk.1),
                words::bytes(facts.disk.0)
            ),
            low(
                facts.disk.1,
                DISK.min(facts.disk.0 / 20),
                "free some space there (docker system df; old results)",
            ),
        ),
        check(
            name,
            "inodes",
            format!("{} free of {}", facts.inodes.1, facts.inodes.0),
            low(
                facts.inodes.1,
                facts.inodes.0 / 50,
                "remove many small files there",
            ),
        ),
        check(
            name,
            "clock",
            format!("{skew} apart from here"),
            (skew > SKEW).then(|| "set the clock there (timedatectl set-ntp true)".to_owned()),
        ),
    ];
    if facts.arch != host.arch {
        checks.push(check(
            name,
            "arch",
            format!("it is {}, fleet.toml says {}", facts.arch, host.arch),
            Some("correct `arch` of the host in fleet.toml".to_owned()),
        ));
    }
    checks
}

/// A program on a host; without a remedy it is good to know, and no more.
fn version(place: &str, what: &'static str, program: &Program, remedy: Option<&str>) -> Check {
    match program {
        Program::Version(version) => check(place, what, version.clone(), None),
        Program::Missing(why) => check(place, what, why.clone(), remedy.map(str::to_owned)),
    }
}
