//! Failures of the environment, told by evidence: the shell could not even start the tests.
//!
//! Such a log says nothing about the model's work and is never graded. A test that prints the same words is
//! another thing: there, the framework has spoken, or the log goes on.

use super::guard::Believed;
use super::setup;
use crate::domain::evidence::Tests;
use crate::domain::fault::{Again, Fault, FaultName};
use crate::domain::program_exit::ProgramExit;
use crate::text::{EXCERPT, sanitize_excerpt};

/// What kept the tests from being started, if it was the environment.
pub(super) fn failure(log: &str, believed: &Believed, tests: &Tests, repo: &str) -> Option<Fault> {
    let spoken = believed.ended || !believed.tests.is_empty() || log.contains(" test session starts ");
    if spoken {
        return None;
    }
    if let Some(line) = setup::failure(log) {
        return Some(no_set_up(&line, tests));
    }
    let mut lines = log.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    let last = lines.next().filter(|line| speaks_of_environment(line, repo));
    let line = match (last, tests.exit.map(ProgramExit::of)) {
        (Some(line), _) => line,
        // The shell's own codes for a command that it could not find or start.
        (None, Some(ProgramExit::CannotStart | ProgramExit::NotFound)) => {
            lines.find(|line| speaks_of_environment(line, repo))?
        }
        (None, _) => return None,
    };
    let what = sanitize_excerpt(&format!("the tests could not be started: {line}"), EXCERPT);
    Some(Fault::new(FaultName::EnvironmentBroken, Again::Elsewhere, what))
}

/// The command makes the environment of its tests first, and could not. Where it has no network, no other host has one for it.
fn no_set_up(line: &str, tests: &Tests) -> Fault {
    let none = tests.network.as_deref() == Some("none");
    let without = if none { ", and its `network` is none" } else { "" };
    let again = if none { Again::Never } else { Again::Elsewhere };
    let what = sanitize_excerpt(
        &format!("the environment of the tests could not be set up{without}: {line}"),
        EXCERPT,
    );
    Fault::new(FaultName::EnvironmentBroken, again, what)
}

/// Does the shell, or what started it, say that something outside of the repository is missing?
fn speaks_of_environment(line: &str, repo: &str) -> bool {
    if line.contains("OCI runtime exec failed") {
        return true;
    }
    if let Some((program, module)) = line.split_once(": No module named ") {
        let python = program
            .rsplit('/')
            .next()
            .unwrap_or(program)
            .starts_with("python");
        return python && is_runner(module.trim_matches(['\'', '.']));
    }
    if let Some(rest) = line
        .strip_prefix("/usr/bin/env: ")
        .or_else(|| line.strip_prefix("env: "))
    {
        return rest.ends_with(": No such file or directory");
    }
    said_by_shell(line).is_some_and(|said| is_outside(said, repo))
}

fn is_runner(module: &str) -> bool {
    matches!(module, "pytest" | "tox" | "nox" | "unittest" | "coverage")
}

/// What a shell says after its name and the number of a line: `bash: line 1: …`, `/bin/sh: 1: …`.
fn said_by_shell(line: &str) -> Option<&str> {
    let (program, rest) = line.split_once(": ")?;
    let shell = program.trim_start_matches('-').rsplit('/').next()?;
    if !matches!(shell, "bash" | "sh" | "dash" | "ash" | "zsh") {
        return None;
    }
    let numbered = |text: &str| {
        let text = text.strip_prefix("line ").unwrap_or(text);
        !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
    };
    match rest.split_once(": ") {
        Some((number, said)) if numbered(number) => Some(said),
        _ => Some(rest),
    }
}

/// Is what the shell misses outside of the repository? What lies in it, the model may have removed.
fn is_outside(said: &str, repo: &str) -> bool {
    if let Some(cd) = said.strip_prefix("cd: ") {
        let path = cd.strip_prefix("can't cd to ").unwrap_or(cd);
        let path = path.split_once(": ").map_or(path, |(path, _)| path);
        return path.trim_end_matches('/') == repo.trim_end_matches('/') || is_elsewhere(path, repo);
    }
    if let Some(command) = said
        .strip_suffix(": command not found")
        .or_else(|| said.strip_suffix(": not found"))
    {
        return is_command(command) || is_elsewhere(command, repo);
    }
    let missing = [
        ": No such file or directory",
        ": Permission denied",
        ": cannot open",
        ": bad interpreter",
    ];
    missing
        .iter()
        .filter_map(|end| said.split_once(end))
        .any(|(path, _)| is_elsewhere(path, repo))
}

fn is_command(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', ' '])
}

fn is_elsewhere(path: &str, repo: &str) -> bool {
    let below = path.strip_prefix(repo.trim_end_matches('/'));
    path.starts_with('/') && !below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What best says why no test ran, when it was not the environment.
pub(super) fn why_none(log: &str) -> Option<&str> {
    let signs = [
        "ERROR: not found:",
        "ERROR: found no collectors",
        "no tests ran",
        "ImportError",
        "ModuleNotFoundError",
        "SyntaxError",
        "INTERNALERROR",
        "rror:",
    ];
    signs
        .iter()
        .find_map(|sign| log.lines().rfind(|line| line.contains(sign)))
        .map(str::trim)
}

#[cfg(test)]
#[path = "tests/environment.rs"]
mod tests;
