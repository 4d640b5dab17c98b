//! `fleet explain`: why a job is where it is, or a host does what it does.

use std::fmt::Write as _;

use serde::Serialize;

use super::exit;
use super::printer::Printer;
use crate::domain::hold::Subject;
use crate::plan::explain::{self, Line};
use crate::service::{FleetSnapshot, Problem, Project, select};
use crate::text::sanitize_line;
use crate::view;

/// Say why a job waits, runs on its host or ended; why a host takes jobs or not
///
/// Reads the database only: hosts are as the last coordinator saw them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet explain eval3
  fleet explain phase8/1319603449576684/gpt
  fleet explain --json 7q2mzk4tn1x9")]
pub(super) struct Args {
    /// A job, by id or as SET/INSTANCE/MODEL/runN (or the beginning of that); or a host
    #[arg(value_name = "JOB|HOST")]
    what: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Explanation<'a> {
    version: u32,
    subject: &'a str,
    lines: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    about: &'a str,
    text: &'a str,
}

pub(super) async fn run(
    args: &Args,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let FleetSnapshot {
        store,
        fleet,
        policy,
        now,
        by,
        ..
    } = project.take_snapshot().await?;
    store.close().await;
    let host = args.what.parse().ok().filter(|name| fleet.host(name).is_some());
    let (subject, lines) = if let Some(name) = host {
        let lines = explain::host(&fleet, &policy, &name, now);
        (Subject::Host(name).to_string(), lines)
    } else {
        let entry = select::job_named(&fleet, &args.what)
            .map_err(|error| error.hint("or name a host; `fleet hosts` lists them"))?;
        let mut lines = explain::job(&fleet, &policy, entry.job.id, now, by);
        lines.extend(view::failure_lines(&fleet, entry));
        (select::describe_job(entry), lines)
    };
    show(args, &subject, &lines, printer)?;
    Ok(exit::OK)
}

fn show(args: &Args, subject: &str, lines: &[Line], printer: &Printer) -> Result<(), Problem> {
    if args.json {
        let lines = lines.iter().map(|(about, text)| Told { about, text });
        return printer.json(&Explanation {
            version: 1,
            subject,
            lines: lines.collect(),
        });
    }
    let mut all = format!("{subject}\n");
    for (about, text) in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(all, "  {about:<10} {}", sanitize_line(text));
    }
    printer.data(&all)
}
