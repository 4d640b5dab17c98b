//! What the past says of how long things take: by instance, model and phase, and by host.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Odds;
use super::odds::scaled;
use crate::domain::journal::Outcome;
use crate::domain::{AttemptState, HostName, InstanceId, Job, ModelName, PhaseName, Span};
use crate::schedule::Fleet;
use crate::schedule::fleet::Attempt;

/// Most times of one kind that are remembered: the newest.
const MOST: usize = 200;
/// So many times of a host count as much as the belief that it is like the others.
const DOUBT: f64 = 4.0;
/// Longest pause between two phases that is believed.
const LONGEST_BETWEEN: Span = Span::seconds(60);

/// How near a measured time is to what is asked for; the nearest that there is counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Kin {
    Same(InstanceId, ModelName),
    Instance(InstanceId),
    Model(ModelName),
    Phase,
}

/// Times that were measured.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// By phase, whether it found its image there, and nearness.
    odds: BTreeMap<(PhaseName, bool, Kin), Arc<Odds>>,
    /// How much longer than usual each host takes.
    paces: BTreeMap<HostName, f64>,
    /// What passes between a decision and the first phase, and between phases.
    between: Option<Arc<Odds>>,
    count: usize,
}

/// One measured phase.
struct Took<'f> {
    job: &'f Job,
    phase: &'f PhaseName,
    warm: bool,
    host: &'f HostName,
    span: Span,
}

impl Measured {
    /// From everything that ended well in the past of this fleet.
    pub fn of(fleet: &Fleet) -> Measured {
        let mut past: Vec<(&Job, &Attempt)> = fleet
            .jobs()
            .flat_map(|entry| entry.attempts.iter().map(|attempt| (entry.job.as_ref(), attempt)))
            .collect();
        past.sort_by_key(|(_, attempt)| attempt.intended);
        let mut measured = Measured::default();
        let (mut all, mut between) = (Vec::new(), Vec::new());
        let mut images: BTreeSet<(&HostName, &InstanceId)> = BTreeSet::new();
        for (job, attempt) in past {
            // The first attempt with an image on a host brings it there; later ones find it.
            let warm = !attempt.took.is_empty() && !images.insert((&attempt.host, &job.instance));
            all.extend(attempt.took.iter().map(|(phase, span)| Took {
                job,
                phase,
                warm,
                host: &attempt.host,
                span: *span,
            }));
            let sum: u64 = attempt.took.iter().map(|(_, span)| span.0).sum();
            let rest = attempt.since.since(attempt.intended).0.checked_sub(sum);
            if let Some(rest) = rest.filter(|_| attempt.state == AttemptState::Ended(Outcome::Succeeded))
                // More than that is no pause but clocks that disagree, or a cut link.
                && rest <= LONGEST_BETWEEN.0
            {
                between.push(Span(rest));
            }
        }
        measured.count = all.len();
        measured.between = Odds::measured(newest(between)).map(Arc::new);
        measured.learn(&all);
        measured
    }

    fn learn(&mut self, all: &[Took<'_>]) {
        self.paces = paces(all);
        let mut groups: BTreeMap<(PhaseName, bool, Kin), Vec<Span>> = BTreeMap::new();
        for took in all {
            // As it would have been on a usual host.
            let span = scaled(took.span, 1.0 / self.pace(took.host));
            for kin in kin(took.job) {
                let group = groups.entry((took.phase.clone(), took.warm, kin)).or_default();
                group.push(span);
            }
        }
        let groups = groups.into_iter();
        self.odds = groups
            .filter_map(|(key, spans)| Some((key, Arc::new(Odds::measured(newest(spans))?))))
            .collect();
    }

    /// The odds of a phase of a job, and whether they are of its very instance and model; `warm`: its image
    /// is there already.
    pub fn odds(&self, job: &Job, phase: &PhaseName, warm: bool) -> Option<Arc<Odds>> {
        let known = |kin| self.odds.get(&(phase.clone(), warm, kin)).map(Arc::clone);
        kin(job).into_iter().find_map(known)
    }

    /// How much longer than usual this host takes.
    pub fn pace(&self, host: &HostName) -> f64 {
        self.paces.get(host).copied().unwrap_or(1.0)
    }

    /// What passes between a decision and the first phase, and between phases.
    pub fn between(&self) -> Option<Arc<Odds>> {
        self.between.as_ref().map(Arc::clone)
    }

    /// How many phases were measured.
    pub fn count(&self) -> usize {
        self.count
    }
}

/// How much longer than usual each host takes: its times beside the median of the same model and phase.
fn paces(all: &[Took<'_>]) -> BTreeMap<HostName, f64> {
    let mut usual: BTreeMap<(&ModelName, &PhaseName, bool), Vec<Span>> = BTreeMap::new();
    for took in all {
        let key = (&took.job.model, took.phase, took.warm);
        usual.entry(key).or_default().push(took.span);
    }
    for spans in usual.values_mut() {
        spans.sort_unstable();
    }
    let mut hosts: BTreeMap<&HostName, (f64, f64)> = BTreeMap::new();
    for took in all {
        let usual = usual.get(&(&took.job.model, took.phase, took.warm));
        let middle = usual.and_then(|spans| spans.get(spans.len() / 2)).copied();
        let (span, middle) = (took.span, middle.unwrap_or_default());
        // What takes no time at all says nothing of a host's speed.
        if span.0 > 100 && middle.0 > 100 {
            let (sum, count) = hosts.entry(took.host).or_default();
            *sum += (span.duration().as_secs_f64() / middle.duration().as_secs_f64()).ln();
            *count += 1.0;
        }
    }
    let paces = hosts.into_iter();
    paces
        .map(|(host, (sum, count))| (host.clone(), (sum / (count + DOUBT)).exp()))
        .collect()
}

fn kin(job: &Job) -> [Kin; 4] {
    [
        Kin::Same(job.instance.clone(), job.model.clone()),
        Kin::Instance(job.instance.clone()),
        Kin::Model(job.model.clone()),
        Kin::Phase,
    ]
}

fn newest(mut spans: Vec<Span>) -> Vec<Span> {
    spans.drain(..spans.len().saturating_sub(MOST));
    spans
}
