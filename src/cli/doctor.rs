//! `fleet doctor`: everything that a run depends on, checked here and on all hosts at once; what is wrong
//! comes with what to do.

use std::fmt::Write as _;

use serde::Serialize;

use super::exit;
use super::printer::Printer;
use crate::report::words;
use crate::service::doctor::{self, HealthCheck};
use crate::service::{Problem, Project};
use crate::text::sanitize_line;

/// Check everything that a run depends on, and say how to repair what is wrong
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

#[derive(Debug, Serialize)]
struct Diagnosis<'a> {
    version: u32,
    checks: &'a [HealthCheck],
}

pub(super) async fn run(
    args: &Args,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let checks = doctor::check_everything(args.fix && !args.dry_run, project).await;
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

fn text(checks: &[HealthCheck], args: &Args) -> String {
    let mut text = String::new();
    for check in checks {
        let mark = if check.ok { '✓' } else { '✗' };
        let (place, what, found) = (&check.place, check.what, sanitize_line(&check.found));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{mark} {place:<10} {what:<9} {found}");
        let more = match (&check.fix, &check.remedy) {
            (Some(fix), _) if check.fixed => Some(format!("fixed: {}", sanitize_line(fix))),
            (Some(fix), _) if args.dry_run => Some(format!("would {}", sanitize_line(fix))),
            (_, Some(remedy)) => Some(remedy.clone()),
            (_, None) => None,
        };
        if let Some(more) = more {
            let _ = writeln!(text, "  {:<10} {:<9} → {more}", "", "");
        }
    }
    text
}
