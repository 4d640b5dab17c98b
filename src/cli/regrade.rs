//! `fleet regrade`: grade collected results again, from their bytes alone.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use super::printer::Printer;
use super::{Cli, exit};
use crate::report::table::{Table, left};
use crate::report::words;
use crate::service::regrade::{self, BriefVerdict, RegradeRules, RegradedResult};
use crate::service::{Problem, Project};

/// Grade collected results again, offline, and show what changes
///
/// Needs neither database nor hosts nor network: the same results give the same verdicts on any machine. Writes
/// verdict.json beside each result whose verdict changed. With --compat nothing is written: it shows what
/// another grader would have said.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet regrade
  fleet regrade results/phase8 --dry-run
  fleet regrade --compat velora-head --json copied/results")]
pub(super) struct Args {
    /// Directories of results; without any, those of fleet.toml
    #[arg(value_name = "DIR")]
    dirs: Vec<PathBuf>,
    /// Compare with the rules of another grader
    #[arg(long, value_name = "GRADER")]
    compat: Option<Other>,
    /// Show what would change; write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print all results as JSON
    #[arg(long)]
    json: bool,
}

/// Other graders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Other {
    /// The evaluator of the Velora harness, its errors included
    VeloraHead,
}

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    graded: usize,
    changed: usize,
    results: &'a [RegradedResult],
}

pub(super) fn run(args: &Args, cli: &Cli, printer: &Printer) -> Result<exit::VerbExit, Problem> {
    let dirs = if args.dirs.is_empty() {
        vec![Project::load(&cli.config, cli.ssh_config.as_deref())?.results]
    } else {
        args.dirs.clone()
    };
    let rules = match args.compat {
        None => RegradeRules::Own,
        Some(Other::VeloraHead) => RegradeRules::VeloraHead,
    };
    let regraded = regrade::regrade_results(&dirs, rules, args.dry_run)?;
    let lines = &regraded.results;
    let changed = lines.iter().filter(|line| line.changed).count();
    if args.json {
        printer.json(&Report {
            version: 1,
            graded: lines.len(),
            changed,
            results: lines,
        })?;
    } else {
        printer.data(&table(lines, printer.width()))?;
    }
    let did = if args.dry_run || args.compat.is_some() {
        "would change"
    } else {
        "changed"
    };
    printer.say(&format!(
        "{} graded again, {changed} {did}",
        words::count(lines.len(), "result", "results")
    ));
    regraded.check_complete()?;
    Ok(exit::OK)
}

fn table(lines: &[RegradedResult], most: Option<usize>) -> String {
    let mut table = Table::new(&[left("result"), left("was"), left("is"), left("why")]);
    let word = |brief: &Option<BriefVerdict>| brief.as_ref().map_or("-", |brief| brief.decision.word());
    for line in lines.iter().filter(|line| line.changed) {
        let why = line.now.as_ref().and_then(|now| now.why.as_deref());
        table.row([
            line.path.as_str(),
            word(&line.was),
            word(&line.now),
            why.unwrap_or_default(),
        ]);
    }
    table.render(most)
}
