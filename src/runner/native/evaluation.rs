//! The evaluation: what the agent left, put to the test in a fresh container. It judges nothing; it leaves
//! the evidence (`out/evaluation.json`) and the log beside it.

use std::io::Write as _;

use flate2::{Compression, GzBuilder};

use super::container::{Container, DIR};
use super::context::{PhaseContext, PhaseOutcome, say};
use super::fault::{disk, engine, fault};
use super::filter::filter;
use super::solution::MOST;
use super::tests_run::Ran;
use super::{golden, line, patch, steering, tests_run};
use crate::docker::{self, Machine};
use crate::domain::evidence::{self, Applied, Evidence, FILE, LOG, Patch, REPORT, TRAJECTORY, VERSION};
use crate::domain::fault::{Again, FaultName};
use crate::domain::instance::places;
use crate::domain::{Fault, Instance, Sha256};
use crate::doors::files;
use crate::doors::secrets;

/// Makes git behave the same everywhere: no user's settings, no questions, no refusal when another user owns the tree.
/// Then checks that the container is what the dataset says, and finds at which of the places the repository is. The
/// image's own state is kept as it is, even where it differs from the base commit: its environment was built in it.
const READY: &str = r#"
mkdir -p "$1" && printf '[safe]\n\tdirectory = *\n[core]\n\thooksPath = /dev/null\n' > "$1/.gitconfig" || exit 91
command -v git > /dev/null || exit 11
command -v bash > /dev/null || exit 12
commit=$2 wrong=13
shift 2
for place; do
    cd "$place" 2> /dev/null || continue
    git rev-parse --verify --quiet "$commit^{commit}" > /dev/null && echo "$place" && exit 0
    wrong=14
done
exit $wrong
"#;
/// The codes with which `READY` ends.
const READY_CODES: [i32; 5] = [0, NO_GIT, NO_BASH, NO_REPOSITORY, NO_COMMIT];
const NO_GIT: i32 = 11;
const NO_BASH: i32 = 12;
const NO_REPOSITORY: i32 = 13;
const NO_COMMIT: i32 = 14;

/// Puts the trajectory's patch to the test.
pub fn evaluation(context: &PhaseContext<'_>) -> Result<PhaseOutcome, Fault> {
    context.clear(&[FILE, LOG, REPORT])?;
    let model = model_patch(context)?;
    let mut evidence = nothing_seen(context, model.len());
    let done = examine(context, &model, &mut evidence);
    evidence.fault = done.as_ref().err().cloned();
    secrets::hide(&mut evidence);
    let text = serde_json::to_vec_pretty(&evidence);
    let text = text.map_err(|error| disk(&context.file(FILE), error))?;
    context.write(FILE, &text)?;
    if let Ok(done) = &done {
        say(&done.note);
    }
    done
}

/// The same without the model's patch: what the environment does by itself. Leaves nothing behind.
pub fn control(context: &PhaseContext<'_>) -> Result<(Evidence, Vec<u8>), Fault> {
    let mut evidence = nothing_seen(context, 0);
    // As if a patch that changes nothing had been applied.
    evidence.patch.state = Applied::Git;
    let (container, machine, instance) = fresh(context, &mut evidence)?;
    let context = &PhaseContext {
        instance: &instance,
        ..*context
    };
    golden::all(&container, context.instance, &mut evidence.golden)?;
    let ran = tests_run::run(container, context, &machine)?;
    evidence.tests = Some(ran.tests);
    Ok((evidence, ran.log))
}

fn nothing_seen(context: &PhaseContext<'_>, bytes: usize) -> Evidence {
    Evidence {
        version: VERSION,
        image: None,
        loaded: None,
        repo_path: None,
        dataset: Sha256::of(context.dataset_text.as_bytes()),
        patch: Patch {
            bytes: bytes as u64,
            applied_bytes: 0,
            state: Applied::NotTried,
            said: String::new(),
        },
        golden: golden::untried(context.instance),
        tests: None,
        put_back: Vec::new(),
        report: None,
        sound: false,
        fault: None,
    }
}

/// What the model left, as it left it.
fn model_patch(context: &PhaseContext<'_>) -> Result<String, Fault> {
    let path = context.file(TRAJECTORY);
    let bytes = files::read_plain(&path, MOST).map_err(|error| disk(&path, error))?;
    let line = bytes.ok_or_else(|| "there is none".to_owned());
    let line = line.and_then(|bytes| line::last(&bytes, &context.instance.id));
    line.map(|line| line.patch).map_err(|why| {
        fault(
            FaultName::NoTrajectory,
            Again::Anywhere,
            format!("{TRAJECTORY}: {why}"),
        )
    })
}

fn examine(context: &PhaseContext<'_>, model: &str, evidence: &mut Evidence) -> Result<PhaseOutcome, Fault> {
    let (container, machine, instance) = fresh(context, evidence)?;
    let context = &PhaseContext {
        instance: &instance,
        ..*context
    };
    let (repo, base) = (&context.instance.repo_path, &context.instance.base_commit);
    let patch = filter(model);
    evidence.patch.applied_bytes = patch.len() as u64;
    if patch.is_empty() {
        evidence.patch.state = Applied::Nothing;
    } else {
        (evidence.patch.state, evidence.patch.said) = patch::apply(&container, repo, Some(base), &patch)?;
    }
    say(&format!("model patch: {} bytes, {:?}", patch.len(), evidence.patch.state).to_lowercase());
    if evidence.patch.state == Applied::Failed {
        let note = format!("the model's patch does not apply: {}", evidence.patch.said);
        return Ok(PhaseOutcome::noted(note));
    }
    if evidence.patch.state != Applied::Nothing {
        evidence.put_back = steering::put_back(&container, context.instance, &patch, &evidence.golden)?;
        say(&format!(
            "files that steer the test runner: {} changed by the patch",
            evidence.put_back.len()
        ));
    }
    golden::all(&container, context.instance, &mut evidence.golden)?;
    let failed = evidence
        .golden
        .iter()
        .filter(|one| one.state == Applied::Failed)
        .count();
    say(&format!(
        "golden patches: {} of {} applied",
        evidence.golden.len() - failed,
        evidence.golden.len()
    ));
    let Ran { tests, log, report } = tests_run::run(container, context, &machine)?;
    context.write(
        LOG,
        &compressed(&log).map_err(|error| disk(&context.file(LOG), error))?,
    )?;
    evidence.report = report.told;
    if !report.lines.is_empty() {
        let lines = compressed(&report.lines).map_err(|error| disk(&context.file(REPORT), error))?;
        context.write(REPORT, &lines)?;
    }
    let end = tests.exit.map_or_else(
        || "did not end in time".to_owned(),
        |code| format!("ended with exit code {code}"),
    );
    let note = format!(
        "the tests {end} after {}, with {} bytes of output",
        tests.took, tests.output
    );
    evidence.tests = Some(tests);
    Ok(PhaseOutcome::noted(note))
}

/// What the image phase loaded, if this image was made of that.
fn loaded(context: &PhaseContext<'_>, image: Option<&str>) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Facts {
        id: String,
        loaded: String,
    }
    let text = files::read_plain(&context.file(evidence::IMAGE), MOST).ok()??;
    let facts: Facts = serde_json::from_slice(&text).ok()?;
    (Some(facts.id.as_str()) == image).then_some(facts.loaded)
}

/// A container of the instance's image, the machine that it is on, and the instance with its repository where it was found.
/// It holds what the dataset says.
fn fresh(
    context: &PhaseContext<'_>,
    evidence: &mut Evidence,
) -> Result<(Container, Machine, Instance), Fault> {
    let instance = context.instance;
    let dataset = |name: FaultName, what: String| Err(fault(name, Again::Never, what));
    let commit = &instance.base_commit;
    if commit.len() < 7 || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return dataset(
            FaultName::BadBaseCommit,
            format!("base_commit `{commit}` is no commit"),
        );
    }
    if !instance.repo_path.starts_with('/') {
        return dataset(
            FaultName::BadRepoPath,
            format!("repo_path `{}` is not absolute", instance.repo_path),
        );
    }
    let image = context.image();
    evidence.image = docker::image_id(image).map_err(|error| engine(&error))?;
    evidence.loaded = loaded(context, evidence.image.as_deref());
    if evidence.image.is_none() {
        let what = format!("the image {image} is not on this host");
        return Err(fault(FaultName::ImageMissing, Again::Anywhere, what));
    }
    say(&format!("evaluating in {image}"));
    let machine = Machine::ask().map_err(|error| engine(&error))?;
    let container = Container::start(context, &machine)?;
    let looked = places(&instance.repo_path);
    let args = [&[DIR, commit.as_str()], &looked[..]].concat();
    let said = container.script(READY, &args, b"", &READY_CODES)?;
    let (name, what) = match said.status {
        Some(NO_GIT) => (FaultName::NoGit, "the image has no git".to_owned()),
        Some(NO_BASH) => (FaultName::NoBash, "the image has no bash".to_owned()),
        Some(NO_REPOSITORY) => (
            FaultName::NoRepository,
            format!("the image has no {}", looked.join(" and no ")),
        ),
        Some(NO_COMMIT) => (
            FaultName::NoBaseCommit,
            format!("there is no commit {commit} in {}", looked.join(" nor in ")),
        ),
        _ => {
            let found = Some(said.stdout.trim_end_matches('\n'));
            let instance = instance.clone().with_repo_at(found);
            if instance.repo_path != context.instance.repo_path {
                say(&format!("the repository is at {}", instance.repo_path));
                evidence.repo_path = Some(instance.repo_path.clone());
            }
            return Ok((container, machine, instance));
        }
    };
    Err(fault(name, Again::Never, what))
}

/// Compressed, and the same bytes for the same log: no time, no name.
fn compressed(log: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut gz = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::default());
    gz.write_all(log)?;
    gz.finish()
}
