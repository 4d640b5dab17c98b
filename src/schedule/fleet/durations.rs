//! How long things take: what was measured, and what is to be expected of a job that has not run yet.
//!
//! Times of agents are spread over factors, not seconds, so that all is reckoned in logarithms: the middle is the
//! median, and a task that takes twice as long for one model is likely to do so for another.

use std::collections::{BTreeMap, HashMap};

use crate::domain::job::Job;
use crate::domain::name::{InstanceId, ModelName, PhaseName, PipelineName};
use crate::domain::time::Span;

/// What was measured of one kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Summary {
    /// How often.
    pub n: u32,
    sum: f64,
    squares: f64,
}

/// What is to be expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// As often shorter as longer.
    pub median: Span,
    /// The spread, as the standard deviation of the logarithm.
    pub sigma: f64,
    /// On so many measurements of this very instance and model it rests.
    pub n: u32,
    /// Do both the instance and the model have their part in it? Only then does a difference say something of a host.
    pub close: bool,
}

/// All measurements of a fleet's phases.
#[derive(Debug, Clone, Default)]
pub struct Measures {
    phases: BTreeMap<PipelineName, Vec<PhaseName>>,
    by: BTreeMap<PhaseName, OfPhase>,
    /// Few models and phases have seen the same instance: a list is small, and soon looked through.
    instances: HashMap<InstanceId, Vec<Own>>,
    seen: u64,
}

/// Of one phase.
#[derive(Debug, Clone, Default)]
struct OfPhase {
    all: Summary,
    models: BTreeMap<ModelName, Summary>,
}

/// Of one phase of one instance and model.
#[derive(Debug, Clone)]
struct Own {
    phase: PhaseName,
    model: ModelName,
    times: Summary,
}

/// What is to be expected of many jobs: of those whose instance was never seen, the same is found out once.
#[derive(Debug)]
pub struct Expectations<'m> {
    measures: &'m Measures,
    usual: BTreeMap<(&'m PipelineName, &'m ModelName), Option<Span>>,
}

/// The spread of a thing that was measured too seldom to show its own: a factor of 1.5 either way.
const USUAL_SPREAD: f64 = 0.4;

impl Summary {
    /// Takes in one more value, a logarithm.
    pub fn add(&mut self, log: f64) {
        self.n += 1;
        self.sum += log;
        self.squares += log * log;
    }

    /// Takes in all that another one has.
    fn join(&mut self, other: &Summary) {
        self.n += other.n;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    /// The middle, drawn towards `prior` as if that had been seen `weight` times.
    pub fn mean(&self, prior: f64, weight: f64) -> f64 {
        (self.sum + prior * weight) / (f64::from(self.n) + weight)
    }

    /// Of logarithms of what things took compared with what was expected: how much longer they take, as a factor; 1 where
    /// nothing is known.
    pub fn slowness(&self) -> f64 {
        // As if two phases had been as expected: a single measurement says little.
        self.mean(0.0, 2.0).exp()
    }

    /// How far values lie apart.
    pub fn spread(&self) -> f64 {
        if self.n < 3 {
            return USUAL_SPREAD;
        }
        let (n, mean) = (f64::from(self.n), self.mean(0.0, 0.0));
        ((self.squares / n - mean * mean).max(0.0) * n / (n - 1.0)).sqrt()
    }
}

impl<'m> Expectations<'m> {
    /// How long a whole job takes.
    pub fn job(&mut self, job: &'m Job) -> Option<Span> {
        if self.measures.instances.contains_key(&job.instance) {
            return self.measures.job(job);
        }
        let key = (&job.pipeline, &job.model);
        *self.usual.entry(key).or_insert_with(|| self.measures.job(job))
    }
}

/// The logarithm of a length of time, in seconds; what is too short to matter counts as a hundredth.
pub fn log(span: Span) -> f64 {
    span.duration().as_secs_f64().max(0.01).ln()
}

/// The length of time of a logarithm.
pub fn span(log: f64) -> Span {
    // No job takes longer than a century.
    let seconds = std::time::Duration::try_from_secs_f64(log.exp().min(3.2e9)).unwrap_or_default();
    Span(u64::try_from(seconds.as_millis()).unwrap_or(u64::MAX))
}

impl Measures {
    /// Takes in that a phase of this job took so long.
    pub fn add(&mut self, job: &Job, phase: &PhaseName, took: Span) {
        let phases = self.phases.entry(job.pipeline.clone()).or_default();
        if !phases.contains(phase) {
            phases.push(phase.clone());
        }
        let log = log(took);
        let phase = self.shared(phase);
        let of = self.by.entry(phase.clone()).or_default();
        of.all.add(log);
        of.models.entry(job.model.clone()).or_default().add(log);
        let known = self.instances.entry(job.instance.clone()).or_default();
        let own = known
            .iter_mut()
            .find(|own| own.phase == phase && own.model == job.model);
        if let Some(own) = own {
            own.times.add(log);
        } else {
            let mut own = Own {
                phase,
                model: job.model.clone(),
                times: Summary::default(),
            };
            own.times.add(log);
            // At a hundred thousand instances, unused room would be most of the memory.
            known.reserve_exact(1);
            known.push(own);
        }
        self.seen += 1;
    }

    /// This name, in the memory that all measurements of the phase have in common.
    fn shared(&self, phase: &PhaseName) -> PhaseName {
        let known = self.by.get_key_value(phase);
        known.map_or(phase, |(name, _)| name).clone()
    }

    /// For asking about many jobs.
    pub fn expectations(&self) -> Expectations<'_> {
        Expectations {
            measures: self,
            usual: BTreeMap::new(),
        }
    }

    /// How many measurements there are.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The phases of a pipeline, as far as jobs of it have shown them.
    pub fn phases(&self, pipeline: &PipelineName) -> &[PhaseName] {
        self.phases.get(pipeline).map_or(&[], Vec::as_slice)
    }

    /// What is to be expected of one phase of a job; none if nothing like it was ever measured.
    pub fn phase(&self, job: &Job, phase: &PhaseName) -> Option<Estimate> {
        let OfPhase { all, models } = self.by.get(phase)?;
        let model = models.get(&job.model);
        let of_instance = self.instances.get(&job.instance).map_or(&[][..], Vec::as_slice);
        let (mut instance, mut own) = (Summary::default(), Summary::default());
        for known in of_instance.iter().filter(|known| known.phase == *phase) {
            instance.join(&known.times);
            if known.model == job.model {
                own = known.times;
            }
        }
        let instance = (instance.n > 0).then_some(&instance);
        let middle = |summary: &Summary| summary.mean(0.0, 0.0);
        let likely = match (instance, model) {
            (Some(instance), Some(model)) => middle(instance) + middle(model) - middle(all),
            (Some(one), None) | (None, Some(one)) => middle(one),
            (None, None) => middle(all),
        };
        Some(Estimate {
            median: span(if own.n > 0 { own.mean(likely, 0.25) } else { likely }),
            sigma: if own.n >= 3 {
                own.spread()
            } else {
                model.unwrap_or(all).spread()
            },
            n: own.n,
            close: instance.is_some() && model.is_some(),
        })
    }

    /// What is to be expected of all phases of a job together.
    pub fn job(&self, job: &Job) -> Option<Span> {
        let phases = self.phases(&job.pipeline).iter();
        let sum: u64 = phases
            .filter_map(|phase| Some(self.phase(job, phase)?.median.0))
            .sum();
        (sum > 0).then_some(Span(sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{JobId, Place, SetName};

    fn job(instance: &str, model: &str) -> Job {
        let set: SetName = "set".parse().unwrap();
        let (instance, model) = (instance.parse().unwrap(), model.parse().unwrap());
        Job {
            id: JobId::derive(&set, &instance, &model, 1),
            set,
            instance,
            model,
            run: 1,
            task: None,
            pipeline: "swe".parse().unwrap(),
            dataset: None,
            trajectory: None,
            env: Vec::new(),
            place: Place::Any,
            order: 0,
        }
    }

    #[test]
    fn a_model_that_is_slow_elsewhere_is_expected_to_be_slow_here() {
        let phase: PhaseName = "trajectory".parse().unwrap();
        let mut measures = Measures::default();
        assert_eq!(measures.job(&job("a", "gpt")), None);
        for (instance, model, seconds) in [("a", "gpt", 100), ("b", "gpt", 200), ("a", "kimi", 200)] {
            measures.add(&job(instance, model), &phase, Span::seconds(seconds));
        }
        let expected = |instance, model| measures.job(&job(instance, model)).unwrap().0 / 1000;
        // Twice as long as gpt, and b twice as long as a: somewhere above both.
        assert!(expected("b", "kimi") > 200, "{}", expected("b", "kimi"));
        assert!((90..120).contains(&expected("a", "gpt")));
        assert!(expected("c", "kimi") > expected("c", "gpt"));
    }

    #[test]
    fn a_spread_is_shown_only_by_what_was_measured_often() {
        let mut summary = Summary::default();
        assert!((summary.spread() - USUAL_SPREAD).abs() < 1e-9);
        for value in [1.0, 1.0, 1.0] {
            summary.add(value);
        }
        assert!(summary.spread() < 1e-6);
    }
}
