//! What no single value shows: keys of `fleet.toml` that contradict each other.

use super::finding::{Faults, quoted, suggestion};
use super::native;
use super::template;
use super::value::{Row, Value};
use crate::domain::{PipelineName, Span};

/// Compares the checked values with each other.
pub(super) fn across(file: &Row, faults: &mut Faults) {
    default_pipeline(file, faults);
    native::across(file, faults);
    for (_, host) in file.rows("host") {
        if let (Some(at), Some(true)) = (host.at("ssh"), host.get("local")) {
            faults.add_hint(
                at,
                "a host is either `local` or reached by `ssh`",
                "remove one of the two",
            );
        }
    }
    for (_, model) in file.rows("model") {
        passed_and_set(model, faults);
    }
    let homely = homely_harness(file);
    for (_, phase) in file.rows("pipeline").flat_map(|(_, row)| row.rows("phase")) {
        limits(phase, faults);
        templates(phase, homely.as_deref(), faults);
    }
}

fn default_pipeline(file: &Row, faults: &mut Faults) {
    let Some(Value::Row(fleet)) = file.value("fleet") else {
        return;
    };
    let (Some(at), Some(Some(name))) = (
        fleet.at("pipeline"),
        fleet.get::<Option<PipelineName>>("pipeline"),
    ) else {
        return;
    };
    let known: Vec<String> = file
        .rows("pipeline")
        .filter_map(|(_, row)| row.get::<String>("name"))
        .collect();
    if !known.iter().any(|known| known == name.as_str()) {
        faults.add_hint(
            at,
            format!("unknown pipeline {}", quoted(name.as_str())),
            suggestion(name.as_str(), known.iter().map(String::as_str)),
        );
    }
}

fn passed_and_set(model: &Row, faults: &mut Faults) {
    let Some(Value::Map(set)) = model.value("set") else {
        return;
    };
    for (at, name) in model.list("env") {
        if let Value::Text(name) = name
            && set.contains_key(name)
        {
            faults.add_hint(
                *at,
                format!("{} is both passed and set", quoted(name)),
                "keep it in `env` if it is a secret, else in `set`",
            );
        }
    }
}

fn limits(phase: &Row, faults: &mut Faults) {
    let (Some(at), Some(deadline), Some(Some(stall))) = (
        phase.at("stall"),
        phase.get::<Span>("deadline"),
        phase.get::<Option<Span>>("stall"),
    ) else {
        return;
    };
    if stall > deadline {
        faults.add_hint(
            at,
            format!("`stall` ({stall}) is longer than `deadline` ({deadline}) and would never matter"),
            "shorten or remove it",
        );
    }
}

/// A host whose harness is given relative to the home there.
fn homely_harness(file: &Row) -> Option<String> {
    let homely = |row: &Row| {
        let harness: Option<String> = row.get("harness")?;
        harness.filter(|path| path.starts_with("~/"))
    };
    let Some(Value::Row(defaults)) = file.value("defaults") else {
        return None;
    };
    homely(defaults).or_else(|| file.rows("host").find_map(|(_, host)| homely(host)))
}

fn templates(phase: &Row, homely: Option<&str>, faults: &mut Faults) {
    let mut check = |at: usize, word: &str| {
        if let Some((what, hint)) = template::fault(word) {
            faults.add_hint(at, what, hint);
        }
    };
    if let (Some(at), Some(Some(cwd))) = (phase.at("cwd"), phase.get::<Option<String>>("cwd")) {
        check(at, &cwd);
    }
    if let (Some(at), Some(Value::Map(env))) = (phase.at("env"), phase.value("env")) {
        for value in env.values() {
            check(at, value);
        }
    }
    let Some(homely) = homely else { return };
    let run = phase.get::<Vec<String>>("run").unwrap_or_default();
    let scripts = template::scripts(&run.iter().map(String::as_str).collect::<Vec<_>>());
    // Only a working directory is expanded on the host; an argument would keep its `~`.
    for (n, (at, _)) in phase.list("run").iter().enumerate() {
        if !scripts[n] && template::mentions(&run[n], "harness") {
            faults.add_hint(
                *at,
                format!(
                    "`{{harness}}` would be {} here, and nothing expands a `~` in an argument",
                    quoted(homely)
                ),
                "write cwd = \"{harness}\" and a path relative to it, or give hosts an absolute harness",
            );
        }
    }
}
