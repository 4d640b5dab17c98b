//! What is played: the fleet as it is known, what each job is to do, and how long that takes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Change, Measured, Odds};
use crate::config::{AgentKind, Config};
use crate::domain::baseline::Weight;
use crate::domain::event::Stock;
use crate::domain::swe::Task;
use crate::domain::{HostName, Job, JobId, PhaseName, Span, Timestamp};
use crate::plan::Policy;
use crate::schedule::Fleet;

/// Bytes of an image of which nothing is known.
pub const IMAGE_BYTES: u64 = 2_900_000_000;

/// Bytes of a runtime image, less those of its base, where none has been seen.
const RUNTIME_BYTES: u64 = 10_000_000_000;

/// Everything that a play begins with.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The facts, with the sets enabled that are to run.
    pub fleet: Fleet,
    /// The numbers that `plan` goes by.
    pub policy: Policy,
    /// When it begins.
    pub begins: Timestamp,
    /// What each open job is to do.
    pub works: BTreeMap<JobId, Arc<Work>>,
    /// Hosts that are not there when it begins, and why.
    pub absent: BTreeMap<HostName, String>,
    /// Bytes of the disk of each host's engine, if its filling up is to be played.
    pub disk: Option<u64>,
    /// How much longer than usual each host takes.
    pub paces: BTreeMap<HostName, f64>,
    /// What passes between a decision and the first phase, and between phases.
    pub between: Arc<Odds>,
    /// What becomes different on the way.
    pub changes: Vec<Change>,
}

/// What a job is to do.
#[derive(Debug, Clone)]
pub struct Work {
    /// Its phases, in order.
    pub steps: Vec<Step>,
    /// Bytes of the runtime image that the harness builds for it on top of its own; zero if none is built.
    pub runtime: u64,
}

/// One phase.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name.
    pub phase: PhaseName,
    /// What `fleet` does itself.
    pub task: Option<Task>,
    /// How long it takes.
    pub odds: Arc<Odds>,
    /// How long it takes where the image is there already.
    pub warm: Arc<Odds>,
}

/// Makes [`Work`]s, sharing what many have in common.
#[derive(Debug)]
pub struct Works<'c> {
    config: &'c Config,
    measured: &'c Measured,
    /// Bytes of a runtime image, less those of its base, as they are on the hosts.
    runtime: Option<u64>,
    /// Is there a job for which one is built?
    builds: bool,
    assumed: BTreeMap<Option<u8>, Arc<Odds>>,
    /// Phases of which nothing at all was measured, and what is assumed of them.
    guessed: BTreeMap<PhaseName, Span>,
}

impl<'c> Works<'c> {
    /// For jobs of this fleet.
    pub fn new(config: &'c Config, measured: &'c Measured, fleet: &Fleet) -> Works<'c> {
        Works {
            config,
            measured,
            runtime: runtime_bytes(fleet),
            builds: false,
            assumed: BTreeMap::new(),
            guessed: BTreeMap::new(),
        }
    }

    /// What a job is to do; nothing, if `fleet.toml` does not know its pipeline.
    pub fn of(&mut self, job: &Job) -> Work {
        let Some(pipeline) = self.config.pipeline(&job.pipeline) else {
            return Work {
                steps: Vec::new(),
                runtime: 0,
            };
        };
        // No agent works for a trajectory that is there, or that is the dataset's own patch.
        let agent = self.config.agent_of(&job.model, pipeline);
        let idle = job.trajectory.is_some() || agent.and_then(Weight::of).is_some();
        let declared = self
            .config
            .agents
            .iter()
            .find(|one| Some(one.name.as_str()) == agent);
        let harness =
            job.trajectory.is_none() && declared.is_some_and(|agent| agent.kind == AgentKind::OpenHands);
        self.builds |= harness;
        let runtime = self.runtime.unwrap_or(RUNTIME_BYTES);
        let steps = pipeline.phase.iter().map(|phase| {
            let task = phase.does;
            let quick = idle && task == Some(Task::Trajectory);
            let odds = self.odds(job, &phase.name, task, false, quick, phase.deadline);
            let warm = self.odds(job, &phase.name, task, true, quick, phase.deadline);
            Step {
                phase: phase.name.clone(),
                task,
                odds,
                warm,
            }
        });
        Work {
            steps: steps.collect(),
            runtime: if harness { runtime } else { 0 },
        }
    }

    fn odds(
        &mut self,
        job: &Job,
        phase: &PhaseName,
        task: Option<Task>,
        warm: bool,
        quick: bool,
        deadline: Span,
    ) -> Arc<Odds> {
        let warm = warm && task == Some(Task::Image);
        let known = self.measured.odds(job, phase, warm);
        // Only images know the difference, and only what was measured both ways shows it.
        if let Some(odds) =
            known.or_else(|| (task != Some(Task::Image)).then(|| self.measured.odds(job, phase, true))?)
        {
            return odds;
        }
        let (key, middle, spread) = assumed(task, warm, quick);
        if !warm && !quick {
            self.guessed.insert(phase.clone(), middle.min(deadline));
        }
        let odds = self
            .assumed
            .entry(key)
            .or_insert_with(|| Arc::new(Odds::assumed(middle, spread)));
        if odds.expected() > deadline {
            return Arc::new(Odds::assumed(deadline, 0.0));
        }
        Arc::clone(odds)
    }

    /// Bytes of a runtime image, if one is built for any job; and whether they are those of images that are there.
    pub fn runtime(&self) -> Option<(u64, bool)> {
        let bytes = (self.runtime.unwrap_or(RUNTIME_BYTES), self.runtime.is_some());
        self.builds.then_some(bytes)
    }

    /// Phases of which nothing was measured: their times are assumed.
    pub fn guessed(&self) -> &BTreeMap<PhaseName, Span> {
        &self.guessed
    }
}

/// What the harness's runtime images take beside their bases, as far as hosts have some: the middle one. One whose base is
/// on no host counts whole.
fn runtime_bytes(fleet: &Fleet) -> Option<u64> {
    let shelves = || fleet.hosts().flat_map(|(_, host)| host.shelf.values());
    let bases: Vec<_> = shelves().filter(|stock| stock.runtime.is_none()).collect();
    let own = |stock: &Stock| {
        let below = bases.iter().filter(|base| {
            let layers = base.layers.iter().zip(&stock.layers);
            !base.layers.is_empty()
                && base.layers.len() <= stock.layers.len()
                && layers.into_iter().all(|(one, other)| one.0 == other.0)
        });
        stock
            .bytes
            .saturating_sub(below.map(|base| base.bytes).max().unwrap_or(0))
    };
    let mut all: Vec<u64> = shelves()
        .filter(|stock| stock.runtime.is_some())
        .map(own)
        .collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied()
}

/// What is assumed where nothing was measured: a key, the middle, and the spread of its logarithm.
fn assumed(task: Option<Task>, warm: bool, quick: bool) -> (Option<u8>, Span, f64) {
    match task {
        Some(Task::Image) if warm => (Some(0), Span::seconds(3), 0.3),
        Some(Task::Image) => (Some(1), Span::seconds(120), 0.4),
        Some(Task::Trajectory) if quick => (Some(2), Span::seconds(1), 0.3),
        // Four of five between 5 and 15 minutes.
        Some(Task::Trajectory) => (Some(3), Span::seconds(520), 0.43),
        Some(Task::Evaluation) => (Some(4), Span::seconds(150), 0.2),
        Some(Task::Report) => (Some(5), Span::seconds(5), 0.3),
        None => (None, Span::seconds(300), 0.43),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::host::{HostConfig, Reach};
    use crate::domain::{Epoch, Event};

    #[test]
    fn a_runtime_image_counts_without_its_base_as_the_middle_one_of_those_that_are_there() {
        let host = HostConfig {
            name: "eval1".parse().unwrap(),
            reach: Reach::Local,
            slots: 1,
            arch: String::new(),
            tags: Vec::new(),
            root: String::new(),
            harness: None,
        };
        let mut fleet = Fleet::new(Epoch(1), std::slice::from_ref(&host));
        assert_eq!(runtime_bytes(&fleet), None);
        let stock = |source: &str, bytes: u64, layers: &[&str], runtime: Option<&str>| Stock {
            source: source.to_owned(),
            bytes,
            layers: layers.iter().map(|layer| ((*layer).to_owned(), 0)).collect(),
            runtime: runtime.map(str::to_owned),
        };
        let came = vec![
            stock("one", 300, &["a", "b"], None),
            stock("of one", 1300, &["a", "b", "c"], Some("one")),
            stock("of another", 1400, &["x", "y"], Some("another")),
            stock("of a third", 1200, &["x", "z"], Some("")),
        ];
        let event = Event::Stocked {
            host: host.name,
            came,
            went: Vec::new(),
        };
        fleet.fold(Timestamp(1), &event).unwrap();
        assert_eq!(runtime_bytes(&fleet), Some(1200));
    }
}
