//! `fleet rehearse`: the jobs of assignments, played many times before they are run once.

use serde::Serialize;

use super::exit;
use super::forecast_args::ForecastArgs;
use super::printer::Printer;
use crate::domain::SetName;
use crate::rehearse::{Faults, Forecast};
use crate::service::{Problem, ProblemKind, Project, forecast};
use crate::view;

/// Simulate an assignment many times, with the faults that you name
///
/// The simulated fleet makes the same decisions as `fleet dispatch`, and takes the times of this fleet. Reads
/// files and the database, asks no host, and stores nothing. The same seed gives the same simulations.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet rehearse assignments/phase8.json
  fleet rehearse --faults 'host 0.01/h, link 0.1/h, lost 1%, provider 5%' assignments/phase8.json
  fleet rehearse --what-if 'eval3 dies at +2h' --runs 100 --seed 7 assignments/phase8.json
  fleet rehearse --json assignments/phase8.json | jq .rehearsal.finish_s")]
pub(super) struct Args {
    #[command(flatten)]
    given: ForecastArgs,
    /// What goes wrong, and how often. In times an hour and host: `host` (it restarts), `gone` (for good), `link` (cut for
    /// a minute). As a part of all attempts: `lost` (the supervisor is killed), `provider` (fails, and may work again),
    /// `image` (cannot be made ready), `job` (fails for good)
    #[arg(long, value_name = "RATES")]
    faults: Option<String>,
    /// How many times to play it
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    runs: u32,
    /// The seed of the random numbers
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Listing<'p> {
    version: u32,
    sets: &'p [SetName],
    seed: u64,
    faults: Option<&'p String>,
    notes: &'p [String],
    rehearsal: &'p Forecast,
    what_if: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<&'p Forecast>,
}

pub(super) async fn run(
    args: &Args,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let mut wrong = Vec::new();
    let faults = match args.faults.as_deref().map(Faults::parse) {
        None => Faults::default(),
        Some(Ok(faults)) => faults,
        Some(Err(faults)) => {
            let error = Problem::new(ProblemKind::Input, "the rates of faults are not understood");
            wrong.push(error.causes(faults.into_iter().map(|what| format!("--faults: {what}"))));
            Faults::default()
        }
    };
    let foresight = match forecast::read_foresight(&args.given.request(), project).await {
        Ok(foresight) => Some(foresight),
        Err(error) => {
            wrong.push(error);
            None
        }
    };
    let foresight = match (Problem::merged(wrong), foresight) {
        (None, Some(foresight)) => foresight,
        (Some(error), _) => return Err(error),
        (None, None) => return Ok(exit::OK),
    };
    let forecast_of = |scene| Forecast::of(&forecast::play_scene(scene, args.runs, args.seed, &faults));
    let before = forecast_of(&foresight.scene);
    let after = foresight.changed().as_ref().map(forecast_of);
    if args.json {
        printer.json(&Listing {
            version: 1,
            sets: &foresight.sets,
            seed: args.seed,
            faults: args.faults.as_ref(),
            notes: &foresight.notes,
            rehearsal: &before,
            what_if: foresight.changes.iter().map(ToString::to_string).collect(),
            changed: after.as_ref(),
        })?;
        return Ok(exit::OK);
    }
    for note in &foresight.notes {
        printer.say(note);
    }
    if faults.is_none() {
        printer.say("nothing goes wrong by itself; --faults says what may");
    }
    let width = printer.width();
    let mut text = view::forecast(after.as_ref().unwrap_or(&before), width);
    if let Some(after) = &after {
        text.push('\n');
        text.push_str(&view::compared(&before, after, width));
    }
    printer.data(&text)?;
    Ok(exit::OK)
}
