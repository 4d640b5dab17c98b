//! One host in a play: the attempts on it, from phase to phase, and the images that they leave.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::chance::{Chance, Fate, works_for_model};
use super::odds::scaled;
use super::{Dice, Host, Scene, Speech, Step, Work};
use crate::domain::conclusion::Conclusion;
use crate::domain::event::Stock;
use crate::domain::fault::{Again, FaultName};
use crate::domain::journal::{Ending, Entry, Outcome};
use crate::domain::swe::Task;
use crate::domain::{AttemptId, Fault, HostName, ModelName, PhaseName, Span, Timestamp};
use crate::schedule::fleet::ImageNeed;

/// How soon a provider that accepts nothing has said so.
const REFUSAL: Span = Span::seconds(5);

/// A host, and what goes on there.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub(super) host: Host,
    /// The link to it is open.
    pub(super) open: bool,
    /// It will never be reached again.
    pub(super) dead: bool,
    /// How much longer than usual it takes.
    pub(super) pace: f64,
    /// Images that it has, with their sizes.
    pub(super) shelf: BTreeMap<Arc<str>, u64>,
    /// Images that have come to it, and that the coordinator has not been told of.
    pub(super) arrived: Vec<Arc<ImageNeed>>,
    /// Runtime images that were built on it, and that the coordinator has not been told of.
    pub(super) built: Vec<Stock>,
    /// The image that is being fetched ahead, and until when.
    pub(super) fetching: Option<(Arc<ImageNeed>, Timestamp)>,
    /// Bytes that were moved to it.
    pub(super) moved: u64,
    /// Most bytes of images that it ever had.
    pub(super) peak: u64,
    acts: BTreeMap<AttemptId, Act>,
}

/// An attempt that is under way.
#[derive(Debug, Clone)]
struct Act {
    work: Arc<Work>,
    model: ModelName,
    image: Option<Bring>,
    /// The image that it needs, whether or not it is there by now.
    need: Option<Arc<ImageNeed>>,
    step: usize,
    /// When the step under way began and ends.
    began: Timestamp,
    ends: Timestamp,
    fate: Fate,
    /// The step at which its supervisor will be killed.
    killed_in: Option<usize>,
    /// Counts the times that `ends` was set: what is due under an older count is not due any more.
    token: u32,
}

/// An attempt, and what it is to do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'p> {
    pub(super) id: AttemptId,
    pub(super) work: &'p Arc<Work>,
    pub(super) model: &'p ModelName,
    pub(super) image: Option<&'p Bring>,
}

/// An image, and how much of it the host lacks.
#[derive(Debug, Clone)]
pub(super) struct Bring {
    pub(super) need: Arc<ImageNeed>,
    pub(super) missing: u64,
}

/// When an attempt wants to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) at: Timestamp,
    pub(super) attempt: AttemptId,
    pub(super) token: u32,
}

impl Stage {
    pub(super) fn new(name: &HostName, slots: u32, scene: &Scene) -> Stage {
        let shelf = scene.fleet.host(name).map(|host| host.shelf);
        let shelf: BTreeMap<Arc<str>, u64> = shelf
            .into_iter()
            .flatten()
            .map(|(source, stock)| (Arc::clone(source), stock.bytes))
            .collect();
        Stage {
            host: Host::new(name.clone(), slots as usize, Speech::Lines),
            open: false,
            dead: false,
            pace: scene.paces.get(name).copied().unwrap_or(1.0),
            peak: shelf.values().sum(),
            shelf,
            arrived: Vec::new(),
            built: Vec::new(),
            fetching: None,
            moved: 0,
            acts: BTreeMap::new(),
        }
    }

    /// Does anything run here?
    pub(super) fn is_busy(&self) -> bool {
        !self.acts.is_empty()
    }

    /// A supervisor has started: its first step begins. Phases that are `kept` are not done again.
    pub(super) fn begin(
        &mut self,
        now: Timestamp,
        part: Part<'_>,
        kept: Option<(u32, &[PhaseName])>,
        chance: &mut Chance<'_>,
    ) -> Option<Next> {
        let mut step = 0;
        if let Some((from, kept)) = kept {
            for done in part
                .work
                .steps
                .iter()
                .take_while(|step| kept.contains(&step.phase))
            {
                let phase = done.phase.clone();
                self.host.write(now, part.id, Entry::PhaseKept { phase, from });
                step += 1;
            }
        }
        self.enter(now, part, step, chance)
    }

    /// An attempt that began before the play did, in this phase, at that time.
    pub(super) fn resume(
        &mut self,
        now: Timestamp,
        part: Part<'_>,
        phase: Option<&PhaseName>,
        began: Timestamp,
        chance: &mut Chance<'_>,
    ) -> Next {
        let step = phase.and_then(|phase| part.work.steps.iter().position(|step| step.phase == *phase));
        let mut act = Act::new(part, step.unwrap_or(0));
        let span = match part.work.steps.get(act.step) {
            None => Span(0),
            Some(step) => {
                let (elapsed, pace) = (now.since(began), self.pace);
                let usual = scaled(elapsed, 1.0 / pace);
                scaled(chance.span_beyond(step, usual), pace)
            }
        };
        act.began = began;
        act.ends = began.after(span).max(now);
        let next = act.next(part.id);
        self.acts.insert(part.id, act);
        next
    }

    fn enter(
        &mut self,
        now: Timestamp,
        part: Part<'_>,
        step: usize,
        chance: &mut Chance<'_>,
    ) -> Option<Next> {
        let mut act = Act::new(part, step);
        act.killed_in = chance.killed_in(part.work.steps.len());
        let between = chance.between();
        let next = self.play(now, part.id, &mut act, between, chance);
        if next.is_some() {
            self.acts.insert(part.id, act);
        }
        next
    }

    /// The step that the act stands at begins; or the attempt is over.
    fn play(
        &mut self,
        now: Timestamp,
        id: AttemptId,
        act: &mut Act,
        delay: Span,
        chance: &mut Chance<'_>,
    ) -> Option<Next> {
        let work = Arc::clone(&act.work);
        let Some(step) = work.steps.get(act.step) else {
            self.host.end(now, id, Outcome::Succeeded);
            return None;
        };
        let phase = step.phase.clone();
        self.host.write(now, id, Entry::PhaseStarted { phase });
        act.began = now.after(delay);
        let image = act.image.clone().filter(|_| step.task == Some(Task::Image));
        let span = match &image {
            Some(image) => self.image_span(now, image, step, chance),
            None => chance.span(step, false),
        };
        let span = scaled(span, self.pace);
        act.ends = act.began.after(span);
        let last = act.step + 1 == work.steps.len();
        act.fate = chance.fate(act.killed_in == Some(act.step), last, step);
        if act.fate != Fate::Well {
            let part = chance.dice.as_mut().map_or(1.0, Dice::share);
            act.ends = act.began.after(scaled(span, part));
        }
        if chance.refuses(&act.model, step) {
            act.refused();
        }
        act.token += 1;
        Some(act.next(id))
    }

    /// How long a usual host takes until the image is ready; from here on it is on its way.
    fn image_span(&mut self, now: Timestamp, image: &Bring, step: &Step, chance: &mut Chance<'_>) -> Span {
        if self.shelf.contains_key(&image.need.source) {
            return chance.span(step, true);
        }
        if let Some((fetching, ends)) = &self.fetching
            && fetching.source == image.need.source
        {
            return Span(ends.since(now).0 + chance.span(step, true).0);
        }
        self.moved += image.missing;
        chance.span(step, false)
    }

    /// The image of a job to come is fetched: when it will be there.
    pub(super) fn fetch(
        &mut self,
        now: Timestamp,
        image: &Bring,
        work: &Work,
        chance: &mut Chance<'_>,
    ) -> Timestamp {
        let step = work.steps.iter().find(|step| step.task == Some(Task::Image));
        let span = step.map_or(Span(0), |step| chance.span(step, false));
        let ends = now.after(scaled(span, self.pace));
        self.moved += image.missing;
        self.fetching = Some((Arc::clone(&image.need), ends));
        ends
    }

    /// An image is there from now on.
    pub(super) fn shelve(&mut self, need: Arc<ImageNeed>) {
        self.shelf.insert(Arc::clone(&need.source), need.bytes);
        self.peak = self.peak.max(self.shelf.values().sum());
        self.arrived.push(need);
    }

    /// The harness has built a runtime image of so many bytes of its own on top of this one, unless it had.
    fn build(&mut self, need: &ImageNeed, bytes: u64) {
        let source: Arc<str> = format!("runtime of {}", need.source).into();
        if bytes == 0 || self.shelf.contains_key(&source) {
            return;
        }
        self.built.push(Stock {
            source: source.to_string(),
            bytes,
            layers: Vec::new(),
            runtime: Some(need.names.first().cloned().unwrap_or_default()),
        });
        self.shelf.insert(source, bytes);
        self.peak = self.peak.max(self.shelf.values().sum());
    }

    /// The time of an attempt has come: its step ends, the next one begins.
    pub(super) fn step(
        &mut self,
        now: Timestamp,
        id: AttemptId,
        token: u32,
        chance: &mut Chance<'_>,
    ) -> Option<Next> {
        let mut act = self.acts.remove(&id)?;
        if act.token != token || !self.host.is_alive(id) {
            if self.host.is_alive(id) {
                self.acts.insert(id, act);
            }
            return None;
        }
        if self.host.is_cancelled(id) {
            self.host.end(now, id, Outcome::Cancelled);
            return None;
        }
        let work = Arc::clone(&act.work);
        let Some(step) = work.steps.get(act.step) else {
            self.host.end(now, id, Outcome::Succeeded);
            return None;
        };
        let (ending, fault) = match act.fate.clone() {
            Fate::Killed => {
                self.host.kill(id);
                self.host.bury(now);
                return None;
            }
            Fate::Well => (Ending::Exit(0), None),
            Fate::Breaks => (Ending::Exit(1), None),
            Fate::Fails(fault) => (Ending::Exit(1), Some(fault)),
        };
        self.host
            .write(now, id, ended(step, &ending, now.since(act.began), fault));
        if !ending.is_success() {
            let phase = step.phase.clone();
            self.host.end(now, id, Outcome::Failed { phase, ending });
            return None;
        }
        if let Some(need) = act.need.as_ref().filter(|_| step.task == Some(Task::Trajectory)) {
            let need = Arc::clone(need);
            self.build(&need, work.runtime);
        }
        if let Some(image) = act.image.take_if(|_| step.task == Some(Task::Image))
            && !self.shelf.contains_key(&image.need.source)
        {
            self.shelve(image.need);
        }
        act.step += 1;
        let next = self.play(now, id, &mut act, Span(0), chance);
        if next.is_some() {
            self.acts.insert(id, act);
        }
        next
    }

    /// A coordinator has asked for the end of an attempt.
    pub(super) fn hurry(&mut self, now: Timestamp, id: AttemptId) -> Option<Next> {
        let act = self.acts.get_mut(&id)?;
        act.ends = now.after(Span::seconds(1));
        act.token += 1;
        Some(act.next(id))
    }

    /// The machine restarts: all that ran is lost.
    pub(super) fn reboot(&mut self) {
        self.host.reboot();
        self.acts.clear();
        self.fetching = None;
    }

    /// It takes so many times as long from now on, and so does what is under way.
    pub(super) fn slow(&mut self, now: Timestamp, factor: f64) -> Vec<Next> {
        self.pace *= factor;
        let acts = self.acts.iter_mut();
        acts.map(|(id, act)| {
            act.ends = now.after(scaled(act.ends.since(now), factor));
            act.token += 1;
            act.next(*id)
        })
        .collect()
    }

    /// The provider of a model accepts nothing from now on.
    pub(super) fn refuse(&mut self, now: Timestamp, model: &ModelName) -> Vec<Next> {
        let mut next = Vec::new();
        for (id, act) in self.acts.iter_mut().filter(|(_, act)| act.model == *model) {
            let working = act.work.steps.get(act.step).is_some_and(works_for_model);
            if working {
                act.began = act.began.max(now);
                act.refused();
                act.token += 1;
                next.push(act.next(*id));
            }
        }
        next
    }
}

impl Act {
    fn new(part: Part<'_>, step: usize) -> Act {
        Act {
            work: Arc::clone(part.work),
            model: part.model.clone(),
            image: part.image.cloned(),
            need: part.image.map(|image| Arc::clone(&image.need)),
            step,
            began: Timestamp(0),
            ends: Timestamp(0),
            fate: Fate::Well,
            killed_in: None,
            token: 0,
        }
    }

    fn next(&self, attempt: AttemptId) -> Next {
        Next {
            at: self.ends,
            attempt,
            token: self.token,
        }
    }

    fn refused(&mut self) {
        self.ends = self.began.after(REFUSAL);
        self.fate = Fate::Fails(Fault::new(
            FaultName::ModelRefused,
            Again::Mended,
            "its provider refuses the model",
        ));
    }
}

fn ended(step: &Step, ending: &Ending, took: Span, fault: Option<Fault>) -> Entry {
    let keeps = ending.is_success() && matches!(step.task, Some(Task::Trajectory | Task::Evaluation));
    let conclusion = (keeps || fault.is_some()).then(|| {
        Box::new(Conclusion {
            keeps,
            fault,
            ..Conclusion::default()
        })
    });
    Entry::PhaseEnded {
        phase: step.phase.clone(),
        ending: ending.clone(),
        took,
        output: 0,
        excerpt: None,
        conclusion,
    }
}
