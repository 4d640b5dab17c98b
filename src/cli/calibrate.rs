//! `fleet calibrate`: weigh the instances themselves, with their own solution and with none.

use std::path::PathBuf;

use serde::Serialize;

use super::exit;
use super::interrupt::interrupted;
use super::printer::Printer;
use super::progress::Progress;
use crate::report::table::{Table, left, prose};
use crate::report::words;
use crate::service::calibrate::{self, CalibratedInstance};
use crate::service::{Problem, Project};

/// Run each instance with its own solution and with none, to see which can be trusted
///
/// Without a solution (`noop`), every `FAIL_TO_PASS` test must fail and every `PASS_TO_PASS` test pass; with it (`gold`),
/// all must pass. Verdicts on instances that fail this are marked undecided. What is known of an image is not asked
/// again. The jobs belong to the set `calibration`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet calibrate assignments/phase8.json
  fleet calibrate --json assignments/phase8.json")]
pub(super) struct Args {
    /// Assignment files whose instances are run
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Run instances again that are known already
    #[arg(long)]
    again: bool,
    /// Say what would be run; run nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    instances: &'a [CalibratedInstance],
}

pub(super) async fn run(
    args: &Args,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let plan = calibrate::plan_calibration(&args.files, args.again, project).await?;
    if args.dry_run {
        printer.say(&format!("{} would be run", words::jobs(plan.job_count())));
        return Ok(exit::OK);
    }
    let mut progress = Progress::new(printer, false);
    let run = calibrate::run_calibration(plan, project, printer, &mut progress, interrupted());
    show(args, &Box::pin(run).await?, printer)
}

fn show(args: &Args, lines: &[CalibratedInstance], printer: &Printer) -> Result<exit::VerbExit, Problem> {
    if args.json {
        printer.json(&Report {
            version: 1,
            instances: lines,
        })?;
    } else {
        let mut table = Table::new(&[
            left("instance"),
            left("gold resolves"),
            left("noop does not"),
            prose("why not trusted"),
        ]);
        for line in lines {
            let why = line.why.as_deref().unwrap_or_default();
            table.row([line.instance.as_str(), line.gold, line.noop, why]);
        }
        printer.data(&table.render(printer.width()))?;
    }
    let count = |trusted| lines.iter().filter(|line| line.trusted == trusted).count();
    let (good, bad, open) = (count(Some(true)), count(Some(false)), count(None));
    printer.say(&format!(
        "{} trusted, {bad} not, {open} unknown",
        words::count(good, "instance is", "instances are")
    ));
    Ok(if bad + open == 0 { exit::OK } else { exit::FAILED })
}
