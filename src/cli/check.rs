//! `fleet check`: read assignments and datasets, and tell everything that is wrong with them.

use std::path::PathBuf;

use serde::Serialize;

use super::exit;
use super::printer::Printer;
use crate::domain::InstanceId;
use crate::report::table::{Table, left, right};
use crate::report::words;
use crate::service::check::{self, CheckedFile, CheckedKind, ImageOrigin, InstanceData};
use crate::service::{Problem, Project};
use crate::text::sanitize_line;

/// Check assignments and datasets: every fault of every file at once
///
/// A dataset is a file of instances (.jsonl, or .json with one or a list of them), an assignment is a .json
/// that says which host does what; its datasets are checked with it. If all is well, lists what was understood.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet check assignments/phase8.json
  fleet check datasets/*.jsonl
  fleet check --json data.jsonl | jq '.files[].instances[].data | [.image, .tags]'")]
pub(super) struct Args {
    /// Assignment and dataset files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The JSON form.
#[derive(Debug, Serialize)]
struct Listing {
    version: u32,
    files: Vec<CheckedFile>,
}

pub(super) fn run(args: &Args, project: &Project, printer: &Printer) -> Result<exit::VerbExit, Problem> {
    let files = check::check_files(&args.files, &project.config)?;
    if args.json {
        printer.json(&Listing { version: 1, files })?;
        return Ok(exit::OK);
    }
    for file in &files {
        if files.len() > 1 {
            printer.heading(&file.file)?;
        }
        printer.data(&table(file).render(printer.width()))?;
        for row in &file.instances {
            if let Some(data) = &row.data {
                printer.data(&details(data, &row.instance_id))?;
            }
        }
        for warning in &file.warnings {
            printer.say(&format!("warning: {warning}"));
        }
    }
    printer.say(&format!(
        "no fault in {}",
        words::count(files.len(), "file", "files")
    ));
    Ok(exit::OK)
}

/// What a person compares with what the harness says, uncut.
fn details(data: &InstanceData, id: &InstanceId) -> String {
    let from = match data.taken_from {
        ImageOrigin::Archive => "archive",
        ImageOrigin::Reference => "reference",
    };
    let mut lines = vec![
        ("repo", format!("{} at {}", data.repo, data.base_commit)),
        (from, sanitize_line(&data.image).into_owned()),
    ];
    lines.extend(data.tags.iter().map(|tag| ("tag", tag.clone())));
    lines.push(("tests", sanitize_line(&data.test_command).into_owned()));
    let lines = lines.iter().map(|(key, value)| format!("  {key:<9}  {value}\n"));
    format!("\n{id}\n{}", lines.collect::<String>())
}

fn table(file: &CheckedFile) -> Table {
    let count = match file.kind {
        CheckedKind::Assignment => "jobs",
        CheckedKind::Dataset => "line",
    };
    let mut table = Table::new(&[
        left("instance"),
        right(count),
        left("parser"),
        right("f2p"),
        right("p2p"),
    ]);
    for row in &file.instances {
        let count = row.jobs.unwrap_or_default().to_string();
        let count = row.line.map_or(count, |line| line.to_string());
        let id = row.instance_id.as_str();
        match &row.data {
            Some(data) => table.row([
                id,
                &count,
                &data.parser,
                &data.fail_to_pass.to_string(),
                &data.pass_to_pass.to_string(),
            ]),
            None => table.row([id, &count, "(a program of yours reads it)", "", ""]),
        }
    }
    table
}
