//! Between two jobs on a host: from the end of one to the start of the next one's agent, its image phase included.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use fleet::domain::journal::{Entry, Line};
use fleet::domain::{Span, Timestamp};

use super::lab::Lab;
use super::measure::median;
use super::place::Place;
use super::target::target;
use super::{Fallible, number};

const HOSTS: usize = 3;
/// The datasets that tell of the lab's instances.
const DATASETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assignments/datasets");

/// What a host's journal tells of one attempt.
#[derive(Debug, Default, Clone)]
struct Attempt {
    opened: Timestamp,
    image: Option<Timestamp>,
    ready: Option<Timestamp>,
    agent: Option<Timestamp>,
    ended: Timestamp,
    /// Its image phase fetched something.
    moved: bool,
}

/// One gap, in parts.
#[derive(Debug, Clone, Copy)]
struct Gap {
    /// From the end of a job to the next one's capsule.
    told: f64,
    /// From there to the start of its image phase.
    begun: f64,
    /// The image phase.
    image: f64,
    /// From its end to the start of the agent.
    after: f64,
    moved: bool,
}

impl Gap {
    fn all(&self) -> f64 {
        self.told + self.begun + self.image + self.after
    }
}

/// All of it, and its table.
pub(crate) fn gaps() -> Fallible<()> {
    let lab = Lab::hosts(HOSTS);
    lab.all("up", &["--engines"]);
    lab.run(&["instances"]);
    let seconds = number("FLEET_BENCH_AGENT", 8)?;
    let place = Place::new()?;
    let instances = instances()?;
    println!(
        "{} jobs on {HOSTS} hosts without images, {seconds} seconds of agent each: from one job's end to the next one's agent",
        instances.len()
    );
    println!(
        "{:<14} {:>7} {:>8} {:>8} | {:>8} {:>8} {:>8} {:>8} | {:>8}",
        "prefetch", "median", "90 %", "max", "told", "capsule", "image", "agent", "moved"
    );
    let mut ahead = Vec::new();
    for prefetch in [true, false] {
        let mut unload = vec!["unload"];
        unload.extend(lab.names());
        lab.run(&unload);
        eprintln!("prefetch = {prefetch} …");
        let set = if prefetch { "ahead" } else { "behind" };
        configure(&lab, &place, prefetch, seconds)?;
        assign(&place, set, &instances)?;
        let took = place.time("fleet", Place::fleet(&["dispatch", &format!("{set}.json")]))?;
        let mut gaps = Vec::new();
        for host in lab.names() {
            gaps.extend(between(&journals(&lab, host, set)?));
        }
        let part = |of: &dyn Fn(&Gap) -> f64| median(gaps.iter().map(of));
        println!(
            "{prefetch:<14} {:>7.2} {:>8.2} {:>8.2} | {:>8.2} {:>8.2} {:>8.2} {:>8.2} | {:>3} of {}  ({took:.0} s in all)",
            part(&Gap::all),
            ninth(&gaps),
            gaps.iter().map(Gap::all).fold(0.0, f64::max),
            part(&|gap| gap.told),
            part(&|gap| gap.begun),
            part(&|gap| gap.image),
            part(&|gap| gap.after),
            gaps.iter().filter(|gap| gap.moved).count(),
            gaps.len(),
        );
        if prefetch {
            ahead = gaps;
        }
    }
    println!();
    target(
        "idle between jobs, median",
        median(ahead.iter().map(Gap::all)),
        "s",
        ..=1.0,
    );
    let longest = ahead.iter().map(Gap::all).fold(0.0, f64::max);
    target("idle between jobs, longest", longest, "s", ..=1.0);
    let moved = ahead.iter().filter(|gap| gap.moved).count();
    target(
        "image phases that moved bytes, but each host's first",
        moved as f64,
        "",
        ..=0.0,
    );
    println!();
    Ok(())
}

/// Nine of ten are shorter.
fn ninth(gaps: &[Gap]) -> f64 {
    let mut all: Vec<f64> = gaps.iter().map(Gap::all).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() * 9 / 10).copied().unwrap_or(f64::NAN)
}

fn configure(lab: &Lab, place: &Place, prefetch: bool, seconds: u64) -> Fallible<()> {
    let mut toml = "[fleet]\nstate = \"state\"\nresults = \"results\"\npipeline = \"swe\"\n".to_owned();
    for host in lab.names() {
        writeln!(toml, "[[host]]\nname = \"{host}\"")?;
    }
    write!(
        toml,
        "[[agent]]\nname = \"sleeper\"\nkind = \"command\"\nrun = [\"sh\", \"-c\", '''sleep {seconds}; : > \"$FLEET_OUT/patch.diff\"''']\n\
         [[model]]\nname = \"sleeper\"\nagent = \"sleeper\"\n\
         [[pipeline]]\nname = \"swe\"\ncontainers = true\n\
         [[pipeline.phase]]\nname = \"image\"\ndoes = \"image\"\ndeadline = \"10m\"\n\
         [[pipeline.phase]]\nname = \"trajectory\"\ndoes = \"trajectory\"\ndeadline = \"5m\"\n{}\nprefetch = {prefetch}\n",
        lab.run(&["config", "images"]).trim_end(),
    )?;
    place.write("fleet.toml", &toml)
}

/// Every instance of the lab, with the file that tells of it.
fn instances() -> Fallible<Vec<(String, String)>> {
    let mut found = BTreeMap::new();
    for file in fs::read_dir(DATASETS)? {
        let path = file?.path();
        for id in ids(&path)? {
            found.entry(id).or_insert_with(|| path.display().to_string());
        }
    }
    Ok(found.into_iter().collect())
}

fn ids(path: &Path) -> Fallible<Vec<String>> {
    let text = fs::read_to_string(path)?;
    let text = text.trim_start_matches('\u{feff}');
    let rows = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
    // Some of these files are in forms for spreadsheets; their instances stand in the others, too.
    let rows = rows.map_while(Result::ok);
    Ok(rows
        .filter_map(|row| Some(row.get("instance_id")?.as_str()?.to_owned()))
        .collect())
}

fn assign(place: &Place, set: &str, instances: &[(String, String)]) -> Fallible<()> {
    let entry = |(id, file): &(String, String)| serde_json::json!({ "instance_id": id, "model": "sleeper", "dataset_file": file });
    let jobs: Vec<_> = instances.iter().map(entry).collect();
    place.write(
        &format!("{set}.json"),
        &serde_json::json!({ "*": jobs }).to_string(),
    )
}

/// The attempts of a set on a host, in the order of their beginnings.
fn journals(lab: &Lab, host: &str, set: &str) -> Fallible<Vec<Attempt>> {
    let text = lab.sh(
        host,
        &format!(
            "for spec in $(grep -ls '\"set\":\"{set}\"' .fleet/jobs/*/*/spec.json); do cat \"${{spec%/*}}/journal.jsonl\"; done"
        ),
    );
    let mut attempts: Vec<Attempt> = Vec::new();
    for line in text.lines() {
        let Line { at, entry } = serde_json::from_str(line)?;
        match (entry, attempts.last_mut()) {
            (Entry::Opened { .. }, _) => attempts.push(Attempt {
                opened: at,
                ..Attempt::default()
            }),
            (Entry::PhaseStarted { phase }, Some(attempt)) if phase.as_str() == "image" => {
                attempt.image = Some(at);
            }
            (Entry::PhaseStarted { .. }, Some(attempt)) => attempt.agent = Some(at),
            (
                Entry::PhaseEnded {
                    phase, conclusion, ..
                },
                Some(attempt),
            ) if phase.as_str() == "image" => {
                attempt.ready = Some(at);
                attempt.moved = conclusion.is_some_and(|said| said.note.starts_with("moved"));
            }
            (Entry::Ended { .. }, Some(attempt)) => attempt.ended = at,
            (_, _) => {}
        }
    }
    attempts.sort_by_key(|attempt| attempt.opened);
    Ok(attempts)
}

fn between(attempts: &[Attempt]) -> Vec<Gap> {
    let seconds = |span: Span| span.duration().as_secs_f64();
    let gap = |pair: &[Attempt]| {
        let [last, next] = pair else { return None };
        Some(Gap {
            told: seconds(next.opened.since(last.ended)),
            begun: seconds(next.image?.since(next.opened)),
            image: seconds(next.ready?.since(next.image?)),
            after: seconds(next.agent?.since(next.ready?)),
            moved: next.moved,
        })
    };
    attempts.windows(2).filter_map(gap).collect()
}
