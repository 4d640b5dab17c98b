//! `plan` and the store alone: 100,000 jobs on 1,000 hosts that answer at once, without ssh. The loop is
//! the engine's: hear, commit, fold, plan, commit, fold, say. The database lies on a real disk, in the
//! directory for temporary files.
//!
//! `FLEET_BENCH_JOBS`, `FLEET_BENCH_HOSTS` and `FLEET_BENCH_ROUND` (messages in a round) change the size.

#![expect(
    clippy::disallowed_methods,
    reason = "benches are outside of the house and use no doors"
)]
#![expect(clippy::print_stdout, reason = "the table is what a bench is for")]
#![expect(
    clippy::cast_precision_loss,
    reason = "counts and sizes here are far below 2^52"
)]

mod simulated;
mod target;

#[path = "measure.rs"]
#[expect(dead_code, reason = "here only memory is measured")]
mod measure;

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fleet::domain::host::{HostConfig, Reach};
use fleet::domain::job::Dataset;
use fleet::domain::{Epoch, Event, Job, JobId, PipelineName, Place, SetName, Sha256, Timestamp};
use fleet::plan::{Errand, HostMessage, Outlook, Plan, Policy, observe, outlook, plan};
use fleet::schedule::Fleet;
use fleet::store::{NewDataset, NewSet, Store};

use simulated::Hosts;
use target::target;

/// The binary's own, since memory is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Plan and commit, for one job.
const MS_PER_JOB: f64 = 1.0;
/// Coordinator's memory, at most.
const MEMORY_MB: f64 = 150.0;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let number = |name: &str, usual: usize| match std::env::var(name) {
        Ok(text) => text.parse().map_err(|error| format!("{name}: {error}")),
        Err(_) => Ok(usual),
    };
    let (jobs, hosts) = (
        number("FLEET_BENCH_JOBS", 100_000)?,
        number("FLEET_BENCH_HOSTS", 1000)?,
    );
    let round = number("FLEET_BENCH_ROUND", 250)?.max(1);
    println!("{jobs} jobs on {hosts} simulated hosts, rounds of {round} messages at most");
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("fleet.sqlite");
    let configs: Vec<HostConfig> = (0..hosts).map(host).collect::<Result<_, _>>()?;
    let set: SetName = "bench".parse()?;

    let store = Store::open(&file).await?;
    let epoch = store.next_epoch(Epoch(0)).await?;
    let start = Instant::now();
    let mut fleet = Fleet::new(epoch, &configs);
    let asked = questions(&set, jobs, &configs)?;
    let added = store.add_set(now(), &new_set(&set), &asked).await?;
    for job in added.new {
        fleet.fold(now(), &Event::JobAdded(job))?;
    }
    fleet.enable(&set);
    drop(asked);
    println!(
        "{:<28} {:>8.2} s",
        "jobs read and stored",
        start.elapsed().as_secs_f64()
    );

    let mut bench = Bench {
        store,
        fleet,
        hosts: Hosts::default(),
        parts: Parts::default(),
        policy: Policy::default(),
    };
    let start = Instant::now();
    for config in &configs {
        let up = Event::LinkUp {
            host: config.name.clone(),
            boot: "6f1c1a5e-2b1d-4a55-8a5b-f3d0c2a19e77-42".to_owned(),
        };
        bench.record(&[up]).await?;
    }
    println!(
        "{:<28} {:>8.2} s",
        "links up, one by one",
        start.elapsed().as_secs_f64()
    );
    bench.parts = Parts::default();
    let start = Instant::now();
    bench.run(round).await?;
    let all = start.elapsed();
    let Bench {
        store, fleet, parts, ..
    } = bench;
    if fleet.open() != 0 {
        return Err(format!("{} jobs are left", fleet.open()).into());
    }
    parts.print(jobs, all);
    let peak = measure::peak_mb("/proc/self/status").ok_or("cannot read this process's memory")?;

    drop(fleet);
    let size = file.metadata()?.len() as f64 / 1e6;
    println!(
        "{:<28} {size:>8.1} MB, {:.2} kB per job",
        "database",
        size * 1e3 / jobs as f64
    );
    let start = Instant::now();
    let loaded = store.load(epoch, &configs).await?;
    println!("{:<28} {:>8.2} s", "load", start.elapsed().as_secs_f64());
    let start = Instant::now();
    let replayed = store.replay(epoch, &configs).await?;
    println!(
        "{:<28} {:>8.2} s",
        "replay of all events",
        start.elapsed().as_secs_f64()
    );
    if !loaded.same_facts(&replayed) {
        return Err("rows and events tell different stories".into());
    }
    println!();
    let spent = parts.plan + parts.commit;
    target(
        "plan and commit",
        spent.as_secs_f64() * 1e3 / jobs as f64,
        "ms per job",
        ..=MS_PER_JOB,
    );
    target("memory of the coordinator", peak, "MB", ..=MEMORY_MB);
    Ok(())
}

/// Where the time goes.
#[derive(Default)]
struct Parts {
    plan: Duration,
    observe: Duration,
    commit: Duration,
    fold: Duration,
    commits: u32,
    events: usize,
}

impl Parts {
    fn print(&self, jobs: usize, all: Duration) {
        println!(
            "{:<28} {:>8.2} s, {} commits of {} events",
            "all jobs",
            all.as_secs_f64(),
            self.commits,
            self.events
        );
        for (what, time) in [
            ("  plan, outlook", self.plan),
            ("  observe", self.observe),
            ("  commit", self.commit),
            ("  fold", self.fold),
        ] {
            println!(
                "{what:<28} {:>8.4} ms per job",
                time.as_secs_f64() * 1e3 / jobs as f64
            );
        }
    }
}

struct Bench {
    store: Store,
    fleet: Fleet,
    hosts: Hosts,
    parts: Parts,
    policy: Policy,
}

impl Bench {
    /// Until nothing is left to do.
    async fn run(&mut self, round: usize) -> Result<(), Box<dyn Error>> {
        loop {
            self.decide().await?;
            let start = Instant::now();
            let outlook = outlook(&self.fleet, &Errand::Sets, &self.policy, now());
            self.parts.plan += start.elapsed();
            if outlook != Outlook::Working {
                return Ok(());
            }
            let heard = self.hosts.round(round);
            if heard.is_empty() {
                return Err("jobs are left, and no host has anything to say".into());
            }
            let start = Instant::now();
            let events: Vec<Event> = heard
                .iter()
                .flat_map(|(host, heard)| observe(&self.fleet, host, heard).events)
                .collect();
            self.parts.observe += start.elapsed();
            self.record(&events).await?;
        }
    }

    async fn decide(&mut self) -> Result<(), Box<dyn Error>> {
        loop {
            let start = Instant::now();
            let Plan { decisions, messages } = plan(&self.fleet, &self.policy, now());
            self.parts.plan += start.elapsed();
            if let Some(other) = decisions
                .iter()
                .find(|one| !matches!(one, Event::Intended { .. }))
            {
                return Err(format!("nothing calls for {other:?}").into());
            }
            for message in messages {
                match message {
                    HostMessage::Start { attempt, host, epoch } => {
                        self.fleet.notes_mut().mark_sent(&host, attempt);
                        self.hosts.start(&host, attempt, epoch, now());
                    }
                    other => return Err(format!("nothing calls for {other:?}").into()),
                }
            }
            if decisions.is_empty() {
                return Ok(());
            }
            self.record(&decisions).await?;
        }
    }

    async fn record(&mut self, events: &[Event]) -> Result<(), Box<dyn Error>> {
        let start = Instant::now();
        let now = now();
        self.store.commit(now, events, &self.fleet).await?;
        self.parts.commit += start.elapsed();
        let start = Instant::now();
        for event in events {
            self.fleet.fold(now, event)?;
        }
        self.parts.fold += start.elapsed();
        self.parts.commits += 1;
        self.parts.events += events.len();
        Ok(())
    }
}

fn now() -> Timestamp {
    fleet::doors::clock::now()
}

fn host(n: usize) -> Result<HostConfig, Box<dyn Error>> {
    Ok(HostConfig {
        name: format!("host{n}").parse()?,
        reach: Reach::Local,
        slots: 1,
        arch: "x86_64".to_owned(),
        tags: Vec::new(),
        root: "~/.fleet".to_owned(),
        harness: None,
    })
}

/// Nine of ten jobs belong to a host; the tenth is for any host.
fn questions(set: &SetName, jobs: usize, hosts: &[HostConfig]) -> Result<Vec<Arc<Job>>, Box<dyn Error>> {
    let data = Dataset {
        path: "data/phase8.jsonl".into(),
        sha256: Sha256::of(DATA.as_bytes()),
    };
    // As `dispatch` reads them: what many jobs name is in memory once.
    let (model, pipeline) = ("claude".parse()?, "swe".parse::<PipelineName>()?);
    (0..jobs)
        .map(|n| {
            let instance = format!("12rambau__sepal_ui-{n}").parse()?;
            Ok(Arc::new(Job {
                id: JobId::derive(set, &instance, &model, 1),
                set: set.clone(),
                instance,
                model: model.clone(),
                run: 1,
                task: Some("phase8-sepal".parse()?),
                pipeline: pipeline.clone(),
                dataset: Some(data.clone()),
                trajectory: None,
                env: Vec::new(),
                place: if n % 10 == 9 {
                    Place::Any
                } else {
                    Place::Host(hosts[n % hosts.len()].name.clone())
                },
                order: n as u64,
            }))
        })
        .collect()
}

const DATA: &str = "{\"instance_id\":\"x\"}\n";

fn new_set(set: &SetName) -> NewSet {
    NewSet {
        name: set.clone(),
        file: "assignments/bench.json".to_owned(),
        sha256: Sha256::of(b"bench"),
        datasets: vec![NewDataset {
            sha256: Sha256::of(DATA.as_bytes()),
            body: DATA.to_owned(),
        }],
    }
}
