//! `fleet verify`: is the harness on every host the one that `fleet.lock` pins?

use std::fmt::Write as _;

use serde::Serialize;

use super::exit;
use super::printer::Printer;
use crate::domain::deploy::Place;
use crate::domain::tree::short;
use crate::domain::{HostName, Sha256};
use crate::report::words;
use crate::service::verify::{self, HostHarness};
use crate::service::{Problem, Project};
use crate::text::sanitize_line;

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

#[derive(Debug, Serialize)]
struct Report<'a> {
    version: u32,
    tree: Sha256,
    profile: Sha256,
    looked_at: &'static str,
    hosts: &'a [HostHarness],
}

pub(super) async fn run(
    args: &Args,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    if let Some(from) = &args.pin {
        return pin(from, args, project, printer).await;
    }
    let (lock, lines) = verify::verify_hosts(&args.hosts, args.tree, project).await?;
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

fn text(line: &HostHarness, all: usize) -> String {
    let host = line.host.as_str();
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = match (&line.error, line.drift.len()) {
        (Some(why), _) => writeln!(text, "✗ {host:<10} {}", sanitize_line(why)),
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
        let _ = writeln!(
            text,
            "  {:10} {}\n{:15}{what}",
            "",
            sanitize_line(&drift.path),
            ""
        );
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
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let pinned = verify::pin_harness(from, args.dry_run, project).await?;
    let (lock, files, name, news) = (&pinned.lock, pinned.files, &pinned.from, pinned.is_new);
    if args.json {
        printer.json(&serde_json::json!({
            "version": 1, "tree": lock.digest(), "profile": lock.profile(), "files": files, "changed": news,
        }))?;
    }
    let what = format!(
        "version {} ({}), profile {}",
        short(lock.digest()),
        words::count(files, "file", "files"),
        short(lock.profile())
    );
    printer.say(&match (news, args.dry_run) {
        (false, _) => format!("nothing to do: fleet.lock pins {what} already"),
        (true, true) => format!("would pin {what}, of {name}"),
        (true, false) => format!("fleet.lock pins {what}, of {name}"),
    });
    Ok(exit::OK)
}
