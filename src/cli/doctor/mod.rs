//! `fleet doctor`: everything that a run depends on, checked here and on all hosts at once; what is wrong
//! comes with what to do.

mod advice;
mod facts;
mod here;
mod host;

use std::fmt::Write as _;

use serde::Serialize;

use super::context::Context;
use super::printer::Printer;
use super::{CommandError, exit};
use crate::report::text::printable;
use crate::report::words;

/// Check everything that a run depends on, here and on all hosts at once; what is wrong comes with what to do
///
/// Here: ssh, rsync, the database, the results' disk, keys, the store of images. On each host: the link, Docker, disk,
/// memory, clock, and the harness with its files, Python, settings and keys, where a pipeline needs them. With
/// --fix it mends what is safe to mend, and says what that was: the leftovers of attempts that have ended, and
/// rights of others on keys.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet doctor
  fleet doctor --fix --dry-run
  fleet doctor --json | jq '.checks[] | select(.ok | not)'")]
pub(super) struct Args {
    /// Mend what is safe to mend
    #[arg(long)]
    fix: bool,
    /// With --fix: say what would be mended; mend nothing
    #[arg(long, requires = "fix")]
    dry_run: bool,
    /// Print JSON
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
    /// What --fix does about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
    /// It has been done.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    fixed: bool,
}

#[derive(Debug, Serialize)]
struct Diagnosis<'a> {
    version: u32,
    checks: &'a [Check],
}

pub(super) async fn run(
    args: &Args,
    context: &Context,
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    let wish = host::Wish::new(context, args.fix && !args.dry_run);
    let hosts = futures::future::join_all(
        context
            .config
            .hosts
            .iter()
            .map(|config| host::checks(context, config, &wish)),
    );
    let (mut checks, hosts) = futures::join!(here::checks(context), hosts);
    checks.extend(hosts.into_iter().flatten());
    let bad = checks.iter().filter(|check| !check.ok).count();
    if args.json {
        printer.json(&Diagnosis {
            version: 1,
            checks: &checks,
        })?;
    } else {
        printer.data(&text(&checks, args))?;
        printer.say(&match bad {
            0 => "all is well".to_owned(),
            bad => format!("{} to mend", words::count(bad, "thing", "things")),
        });
    }
    Ok(if bad == 0 { exit::OK } else { exit::ENVIRONMENT })
}

fn text(checks: &[Check], args: &Args) -> String {
    let mut text = String::new();
    for check in checks {
        let mark = if check.ok { '✓' } else { '✗' };
        let (place, what, found) = (&check.place, check.what, printable(&check.found));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{mark} {place:<10} {what:<9} {found}");
        let more = match (&check.fix, &check.remedy) {
            (Some(fix), _) if check.fixed => Some(format!("fixed: {}", printable(fix))),
            (Some(fix), _) if args.dry_run => Some(format!("would {}", printable(fix))),
            (_, Some(remedy)) => Some(remedy.clone()),
            (_, None) => None,
        };
        if let Some(more) = more {
            let _ = writeln!(text, "  {:<10} {:<9} → {more}", "", "");
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
        fix: None,
        fixed: false,
    }
}
