//! `fleet regrade`: grade collected results again, from their bytes alone.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Serialize;

use super::context::Context;
use super::printer::Printer;
use super::verdicts::{self, VERDICT};
use super::{Cli, CommandError, Kind, exit};
use crate::case::{Case, Judgement};
use crate::collect::ResultFile;
use crate::domain::Verdict;
use crate::domain::verdict::{Decision, Outcome};
use crate::grade::Compat;
use crate::report::table::{Table, left};
use crate::report::words;

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

/// One result.
#[derive(Debug, Serialize)]
struct Line {
    path: String,
    was: Option<Brief>,
    now: Option<Brief>,
    changed: bool,
}

/// A verdict, as far as it is compared.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Brief {
    decision: Decision,
    outcome: Outcome,
    fail_to_pass: (u32, u32),
    pass_to_pass: (u32, u32),
    why: Option<String>,
}

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    graded: usize,
    changed: usize,
    results: &'a [Line],
}

pub(super) fn run(args: &Args, cli: &Cli, printer: &Printer) -> Result<exit::VerbExit, CommandError> {
    let dirs = if args.dirs.is_empty() {
        vec![Context::load(&cli.config, cli.ssh_config.as_deref())?.results]
    } else {
        args.dirs.clone()
    };
    let (mut lines, mut complaints) = (Vec::new(), Vec::new());
    for dir in &dirs {
        let mut homes = Vec::new();
        find(dir, &mut homes).map_err(|error| {
            CommandError::new(Kind::Input, format!("cannot look into {}", dir.display())).caused_by(&error)
        })?;
        homes.sort();
        for home in homes {
            let path = home.strip_prefix(dir).unwrap_or(&home).display().to_string();
            match line(&home, &path, args) {
                Ok(line) => lines.extend(line),
                Err(why) => complaints.push(format!("{path}: {why}")),
            }
        }
    }
    let changed = lines.iter().filter(|line| line.changed).count();
    if args.json {
        printer.json(&Report {
            version: 1,
            graded: lines.len(),
            changed,
            results: &lines,
        })?;
    } else {
        printer.data(&table(&lines, printer.width()))?;
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
    if complaints.is_empty() {
        return Ok(exit::OK);
    }
    Err(
        CommandError::new(Kind::Incomplete, "not every result could be graded")
            .causes(complaints)
            .hint("`fleet collect --verify` finds results that were damaged, and brings them again"),
    )
}

/// Every directory with a result in it. Links are not followed.
pub(super) fn find(dir: &Path, homes: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if dir.join("result.json").is_file() {
        homes.push(dir.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        // What begins with a dot is being fetched just now.
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if entry.file_type()?.is_dir() && !hidden {
            find(&entry.path(), homes)?;
        }
    }
    Ok(())
}

/// What was and what is; none for results that are not graded.
fn line(home: &Path, path: &str, args: &Args) -> Result<Option<Line>, String> {
    ResultFile::read(home).map_err(|error| error.to_string())?;
    let Some(case) = Case::read(home).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let stands = std::fs::read(home.join(VERDICT)).ok();
    let was: Option<Judgement> = stands.and_then(|text| serde_json::from_slice(&text).ok());
    let was = was.map(|judgement| brief(judgement.verdict));
    if args.compat == Some(Other::VeloraHead) {
        let now = case
            .grade(Compat::VeloraHead)
            .map(|grading| brief(grading.verdict));
        let decision = |brief: &Option<Brief>| brief.as_ref().map(|brief| brief.decision);
        let changed = decision(&was) != decision(&now);
        let path = path.to_owned();
        return Ok(Some(Line {
            path,
            was,
            now,
            changed,
        }));
    }
    let judgement = case.judge().map_err(|error| error.to_string())?;
    let now = judgement
        .as_ref()
        .map(|judgement| brief(judgement.verdict.clone()));
    let changed = was != now;
    if let Some(judgement) = judgement.filter(|_| !args.dry_run) {
        verdicts::write(home, &judgement)?;
    }
    let path = path.to_owned();
    Ok(Some(Line {
        path,
        was,
        now,
        changed,
    }))
}

fn brief(verdict: Verdict) -> Brief {
    Brief {
        decision: verdict.decision,
        outcome: verdict.outcome,
        fail_to_pass: verdict.fail_to_pass,
        pass_to_pass: verdict.pass_to_pass,
        why: verdict.why,
    }
}

fn table(lines: &[Line], most: Option<usize>) -> String {
    let mut table = Table::new(&[left("result"), left("was"), left("is"), left("why")]);
    let word = |brief: &Option<Brief>| brief.as_ref().map_or("-", |brief| brief.decision.word());
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
