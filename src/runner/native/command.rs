//! An agent that is a program of the host: it is told all in variables, and leaves a patch or a trajectory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::agent::{self, End, Program};
use super::context::{PhaseContext, say};
use super::discover::{self, Passed, Search};
use super::fault::{disk, fault};
use super::line::Line;
use super::solution::{self, MOST};
use crate::domain::fault::{Again, FaultName};
use crate::domain::{Fault, layout};
use crate::doors::env;
use crate::doors::files;

/// What it may know of the instance.
pub(super) const ROW: &str = "out/agent.jsonl";

/// Runs it in an empty directory of its own, and takes what it left there.
pub(super) fn run(
    context: &PhaseContext<'_>,
    argv: &[String],
    variables: &BTreeMap<String, String>,
    cwd: Option<&str>,
) -> Result<(Line, String), Fault> {
    let dir = context.agent_dir();
    std::fs::create_dir(&dir).map_err(|error| disk(&dir, error))?;
    // Beside its directory, which is to be empty.
    let row = Value::Object(context.instance.for_agents());
    context.write(ROW, format!("{row}\n").as_bytes())?;
    let program = Program {
        argv: argv.to_vec(),
        env: environment(context, &dir, variables),
        without: &[],
        cwd: directory(&dir, cwd, env::home().as_deref()),
    };
    say(&format!("agent: {}", argv.first().map_or("", String::as_str)));
    let end = agent::run(&program, context.secrets)?;
    let id = &context.instance.id;
    let mut passed = Passed::default();
    match discover::output(&dir, id, &mut passed).map_err(|error| disk(&dir, error))? {
        Search::Found(line, at) => {
            discover::lift(&at, &dir, &context.file(layout::OUT), &mut passed)
                .map_err(|error| disk(&at, error))?;
            let note = end.note("the agent's trajectory");
            Ok((line, note + &passed.note(&dir)))
        }
        Search::Bad(why) => Err(bad_output(why, &passed, &dir)),
        Search::Nothing => {
            let file = dir.join("patch.diff");
            let left = passed.allowed(&file, files::read_plain(&file, MOST));
            let left = left.map_err(|error| disk(&file, error))?.flatten();
            let left =
                left.ok_or_else(|| nothing(&end, context, "patch.diff and no output.jsonl", &passed, &dir))?;
            // What is not UTF-8 cannot stand in JSON; git quotes names and hides binary files, so it is rare.
            let patch = String::from_utf8_lossy(&left).into_owned();
            let line = solution::around(context, "command", patch)?;
            let note = end.note("the agent's patch");
            Ok((line, note + &passed.note(&dir)))
        }
    }
}

/// What was found is no trajectory.
pub(super) fn bad_output(why: String, passed: &Passed, dir: &Path) -> Fault {
    let what = why + &passed.note(dir);
    fault(FaultName::BadOutput, Again::Anywhere, what)
}

/// Nothing was found. Where the result itself may not be read, another run would be paid for and leave the same.
pub(super) fn nothing(
    end: &End,
    context: &PhaseContext<'_>,
    missing: &str,
    passed: &Passed,
    dir: &Path,
) -> Fault {
    if !passed.has_result() {
        return end.explain(context, missing);
    }
    let what = format!("the agent's result cannot be read{}", passed.note(dir));
    fault(FaultName::BadOutput, Again::Never, what)
}

/// What the agent is told, beside what every step is told.
fn environment(
    context: &PhaseContext<'_>,
    dir: &Path,
    own: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let mut all = own.clone();
    all.insert("FLEET_OUT".to_owned(), text(dir.to_owned()));
    all.insert("FLEET_DATASET".to_owned(), text(context.file(ROW)));
    all.insert("FLEET_IMAGE".to_owned(), context.image().to_owned());
    all.insert("FLEET_REPO_PATH".to_owned(), context.instance.repo_path.clone());
    all.insert(
        "FLEET_BASE_COMMIT".to_owned(),
        context.instance.base_commit.clone(),
    );
    all
}

fn directory(dir: &Path, cwd: Option<&str>, home: Option<&Path>) -> PathBuf {
    match (cwd, home) {
        (None, _) => dir.to_owned(),
        (Some("~"), Some(home)) => home.to_owned(),
        (Some(path), home) => match (path.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => home.join(rest),
            (_, _) => dir.join(path),
        },
    }
}
