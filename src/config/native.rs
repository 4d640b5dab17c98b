//! Keys of native phases, agents and repairs that contradict each other.

use super::agent_kind::AgentKind;
use super::finding::{Faults, quoted, suggestion};
use super::value::{Row, Value};
use crate::domain::baseline::Weight;
use crate::domain::swe::Task;

/// Agents that need no declaration.
pub(super) const BUILT_IN: [&str; 2] = [Weight::Gold.as_str(), Weight::Noop.as_str()];

/// The keys of a phase that belong to one task only.
const KEYS: [(&str, Task); 7] = [
    ("agent", Task::Trajectory),
    ("repairs", Task::Image),
    ("tests", Task::Evaluation),
    ("network", Task::Evaluation),
    ("memory", Task::Evaluation),
    ("processes", Task::Evaluation),
    ("log_cap", Task::Evaluation),
];

/// What must come before a task.
const BEFORE: [(Task, Task); 3] = [
    (Task::Trajectory, Task::Image),
    (Task::Evaluation, Task::Trajectory),
    (Task::Report, Task::Evaluation),
];

/// Compares the checked values with each other.
pub(super) fn across(file: &Row, faults: &mut Faults) {
    let names = |key: &str| -> Vec<String> {
        let rows = file.rows(key);
        rows.filter_map(|(_, row)| row.get("name")).collect()
    };
    let (mut agents, repairs) = (names("agent"), names("repair"));
    agents.extend(BUILT_IN.map(str::to_owned));
    networks(file, faults);
    for (_, agent) in file.rows("agent") {
        declared(agent, faults);
    }
    for (_, model) in file.rows("model") {
        known(model, "agent", "agent", &agents, faults);
    }
    for (at, pipeline) in file.rows("pipeline") {
        order(at, pipeline, faults);
        for (at, phase) in pipeline.rows("phase") {
            one_of_two(at, phase, faults);
            known(phase, "agent", "agent", &agents, faults);
            for (at, name) in phase.list("repairs") {
                if let Value::Text(name) = name
                    && !repairs.contains(name)
                {
                    unknown(*at, "repair", name, &repairs, faults);
                }
            }
        }
    }
}

/// Each `[[network]]` names instances or datasets, and no two name the same one.
fn networks(file: &Row, faults: &mut Faults) {
    let mut seen: Vec<(&str, String)> = Vec::new();
    for (at, network) in file.rows("network") {
        let mut any = false;
        for key in ["instances", "datasets"] {
            for (at, value) in network.list(key) {
                let Value::Text(name) = value else {
                    continue;
                };
                any = true;
                if seen.iter().any(|(of, known)| *of == key && known == name) {
                    let what = format!("another [[network]] names {} already", quoted(name));
                    faults.add_hint(*at, what, "remove one of the two");
                }
                seen.push((key, name.clone()));
            }
        }
        if !any && !network.says("instances") && !network.says("datasets") {
            faults.add_hint(
                at,
                "this network is for no tests",
                "add `instances` with ids, or `datasets` with files",
            );
        }
    }
}

fn declared(agent: &Row, faults: &mut Faults) {
    if let (Some(at), Some(name)) = (agent.at("name"), agent.get::<String>("name"))
        && BUILT_IN.contains(&name.as_str())
    {
        faults.add_hint(
            at,
            format!("agent {} is built in", quoted(&name)),
            "give yours another name",
        );
    }
    let kind: Option<AgentKind> = agent.get("kind");
    match (kind, agent.at("run"), agent.at("kind")) {
        (Some(AgentKind::Command), None, Some(at)) if !agent.says("run") => {
            faults.add_hint(
                at,
                "an agent of kind `command` needs a program",
                "add run = [\"program\", …]",
            );
        }
        (Some(AgentKind::OpenHands), Some(at), _) => {
            faults.add_hint(at, "`run` is for agents of kind `command`", "remove it");
        }
        _ => {}
    }
}

fn known(row: &Row, key: &str, what: &str, names: &[String], faults: &mut Faults) {
    if let (Some(at), Some(Some(name))) = (row.at(key), row.get::<Option<String>>(key))
        && !names.contains(&name)
    {
        unknown(at, what, &name, names, faults);
    }
}

fn unknown(at: usize, what: &str, name: &str, names: &[String], faults: &mut Faults) {
    let hint = suggestion(name, names.iter().map(String::as_str));
    faults.add_hint(at, format!("unknown {what} {}", quoted(name)), hint);
}

/// A phase is a program or a task, and has no keys of another.
fn one_of_two(at: usize, phase: &Row, faults: &mut Faults) {
    let does: Option<Task> = phase.get::<Option<Task>>("does").flatten();
    match (phase.at("run"), phase.at("does")) {
        (None, None) if !phase.says("run") && !phase.says("does") => faults.add_hint(
            at,
            "this phase does nothing",
            "give it `run = [\"program\", …]`, or `does` with one of image, trajectory, evaluation, report",
        ),
        (Some(_), Some(at)) => {
            faults.add_hint(at, "a phase has either `run` or `does`", "remove one of the two");
        }
        (_, None) | (None, Some(_)) => {}
    }
    for (key, task) in KEYS {
        if let Some(at) = phase.at(key)
            && does != Some(task)
        {
            faults.add_hint(
                at,
                format!("`{key}` is for the phase that does `{task}`"),
                "remove it, or move it there",
            );
        }
    }
    for key in ["cwd", "env"] {
        if let (Some(at), Some(_)) = (phase.at(key), phase.at("does")) {
            faults.add_hint(
                at,
                format!("`{key}` is for phases that run a program"),
                "remove it",
            );
        }
    }
}

/// Each task once, and after what it needs.
fn order(at: usize, pipeline: &Row, faults: &mut Faults) {
    let tasks: Vec<(usize, Task)> = pipeline
        .rows("phase")
        .filter_map(|(_, phase)| Some((phase.at("does")?, phase.get("does")?)))
        .collect();
    if tasks.is_empty() {
        return;
    }
    for (n, (at, task)) in tasks.iter().enumerate() {
        let before = &tasks[..n];
        if before.iter().any(|(_, earlier)| earlier == task) {
            faults.add(*at, format!("this pipeline does `{task}` already"));
        }
        if let Some((_, needed)) = BEFORE.iter().find(|(after, _)| after == task)
            && !before.iter().any(|(_, earlier)| earlier == needed)
        {
            faults.add_hint(
                *at,
                format!("`{task}` needs `{needed}` before it"),
                format!("add a phase that does `{needed}`"),
            );
        }
    }
    if pipeline.get("containers") == Some(false) {
        let at = pipeline.at("containers").unwrap_or(at);
        faults.add_hint(at, "these phases start containers", "write containers = true");
    }
}
