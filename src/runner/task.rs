//! The process of a native phase: reads what the attempt is about, does the phase, and leaves its conclusion.
//!
//! Its exit code says whether the phase did its work; the conclusion says whose doing it was if not.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::{Doing as _, RunnerError};
use super::native::{self, PhaseContext, PhaseOutcome};
use super::{grading, handover, image};
use crate::blame;
use crate::docker::owner;
use crate::domain::conclusion::{self, Conclusion};
use crate::domain::evidence;
use crate::domain::fault::{Again, FaultName};
use crate::domain::swe::{Swe, Task};
use crate::domain::{Fault, Instance, PhaseName, Secrets, Spec, layout};
use crate::doors::files::{self, AS_UMASK, Durability};
use crate::doors::secrets;

/// Does one native phase of an attempt; true if it went well. Its secrets are on its stdin.
pub fn step(capsule: &Path, phase: &PhaseName) -> Result<bool, RunnerError> {
    let secrets = handover::read(std::io::stdin().lock())?;
    secrets::learn(&secrets);
    let read = |name: &str| {
        let path = capsule.join(name);
        std::fs::read_to_string(&path).doing(|| format!("read {}", path.display()))
    };
    let spec: Spec = serde_json::from_str(&read(layout::SPEC)?).map_err(|error| RunnerError::Damaged {
        path: capsule.join(layout::SPEC),
        why: error.to_string(),
    })?;
    let step = spec.steps.iter().find(|step| step.phase == *phase);
    let (Some(task), Some(swe)) = (step.and_then(|step| step.task), spec.swe.as_deref()) else {
        return Err(RunnerError::Damaged {
            path: capsule.join(layout::SPEC),
            why: format!("phase {phase} is no native one"),
        });
    };
    let mut spent = None;
    let done = read(layout::DATASET)
        .map_err(|error| dataset(&error.to_string()))
        .and_then(|text| perform(capsule, &spec, swe, task, &text, &secrets, &mut spent));
    let mut conclusion = match done {
        Ok(outcome) => Conclusion {
            note: outcome.note,
            verdict: outcome.verdict,
            spent,
            ..Conclusion::default()
        },
        Err(fault) => Conclusion {
            fault: Some(fault),
            spent,
            ..Conclusion::default()
        },
    };
    secrets::hide(&mut conclusion);
    if let Some(fault) = &conclusion.fault {
        native::say(&fault.to_string());
    } else {
        native::say(&conclusion.note);
    }
    let path = capsule.join(conclusion::FILE);
    let text = serde_json::to_vec(&conclusion).map_err(std::io::Error::from);
    let text = text.doing(|| "put the conclusion in words")?;
    // What it vouches for is made durable by the supervisor, which reads it.
    files::replace_foreign(&path, &text, AS_UMASK, Durability::Whole)
        .doing(|| format!("write {}", path.display()))?;
    Ok(conclusion.fault.is_none())
}

fn perform(
    capsule: &Path,
    spec: &Spec,
    swe: &Swe,
    task: Task,
    text: &str,
    secrets: &Secrets,
    spent: &mut Option<u64>,
) -> Result<PhaseOutcome, Fault> {
    let instance: Instance = serde_json::from_str(text).map_err(|error| dataset(&error.to_string()))?;
    // The evaluation looks for itself: what an agent can write to tells it nothing.
    let found = (task == Task::Trajectory)
        .then(|| image::place(capsule))
        .flatten();
    let instance = instance.with_repo_at(found.as_deref());
    let context = PhaseContext {
        capsule,
        attempt: spec.id(),
        job: &spec.job,
        swe,
        instance: &instance,
        dataset_text: text,
        host: &spec.host,
        secrets,
        harness: None,
        explain: blame::explain,
    };
    // Among the results, so that grading at home needs no database; but not before an agent is done, which could read it there.
    if matches!(task, Task::Image | Task::Trajectory) && swe.agent.is_program() {
        context.clear(&[evidence::INSTANCE])?;
    } else {
        context.write(evidence::INSTANCE, text.as_bytes())?;
    }
    let setup = serde_json::to_vec(swe).map_err(|error| dataset(&error.to_string()))?;
    context.write(evidence::SETUP, &setup)?;
    match task {
        Task::Image => image::ready(&context, &labels(capsule, spec)),
        Task::Trajectory => {
            let done = native::trajectory(&context);
            *spent = native::spent(&context);
            done
        }
        Task::Evaluation => {
            let done = native::evaluation(&context)?;
            grading::sound(&context)?;
            Ok(done)
        }
        Task::Report => grading::report(&context),
    }
}

/// What every container of the attempt is known by.
fn labels(capsule: &Path, spec: &Spec) -> BTreeMap<String, String> {
    let root = layout::root_of(capsule).and_then(|root| owner::identity(root).ok());
    let root = root.map(|root| (owner::LABEL.to_owned(), root));
    let mut labels = BTreeMap::from([
        ("fleet.run".to_owned(), spec.job.set.to_string()),
        ("fleet.job".to_owned(), spec.job.id.to_string()),
        ("fleet.attempt".to_owned(), spec.id().to_string()),
    ]);
    labels.extend(root);
    labels
}

fn dataset(why: &str) -> Fault {
    let what = format!("the dataset of the job cannot be read: {why}");
    Fault::new(FaultName::DatasetUnreadable, Again::Never, what)
}
