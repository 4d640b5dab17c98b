//! An agent that is a program of the host: it is told all in variables, and leaves a patch or a trajectory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::agent::{self, Program};
use super::desk::{Desk, say};
use super::discover::{self, Search};
use super::fault::{disk, fault};
use super::files;
use super::line::Line;
use super::solution::{self, MOST};
use crate::domain::fault::{Again, Class};
use crate::domain::{Fault, layout};
use crate::doors::env;

/// Runs it in an empty directory of its own, and takes what it left there.
pub(super) fn run(
    desk: &Desk<'_>,
    argv: &[String],
    variables: &BTreeMap<String, String>,
    cwd: Option<&str>,
) -> Result<(Line, String), Fault> {
    let dir = desk.agent_dir();
    std::fs::create_dir(&dir).map_err(|error| disk(&dir, error))?;
    let program = Program {
        argv: argv.to_vec(),
        env: environment(desk, &dir, variables),
        without: &[],
        cwd: directory(&dir, cwd, env::home().as_deref()),
    };
    say(&format!("agent: {}", argv.first().map_or("", String::as_str)));
    let end = agent::run(&program, desk.secrets)?;
    let id = &desk.instance.id;
    match discover::output(&dir, id).map_err(|error| disk(&dir, error))? {
        Search::Found(line, at) => {
            discover::lift(&at, &dir, &desk.file(layout::OUT)).map_err(|error| disk(&at, error))?;
            Ok((line, end.note("the agent's trajectory")))
        }
        Search::Bad(why) => Err(fault(Class::Harness, "bad-output", Again::Anywhere, why)),
        Search::Nothing => {
            let file = dir.join("patch.diff");
            let left = files::read(&file, MOST).map_err(|error| disk(&file, error))?;
            let left = left.ok_or_else(|| end.explain(desk, "patch.diff and no output.jsonl"))?;
            // What is not UTF-8 cannot stand in JSON; git quotes names and hides binary files, so it is rare.
            let patch = String::from_utf8_lossy(&left).into_owned();
            let line = solution::around(desk, "command", patch)?;
            Ok((line, end.note("the agent's patch")))
        }
    }
}

/// What the agent is told, beside what every step is told.
fn environment(desk: &Desk<'_>, dir: &Path, own: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let mut all = own.clone();
    all.insert("FLEET_OUT".to_owned(), text(dir.to_owned()));
    all.insert("FLEET_DATASET".to_owned(), text(desk.file(layout::DATASET)));
    all.insert("FLEET_IMAGE".to_owned(), desk.image().to_owned());
    all.insert("FLEET_REPO_PATH".to_owned(), desk.instance.repo_path.clone());
    all.insert("FLEET_BASE_COMMIT".to_owned(), desk.instance.base_commit.clone());
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
