//! What verbs have in common that change facts of the fleet: `--dry-run`, `--json`, and what they print.

use serde::Serialize;

use super::printer::Printer;
use crate::service::commands::{self, PlannedCommand};
use crate::service::{Problem, Project};
use crate::text::sanitize_line;

/// What verbs that act on the fleet's facts have in common.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct How {
    /// Show what would be done; change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Serialize)]
struct Done<'a> {
    version: u32,
    dry_run: bool,
    what: Vec<&'a str>,
}

/// Does all of it, or shows what it would be. Nothing to do is no failure.
pub(super) async fn perform(
    how: How,
    planned: &[PlannedCommand],
    nothing: &str,
    project: &Project,
    printer: &Printer,
) -> Result<(), Problem> {
    if !how.dry_run {
        commands::submit_planned(project, planned).await?;
    }
    if how.json {
        return printer.json(&Done {
            version: 1,
            dry_run: how.dry_run,
            what: planned.iter().map(|one| one.what.as_str()).collect(),
        });
    }
    for one in planned {
        let would = if how.dry_run { "would be: " } else { "" };
        printer.data(&format!("{would}{}\n", sanitize_line(&one.what)))?;
    }
    if planned.is_empty() {
        printer.say(nothing);
    }
    Ok(())
}
