//! `fleet verify`: is the harness on every host the one that `fleet.lock` pins?

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::context::Context;
use super::harness::{self, chosen};
use super::printer::Printer;
use super::{CommandError, Kind, exit};
use crate::domain::deploy::{Look, Place};
use crate::domain::host::HostConfig;
use crate::domain::tree::{Drift, Profile, Tree, short};
use crate::domain::{HostName, Lock, Sha256};
use crate::report::text::printable;
use crate::report::words;

/// Most files that are shown of one host; `--json` has all.
const SHOWN: usize = 20;

/// Compare the harness on every host, byte for byte, with the one that fleet.lock pins
///
/// Looks at the critical files (four, unless fleet.toml names others), with --tree at all files. With --pin it
/// writes fleet.lock from the harness of a host, or from a directory.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet verify
  fleet verify --tree eval1 eval2
  fleet verify --pin eval1      # what eval1 has is right
  fleet verify --json | jq '.hosts[] | select(.ok | not)'")]
pub(super) struct Args {
    /// Only these hosts
    #[arg(value_name = "HOST")]
    hosts: Vec<HostName>,
    /// All files, not only the critical ones
    #[arg(long)]
    tree: bool,
    /// Write fleet.lock from this host's harness, or from this directory; without a value, from `tree` of fleet.toml
    #[arg(long, value_name = "HOST|DIR", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["hosts", "tree"])]
    pin: Option<String>,
    /// With --pin: say what would be pinned; write nothing
    #[arg(long, requires = "pin")]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One host.
#[derive(Debug, Serialize)]
struct Line {
    host: HostName,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Sha256>,
    drift: Vec<Drift>,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    version: u32,
    tree: Sha256,
    profile: Sha256,
    looked_at: &'static str,
    hosts: &'a [Line],
}

pub(super) async fn run(
    args: &Args,
    context: &Context,
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    if let Some(from) = &args.pin {
        return pin(from, args, context, printer).await;
    }
    let hosts = chosen(&args.hosts, context)?;
    let lock = harness::read_lock(context)?.ok_or_else(|| {
        CommandError::new(
            Kind::Input,
            format!(
                "{} is not there: no harness is pinned",
                harness::lock_path(context).display()
            ),
        )
        .hint("`fleet verify --pin HOST` pins what a good host has; `fleet deploy` pins what it brings")
    })?;
    let looks = hosts
        .into_iter()
        .map(|host| line(context, host, &lock, args.tree));
    let lines = futures::future::join_all(looks).await;
    let bad = lines.iter().filter(|line| !line.ok).count();
    if args.json {
        printer.json(&Report {
            version: 1,
            tree: lock.digest(),
            profile: lock.profile(),
            looked_at: if args.tree { "tree" } else { "critical" },
            hosts: &lines,
        })?;
    } else {
        let all = if args.tree {
            lock.tree().0.len()
        } else {
            lock.critical().len()
        };
        printer.data(&lines.iter().map(|line| text(line, all)).collect::<String>())?;
        printer.say(&match bad {
            0 => format!("every host has version {}", short(lock.digest())),
            bad => format!(
                "{} not what fleet.lock pins ({})",
                words::count(bad, "host is", "hosts are"),
                short(lock.digest())
            ),
        });
        if lines.iter().any(|line| !line.drift.is_empty()) {
            printer.say(
                "hint: `fleet deploy` brings the right harness; if a host is right, `fleet verify --pin HOST`",
            );
        }
    }
    Ok(if bad == 0 { exit::OK } else { exit::ENVIRONMENT })
}

async fn line(context: &Context, host: &HostConfig, lock: &Lock, whole: bool) -> Line {
    let mut line = Line {
        host: host.name.clone(),
        ok: false,
        error: None,
        place: None,
        profile: None,
        drift: Vec::new(),
    };
    match compare(context, host, lock, whole).await {
        Ok((place, profile, drift)) => {
            line.ok = drift.is_empty();
            line.profile = Some(profile);
            line.drift = drift;
            if place == Place::Absent {
                line.ok = false;
                line.error = Some("there is no harness".to_owned());
            }
            line.place = Some(place);
        }
        Err(why) => line.error = Some(why),
    }
    line
}

/// What lies there, and what differs.
async fn compare(
    context: &Context,
    host: &HostConfig,
    lock: &Lock,
    whole: bool,
) -> Result<(Place, Sha256, Vec<Drift>), String> {
    let mut call = harness::call(context, host).await?;
    let files = if whole {
        Look::Whole(context.config.harness.exclude.clone())
    } else {
        Look::Paths(lock.critical().to_vec())
    };
    let found = harness::look(&mut call, host, files).await;
    call.hang_up().await;
    let mut found = found?;
    let tree = match found.place {
        Place::Version(tree) => Some(tree),
        Place::Absent | Place::Directory | Place::Link(_) | Place::Other => None,
    };
    let critical = found.tree.part(lock.critical());
    let profile = Profile::of(lock.critical(), &critical, tree).id;
    found.tree.0.append(&mut found.unknown.0);
    let expected = if whole {
        lock.tree()
    } else {
        lock.tree().part(lock.critical())
    };
    let drift = if found.place == Place::Absent {
        Vec::new()
    } else {
        expected.drift(&found.tree)
    };
    Ok((found.place, profile, drift))
}

fn text(line: &Line, all: usize) -> String {
    let host = line.host.as_str();
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = match (&line.error, line.drift.len()) {
        (Some(why), _) => writeln!(text, "✗ {host:<10} {}", printable(why)),
        (None, 0) => {
            let version = match &line.place {
                Some(Place::Version(tree)) => format!("; version {}", short(*tree)),
                _ => String::new(),
            };
            writeln!(
                text,
                "✓ {host:<10} {} as pinned{version}",
                words::count(all, "file is", "files are")
            )
        }
        (None, n) => writeln!(
            text,
            "✗ {host:<10} {}",
            words::count(n, "file differs", "files differ")
        ),
    };
    for drift in line.drift.iter().take(SHOWN) {
        let what = match (drift.expected, drift.found) {
            (Some(expected), Some(found)) => format!("expected {expected}\n{:15}found    {found}", ""),
            (Some(expected), None) => format!("expected {expected}\n{:15}found    nothing", ""),
            (None, Some(found)) => format!("expected nothing\n{:15}found    {found}", ""),
            (None, None) => String::new(),
        };
        let _ = writeln!(text, "  {:10} {}\n{:15}{what}", "", printable(&drift.path), "");
    }
    if line.drift.len() > SHOWN {
        let _ = writeln!(text, "  {:10} and {} more", "", line.drift.len() - SHOWN);
    }
    text
}

/// Writes `fleet.lock` from what is right.
async fn pin(
    from: &str,
    args: &Args,
    context: &Context,
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    let (tree, name) = source(from, context).await?;
    let lock = harness::lock_of(context, &tree, &name)?;
    let news = harness::pin(context, &lock, args.dry_run)?;
    if args.json {
        printer.json(&serde_json::json!({
            "version": 1, "tree": lock.digest(), "profile": lock.profile(), "files": tree.0.len(), "changed": news,
        }))?;
    }
    let what = format!(
        "version {} ({}), profile {}",
        short(lock.digest()),
        words::count(tree.0.len(), "file", "files"),
        short(lock.profile())
    );
    printer.say(&match (news, args.dry_run) {
        (false, _) => format!("nothing to do: fleet.lock pins {what} already"),
        (true, true) => format!("would pin {what}, of {name}"),
        (true, false) => format!("fleet.lock pins {what}, of {name}"),
    });
    Ok(exit::OK)
}

async fn source(from: &str, context: &Context) -> Result<(Tree, String), CommandError> {
    let named = from.parse::<HostName>().ok();
    if let Some(host) = named.and_then(|name| context.config.host(&name)) {
        let failed = |why: String| {
            CommandError::new(
                Kind::Environment,
                format!("cannot look at the harness of {}", host.name),
            )
            .causes([why])
        };
        let mut call = harness::call(context, host).await.map_err(failed)?;
        let look = Look::Whole(context.config.harness.exclude.clone());
        let found = harness::look(&mut call, host, look).await;
        call.hang_up().await;
        return Ok((found.map_err(failed)?.tree, host.name.to_string()));
    }
    let dir = match (from, &context.config.harness.tree) {
        ("", Some(tree)) => context.base.join(tree),
        ("", None) => {
            return Err(
                CommandError::new(Kind::Input, "nothing says what is to be pinned")
                    .hint("name a host or a directory, or set `tree` under [harness] in fleet.toml"),
            );
        }
        (dir, _) => Path::new(dir).to_owned(),
    };
    if !dir.is_dir() {
        return Err(
            CommandError::new(Kind::Input, format!("`{from}` is neither a host nor a directory"))
                .hint("`fleet hosts` lists the hosts"),
        );
    }
    Ok((harness::read_tree(context, &dir)?, dir.display().to_string()))
}
