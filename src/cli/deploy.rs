//! `fleet deploy`: a harness tree to every host, as a version that is put in place with one rename.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use super::exit;
use super::printer::Printer;
use crate::domain::tree::short;
use crate::domain::{HostName, Sha256};
use crate::report::words;
use crate::service::deploy::{self, DeployRequest, DeployedHost};
use crate::service::deploy_host::DeployOutcome;
use crate::service::{Problem, Project};
use crate::text::sanitize_line;

/// Bring a harness tree to every host, as a version that is put in place at once
///
/// The tree is sent beside the harness in use (what is equal is linked, not sent), compared byte for byte, set up if
/// fleet.toml says how, and only then put in its place with one rename; never while a job runs on the host. Keys and settings of the
/// host (config.toml, .env) are not copied from here: each version gets those of the one before. fleet.lock then
/// pins the tree. Can be repeated: what is there already is left alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet deploy ../OpenHands --dry-run
  fleet deploy ../OpenHands
  fleet deploy --versions             # what the hosts keep
  fleet deploy --rollback 3fa2c1")]
pub(super) struct Args {
    // Not as a comment: rustdoc would take the brackets for a link.
    #[arg(
        help = "The tree; without it, `tree` under [harness] in fleet.toml",
        value_name = "DIR",
        conflicts_with_all = ["rollback", "versions"]
    )]
    tree: Option<PathBuf>,
    /// Only these hosts
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<HostName>,
    /// Move aside a harness that `fleet` did not bring
    #[arg(long)]
    replace: bool,
    /// Go back to this version, which hosts have kept; the first digits are enough
    #[arg(long, value_name = "VERSION", conflicts_with = "versions")]
    rollback: Option<String>,
    /// List the versions on the hosts
    #[arg(long)]
    versions: bool,
    /// Versions kept beside the one in use; without it, `keep` of fleet.toml
    #[arg(long, value_name = "N")]
    keep: Option<u32>,
    /// Say what would be done; do nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    version: u32,
    tree: Sha256,
    dry_run: bool,
    hosts: &'a [DeployedHost],
}

pub(super) async fn run(
    args: &Args,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    if args.versions {
        return versions(args, project, printer).await;
    }
    let request = DeployRequest {
        tree: args.tree.clone(),
        hosts: args.hosts.clone(),
        replace: args.replace,
        rollback: args.rollback.clone(),
        keep: args.keep,
        dry_run: args.dry_run,
    };
    let end = deploy::deploy_harness(&request, project, printer).await?;
    if args.json {
        printer.json(&Report {
            version: 1,
            tree: end.tree,
            dry_run: args.dry_run,
            hosts: &end.hosts,
        })?;
    } else {
        printer.data(&end.hosts.iter().map(text).collect::<String>())?;
    }
    Ok(summary(&end.hosts, printer))
}

async fn versions(args: &Args, project: &Project, printer: &Printer) -> Result<exit::VerbExit, Problem> {
    let kept = deploy::list_versions(&args.hosts, project).await?;
    let bad = kept.iter().filter(|(_, versions)| versions.is_err()).count();
    if args.json {
        let hosts: Vec<_> = kept
            .iter()
            .map(|(host, versions)| match versions {
                Ok(versions) => serde_json::json!({ "host": host.name, "versions": versions }),
                Err(why) => serde_json::json!({ "host": host.name, "error": why }),
            })
            .collect();
        printer.json(&serde_json::json!({ "version": 1, "hosts": hosts }))?;
    } else {
        let mut text = String::new();
        for (host, versions) in &kept {
            let told = match versions {
                Ok(versions) if versions.is_empty() => "none".to_owned(),
                Ok(versions) => versions
                    .iter()
                    .map(|tree| short(*tree))
                    .collect::<Vec<_>>()
                    .join(" "),
                Err(why) => format!("✗ {}", sanitize_line(why)),
            };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{:<10} {told}", host.name);
        }
        printer.data(&text)?;
    }
    Ok(if bad == 0 { exit::OK } else { exit::ENVIRONMENT })
}

fn text(line: &DeployedHost) -> String {
    let (mark, what) = (mark(&line.outcome), line.outcome.describe());
    let mut text = format!("{mark} {:<10} {}\n", line.host, sanitize_line(&what));
    if let Some(way_out) = line.outcome.way_out() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {:<10} → {way_out}", "");
    }
    text
}

fn mark(outcome: &DeployOutcome) -> char {
    match outcome {
        DeployOutcome::Current { .. } | DeployOutcome::Switched { .. } => '✓',
        DeployOutcome::WouldSwitch { .. } | DeployOutcome::Busy { .. } => '·',
        DeployOutcome::Occupied { .. } | DeployOutcome::Failed { .. } => '✗',
    }
}

fn exit_code(outcome: &DeployOutcome) -> exit::VerbExit {
    match outcome {
        DeployOutcome::Current { .. }
        | DeployOutcome::Switched { .. }
        | DeployOutcome::WouldSwitch { .. } => exit::OK,
        DeployOutcome::Busy { .. } => exit::INCOMPLETE,
        DeployOutcome::Occupied { .. } => exit::REFUSED,
        DeployOutcome::Failed { .. } => exit::ENVIRONMENT,
    }
}

/// In a word, and as an exit code: what is wrong comes before what may not be, and that before what must wait.
fn summary(lines: &[DeployedHost], printer: &Printer) -> exit::VerbExit {
    let mut counts: BTreeMap<exit::VerbExit, usize> = BTreeMap::new();
    for line in lines {
        *counts.entry(exit_code(&line.outcome)).or_default() += 1;
    }
    let of = |code: exit::VerbExit| counts.get(&code).copied().unwrap_or(0);
    let well = of(exit::OK);
    if well == lines.len() {
        let current = |line: &&DeployedHost| matches!(line.outcome, DeployOutcome::Current { .. });
        if lines.iter().filter(current).count() == lines.len() {
            printer.say("nothing to do");
        }
        return exit::OK;
    }
    printer.say(&format!(
        "{} of {} have it",
        well,
        words::count(lines.len(), "host", "hosts")
    ));
    [exit::ENVIRONMENT, exit::REFUSED, exit::INCOMPLETE]
        .into_iter()
        .find(|code| of(*code) > 0)
        .unwrap_or(exit::INTERNAL)
}
