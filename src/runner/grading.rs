//! The report phase: the evidence graded, and the files that people know written.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use super::native::{self, PhaseContext, PhaseOutcome};
use crate::artifacts::{self, trajectory};
use crate::case::Case;
use crate::domain::evidence::{self, Applied, Evidence};
use crate::domain::fault::{Again, FaultName};
use crate::domain::verdict::{self, Decision, Verdict};
use crate::domain::{Fault, layout};
use crate::grade::{Compat, Grading, Material, Printed, grade};

/// What an earlier try may have left.
const OURS: [&str; 3] = [
    "out/eval_outputs",
    "out/eval_pilot2_output.jsonl",
    "out/eval_summary.json",
];

/// Writes the report of the attempt; its verdict is the host's own, and decided again at home.
pub(super) fn report(context: &PhaseContext<'_>) -> Result<PhaseOutcome, Fault> {
    let fail = |why: String| no_report(&why);
    let case = Case::read(context.capsule).map_err(|error| fail(error.to_string()))?;
    let case = case.ok_or_else(|| fail("the evidence is gone".to_owned()))?;
    let (Some(grading), Some(evidence), Some(text)) =
        (case.grade(Compat::Fleet), &case.evidence, &case.trajectory)
    else {
        return Err(fail("the evidence is not whole".to_owned()));
    };
    let trajectory = trajectory::read(text).map_err(|error| fail(error.to_string()))?;
    let files = artifacts::tree(
        &case.instance,
        &trajectory,
        evidence,
        case.log.whole(),
        &grading,
        Compat::Fleet,
    )
    .map_err(|error| fail(error.to_string()))?;
    context.clear(&OURS)?;
    for file in files {
        let name = format!("{}/{}", layout::OUT, file.path);
        let path = context.capsule.join(&name);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        made.map_err(|error| fail(format!("cannot make a place for {name}: {error}")))?;
        context.write(&name, &file.bytes)?;
        if file.executable {
            std::fs::set_permissions(&path, Permissions::from_mode(0o755))
                .map_err(|error| fail(format!("cannot make {name} executable: {error}")))?;
        }
    }
    for note in &grading.findings {
        native::say(&format!("{}: {}", note.name.word(), note.what));
    }
    Ok(PhaseOutcome {
        note: words(&grading.verdict),
        verdict: Some(grading.verdict),
    })
}

/// Is the evidence worth keeping? What a broken environment left is not: the phase has failed, and why is known.
///
/// The words of a broken environment can be printed by the code under test, too. So they are believed only if
/// they come without the model's patch as well.
pub(super) fn sound(context: &PhaseContext<'_>) -> Result<(), Fault> {
    let case = Case::read(context.capsule).map_err(|error| no_report(&error.to_string()))?;
    let Some((case, evidence)) = case.and_then(|case| Some((case.clone(), case.evidence?))) else {
        return Ok(());
    };
    let Some(fault) = case.grade(Compat::Fleet).and_then(broken) else {
        return Ok(());
    };
    let patched = matches!(evidence.patch.state, Applied::Git | Applied::Fuzzy);
    if !patched || evidence.fault.is_some() {
        return Err(fault);
    }
    native::say("the tests could not be started; trying without the model's patch");
    let (control, log) = native::control(context)?;
    let stdout = control.tests.as_ref().and_then(|tests| tests.stdout);
    let log = Printed::read(log, stdout);
    let same = |again: Fault| again.name == fault.name;
    if broken(grade(
        &Material::new(&case.instance, &control, &log),
        Compat::Fleet,
    ))
    .is_some_and(same)
    {
        return Err(fault);
    }
    native::say("without the model's patch they can be started: the patch is what broke them");
    let evidence = Evidence {
        sound: true,
        ..evidence
    };
    let text = serde_json::to_vec_pretty(&evidence).map_err(|error| no_report(&error.to_string()))?;
    context.write(evidence::FILE, &text)
}

/// The fault of an environment in which nothing can be graded.
fn broken(grading: Grading) -> Option<Fault> {
    let infra = grading.verdict.outcome == verdict::Outcome::InfraFailed;
    grading.verdict.fault.filter(|_| infra)
}

fn no_report(why: &str) -> Fault {
    Fault::new(FaultName::NoReport, Again::Anywhere, why)
}

/// A verdict in one line.
fn words(verdict: &Verdict) -> String {
    let (f2p, p2p) = (verdict.fail_to_pass, verdict.pass_to_pass);
    let numbers = format!("F2P {}/{}, P2P {}/{}", f2p.0, f2p.1, p2p.0, p2p.1);
    match (&verdict.why, verdict.decision) {
        (Some(why), Decision::Unresolved | Decision::Undecided) => {
            format!(
                "{} ({}): {why}; {numbers}",
                verdict.decision.word(),
                verdict.outcome.word()
            )
        }
        (_, _) => format!("{}, {numbers}", verdict.decision.word()),
    }
}
