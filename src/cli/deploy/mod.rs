//! `fleet deploy`: a harness tree to every host, as a version that is put in place with one rename.

mod host;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use futures::StreamExt as _;
use serde::Serialize;

use super::context::Context;
use super::harness::{self, chosen};
use super::printer::Printer;
use super::{CommandError, Kind, exit};
use crate::domain::deploy::Look;
use crate::domain::host::HostConfig;
use crate::domain::tree::{Tree, short};
use crate::domain::{HostName, Lock, Sha256};
use crate::report::text::printable;
use crate::report::words;
use host::{Deployment, Outcome};

/// Hosts that are sent to at a time: they share this machine's line.
const AT_ONCE: usize = 8;

/// Bring a harness tree to every host, as a version of its own that is put in place with one rename
///
/// The tree is sent beside the harness in use (what is equal is linked, not sent), compared byte for byte, set up if
/// fleet.toml says how, and only then put in its place; never while a job runs on the host. Keys and settings of the
/// host (config.toml, .env) are not copied from here: each version gets those of the one before. fleet.lock then
/// pins the tree. Can be repeated: what is there already is left alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet deploy ../OpenHands --dry-run
  fleet deploy ../OpenHands
  fleet deploy --versions             # what the hosts keep
  fleet deploy --rollback 3fa2c1")]
pub(super) struct Args {
    /// The tree; without it, `tree` under [harness] in fleet.toml
    #[arg(value_name = "DIR", conflicts_with_all = ["rollback", "versions"])]
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

/// One host.
#[derive(Debug, Serialize)]
struct Line {
    host: HostName,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    version: u32,
    tree: Sha256,
    dry_run: bool,
    hosts: &'a [Line],
}

pub(super) async fn run(
    args: &Args,
    context: &Context,
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    let hosts = chosen(&args.hosts, context)?;
    if args.versions {
        return versions(args, context, &hosts, printer).await;
    }
    let (source, lock, tree) = if let Some(word) = &args.rollback {
        (None, None, known(word, &kept(context, &hosts).await)?)
    } else {
        let (dir, tree) = local(args, context)?;
        let lock = harness::lock_of(context, &tree, &dir.display().to_string())?;
        let digest = lock.digest();
        (Some((dir, tree)), Some(lock), digest)
    };
    let settings = &context.config.harness;
    let deployment = Deployment {
        tree,
        source: source.as_ref().map(|(dir, tree)| (dir.as_path(), tree)),
        settings,
        replace: args.replace,
        keep: args.keep.unwrap_or(settings.keep),
        dry_run: args.dry_run,
        silence: context.config.ssh.silence,
    };
    let each = hosts.iter().map(|host| {
        let deployment = &deployment;
        async move {
            Line {
                host: host.name.clone(),
                outcome: deployment.bring(context, host).await,
            }
        }
    });
    let lines: Vec<Line> = futures::stream::iter(each).buffered(AT_ONCE).collect().await;
    if let Some(lock) = lock.filter(|_| lines.iter().any(|line| line.outcome.is_there())) {
        tell_pin(harness::pin(context, &lock, args.dry_run)?, &lock, args, printer);
    }
    if args.rollback.is_some() && !args.dry_run {
        pin_kept(context, &lines, tree, args, printer).await?;
    }
    if args.json {
        printer.json(&Report {
            version: 1,
            tree,
            dry_run: args.dry_run,
            hosts: &lines,
        })?;
    } else {
        printer.data(&lines.iter().map(text).collect::<String>())?;
    }
    Ok(summary(&lines, printer))
}

fn tell_pin(news: bool, lock: &Lock, args: &Args, printer: &Printer) {
    let version = short(lock.digest());
    match (news, args.dry_run) {
        (true, true) => printer.say(&format!("fleet.lock would pin version {version}")),
        (true, false) => printer.say(&format!("fleet.lock pins version {version}")),
        (false, _) => {}
    }
}

fn local(args: &Args, context: &Context) -> Result<(PathBuf, Tree), CommandError> {
    let dir = match (&args.tree, &context.config.harness.tree) {
        (Some(dir), _) => dir.clone(),
        (None, Some(dir)) => context.base.join(dir),
        (None, None) => {
            return Err(
                CommandError::new(Kind::Input, "nothing says what is to be deployed")
                    .hint("name the tree: `fleet deploy DIR`; or set `tree` under [harness] in fleet.toml"),
            );
        }
    };
    if !dir.is_dir() {
        return Err(CommandError::new(
            Kind::Input,
            format!("{} is no directory", dir.display()),
        ));
    }
    let tree = harness::read_tree(context, &dir)?;
    Ok((dir, tree))
}

/// The versions that each host has ready, or why nobody knows.
type Kept<'c> = Vec<(&'c HostConfig, Result<Vec<Sha256>, String>)>;

async fn kept<'c>(context: &'c Context, hosts: &[&'c HostConfig]) -> Kept<'c> {
    let each = hosts.iter().map(|host| async move {
        let versions = async {
            let mut call = harness::call(context, host).await?;
            let found = harness::look(&mut call, host, Look::Paths(Vec::new())).await;
            call.hang_up().await;
            found.map(|found| found.versions)
        };
        (*host, versions.await)
    });
    futures::future::join_all(each).await
}

/// The one version that the word begins.
fn known(word: &str, kept: &Kept<'_>) -> Result<Sha256, CommandError> {
    let all: BTreeSet<Sha256> = kept
        .iter()
        .filter_map(|(_, versions)| versions.as_ref().ok())
        .flatten()
        .copied()
        .collect();
    let meant: Vec<Sha256> = all
        .into_iter()
        .filter(|tree| !word.is_empty() && tree.to_string().starts_with(word))
        .collect();
    if let [tree] = meant[..] {
        return Ok(tree);
    }
    let errors = kept.iter().filter_map(|(host, versions)| {
        let why = versions.as_ref().err()?;
        Some(format!("{}: {why}", host.name))
    });
    Err(CommandError::new(
        Kind::Input,
        format!("`{word}` means {} of the versions that hosts keep", meant.len()),
    )
    .causes(errors)
    .hint("`fleet deploy --versions` lists them"))
}

async fn versions(
    args: &Args,
    context: &Context,
    hosts: &[&HostConfig],
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    let kept = kept(context, hosts).await;
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
                Err(why) => format!("✗ {}", printable(why)),
            };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{:<10} {told}", host.name);
        }
        printer.data(&text)?;
    }
    Ok(if bad == 0 { exit::OK } else { exit::ENVIRONMENT })
}

/// After a rollback, `fleet.lock` pins what the hosts went back to: one that has it tells what is in it.
async fn pin_kept(
    context: &Context,
    lines: &[Line],
    tree: Sha256,
    args: &Args,
    printer: &Printer,
) -> Result<(), CommandError> {
    let there = lines
        .iter()
        .filter(|line| matches!(line.outcome, Outcome::Current { .. } | Outcome::Switched { .. }));
    for host in there.filter_map(|line| context.config.host(&line.host)) {
        let Ok(mut call) = harness::call(context, host).await else {
            continue;
        };
        let all = Look::Whole(context.config.harness.exclude.clone());
        let found = harness::look(&mut call, host, all).await;
        call.hang_up().await;
        if let Some(found) = found.ok().filter(|found| found.tree.digest() == tree) {
            let lock = harness::lock_of(context, &found.tree, host.name.as_str())?;
            tell_pin(harness::pin(context, &lock, false)?, &lock, args, printer);
            return Ok(());
        }
    }
    Ok(())
}

fn text(line: &Line) -> String {
    let (mark, what) = (line.outcome.mark(), line.outcome.words());
    let mut text = format!("{mark} {:<10} {}\n", line.host, printable(&what));
    if let Some(way_out) = line.outcome.way_out() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {:<10} → {way_out}", "");
    }
    text
}

/// In a word, and as an exit code: what is wrong comes before what may not be, and that before what must wait.
fn summary(lines: &[Line], printer: &Printer) -> exit::VerbExit {
    let mut counts: BTreeMap<exit::VerbExit, usize> = BTreeMap::new();
    for line in lines {
        *counts.entry(line.outcome.exit_code()).or_default() += 1;
    }
    let of = |code: exit::VerbExit| counts.get(&code).copied().unwrap_or(0);
    let well = of(exit::OK);
    if well == lines.len() {
        let current = |line: &&Line| matches!(line.outcome, Outcome::Current { .. });
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
