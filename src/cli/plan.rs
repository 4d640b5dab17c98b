//! `fleet plan`: who would run what, when, and until when.

use serde::Serialize;

use super::exit;
use super::forecast_args::ForecastArgs;
use super::printer::Printer;
use crate::domain::SetName;
use crate::rehearse::Forecast;
use crate::service::{Problem, Project, forecast};
use crate::view::{self, Schedule};

/// So many plays show what chance may make of it.
const PLAYS: u32 = 20;
/// Where there are many jobs chance evens out, and few plays say as much.
const PLAYED_JOBS: usize = 30_000;

/// Show which host would run what and when; with --what-if, what a change would do
///
/// Also shows what must be transferred, and when all is done. Reads files and the database, asks no host, and stores
/// nothing. The times are those that were measured here, of the same instance and model if there are any. What runs
/// already counts as running; what is closed is not run again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet plan assignments/phase8.json
  fleet plan --what-if 'eval3 dies at +2h' assignments/phase8.json
  fleet plan --what-if '2 more hosts, kimi refuses at +1h' --all assignments/phase8.json
  fleet plan --json assignments/phase8.json | jq .plan.forecast.finish_s.p90")]
pub(super) struct Args {
    #[command(flatten)]
    given: ForecastArgs,
    /// Every job of every host
    #[arg(long)]
    all: bool,
    /// Print the whole schedule as JSON
    #[arg(long, conflicts_with = "all")]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Listing<'p> {
    version: u32,
    sets: &'p [SetName],
    notes: &'p [String],
    plan: Schedule<'p>,
    what_if: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<Schedule<'p>>,
}

pub(super) async fn run(
    args: &Args,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let foresight = forecast::read_foresight(&args.given.request(), project).await?;
    let scenes = [Some(&foresight.scene), foresight.changed().as_ref()].map(|scene| {
        scene.map(|scene| {
            let runs = PLAYED_JOBS / scene.works.len().max(1);
            let runs = u32::try_from(runs).unwrap_or(PLAYS).clamp(3, PLAYS);
            let (expected, plays) = forecast::play_expected_and_random(scene, runs);
            (expected, Forecast::of(&plays))
        })
    });
    let fleet = &foresight.scene.fleet;
    let [plan, changed] = scenes.each_ref().map(|scene| {
        scene
            .as_ref()
            .map(|(played, forecast)| Schedule::of(played, fleet, forecast))
    });
    let Some(plan) = plan else { return Ok(exit::OK) };
    if args.json {
        printer.json(&Listing {
            version: 1,
            sets: &foresight.sets,
            notes: &foresight.notes,
            plan,
            what_if: foresight.changes.iter().map(ToString::to_string).collect(),
            changed,
        })?;
        return Ok(exit::OK);
    }
    for note in &foresight.notes {
        printer.say(note);
    }
    let width = printer.width();
    let shown = changed.as_ref().unwrap_or(&plan);
    let mut text = view::schedule(shown, args.all, width);
    if let [Some((_, before)), Some((_, after))] = &scenes {
        text.push('\n');
        text.push_str(&view::compared(before, after, width));
    }
    printer.data(&text)?;
    Ok(exit::OK)
}
