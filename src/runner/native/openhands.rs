//! The harness of `OpenHands`: the command line, the environment and the dataset that it wants.
//!
//! Invariant: it writes below the attempt's own directory only, so that what is found there is this run's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::agent::{self, Program};
use super::command;
use super::context::{PhaseContext, say};
use super::discover::{self, Passed, Search};
use super::fault::{disk, fault};
use super::line::Line;
use crate::domain::fault::{Again, FaultName};
use crate::domain::{Fault, Instance, Sha256, layout};
use crate::doors::env;
use crate::doors::files::{self, Durability, OWNER_ONLY};

/// The harness's own entry.
pub(crate) const ENTRY: &str = "evaluation/benchmarks/multi_swe_bench/run_infer.py";

/// Variables that make the harness do something else than its settings say.
const WITHOUT: &[&str] = &["RUNTIME_CONTAINER_IMAGE", "SANDBOX_ENV_GITHUB_TOKEN"];

/// What a run of it goes by.
#[derive(Debug)]
pub(super) struct Settings<'a> {
    /// Its root on this host.
    pub(super) harness: &'a str,
    /// The section of its `config.toml`.
    pub(super) llm: &'a str,
    /// Its agent class.
    pub(super) class: &'a str,
    /// Most iterations.
    pub(super) iterations: u32,
    /// Further variables.
    pub(super) env: &'a BTreeMap<String, String>,
}

/// What of this process's world the command line depends on.
#[derive(Debug)]
struct World {
    home: PathBuf,
    path: String,
    python_path: Option<String>,
    commit: Option<String>,
}

/// Runs the harness, and takes the one trajectory that it left.
pub(super) fn run(context: &PhaseContext<'_>, settings: &Settings<'_>) -> Result<(Line, String), Fault> {
    let dir = context.agent_dir();
    std::fs::create_dir(&dir).map_err(|error| disk(&dir, error))?;
    let world = World {
        home: env::home().unwrap_or_default(),
        path: context.variable("PATH").unwrap_or_default(),
        python_path: context.variable("PYTHONPATH"),
        commit: context.variable("OPENHANDS_GIT_COMMIT"),
    };
    let dataset = dir.join("dataset.jsonl");
    let text = format!("{}\n", Value::Object(row(context.instance, context.image())));
    files::replace_foreign(&dataset, text.as_bytes(), OWNER_ONLY, Durability::Whole)
        .map_err(|error| disk(&dataset, error))?;
    let program = program(context, settings, &world);
    if !program.cwd.join(ENTRY).is_file() {
        let what = format!(
            "there is no harness on this host: {}/{ENTRY} is missing",
            program.cwd.display()
        );
        return Err(fault(FaultName::NoHarness, Again::Elsewhere, what));
    }
    say(&format!("agent: {}", program.argv.join(" ")));
    let end = agent::run(&program, context.secrets)?;
    let mut passed = Passed::default();
    let search = discover::output(&dir, &context.instance.id, &mut passed);
    match search.map_err(|error| disk(&dir, error))? {
        Search::Found(line, at) => {
            discover::lift(&at, &dir, &context.file(layout::OUT), &mut passed)
                .map_err(|error| disk(&at, error))?;
            let note = end.note("the harness's trajectory");
            Ok((line, note + &passed.note(&dir)))
        }
        Search::Bad(why) => Err(command::bad_output(why, &passed, &dir)),
        Search::Nothing => Err(command::nothing(&end, context, "output.jsonl", &passed, &dir)),
    }
}

fn program(context: &PhaseContext<'_>, settings: &Settings<'_>, world: &World) -> Program {
    let harness = match settings.harness.strip_prefix("~/") {
        Some(rest) => world.home.join(rest),
        None if settings.harness == "~" => world.home.clone(),
        None => PathBuf::from(settings.harness),
    };
    let dir = context.agent_dir();
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut env = environment(context, &text(&harness), world);
    // A version that `fleet deploy` brought has no repository to name its commit: its digest stands for one.
    if let Some(version) = deployed(&harness).filter(|_| world.commit.is_none()) {
        env.insert("OPENHANDS_GIT_COMMIT".to_owned(), version);
    }
    env.extend(
        settings
            .env
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    let version = env.get("OPENHANDS_VERSION").map_or("v1.1.0", String::as_str);
    let experiment = env.get("EXP_NAME").filter(|name| !name.is_empty());
    let experiment = experiment.map_or_else(String::new, |name| format!("-{name}"));
    let note = format!("{version}-no-hint{experiment}-run_{}", context.job.run);
    let iterations = settings.iterations.to_string();
    let (out, dataset) = (text(&dir), text(&dir.join("dataset.jsonl")));
    let argv = [
        "poetry",
        "run",
        "python",
        ENTRY,
        "--agent-cls",
        settings.class,
        "--llm-config",
        settings.llm,
        "--max-iterations",
        &iterations,
        "--eval-num-workers",
        "1",
        "--eval-note",
        &note,
        "--eval-output-dir",
        &out,
        "--dataset",
        &dataset,
        "--split",
        "train",
        "--eval-n-limit",
        "1",
    ];
    Program {
        argv: argv.map(str::to_owned).to_vec(),
        env,
        without: WITHOUT,
        cwd: harness,
    }
}

/// The name of the version that a link at the harness's place leads to, where there is no repository in it.
fn deployed(harness: &Path) -> Option<String> {
    let target = std::fs::read_link(harness).ok()?;
    let name = target.file_name()?.to_str()?.split('.').next()?;
    let digest: Sha256 = name.parse().ok()?;
    (!target.join(".git").exists()).then(|| digest.to_string())
}

fn environment(context: &PhaseContext<'_>, harness: &str, world: &World) -> BTreeMap<String, String> {
    let python_path = world.python_path.as_deref().filter(|path| !path.is_empty());
    let all = [
        (
            "PATH",
            format!("{}/.local/bin:{}", world.home.display(), world.path),
        ),
        (
            "PYTHONPATH",
            python_path.map_or_else(|| harness.to_owned(), |rest| format!("{harness}:{rest}")),
        ),
        ("DOCKER_BUILDKIT", "0".to_owned()),
        ("EVAL_DOCKER_IMAGE_PREFIX", "mswebench".to_owned()),
        ("USE_INSTANCE_IMAGE", "true".to_owned()),
        // Its own default is Java, and it tells `python` from `Python`.
        ("LANGUAGE", context.instance.language.to_lowercase()),
        ("RUN_WITH_BROWSING", "false".to_owned()),
        ("USE_HINT_TEXT", "false".to_owned()),
        ("RUN_NUMBER", context.job.run.to_string()),
        ("FLEET_OUT", context.agent_dir().to_string_lossy().into_owned()),
        (
            "FLEET_DATASET",
            context
                .agent_dir()
                .join("dataset.jsonl")
                .to_string_lossy()
                .into_owned(),
        ),
        ("FLEET_IMAGE", context.image().to_owned()),
    ];
    all.into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The instance as the harness reads it: what an agent may know, and the image by its name on this host. It looks for the
/// lists of tests, and needs nothing of them.
fn row(instance: &Instance, image: &str) -> Map<String, Value> {
    let mut row = instance.for_agents();
    row.insert("image_storage_uri".to_owned(), image.into());
    for tests in ["FAIL_TO_PASS", "PASS_TO_PASS"] {
        row.insert(tests.to_owned(), Value::Array(Vec::new()));
    }
    row
}
