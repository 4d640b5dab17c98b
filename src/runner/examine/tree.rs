//! Is the harness there, with the files that matter, and does it know which commit it is?

use std::path::Path;
use std::time::Duration;

use super::super::native::ENTRY;
use super::super::program::Asked;
use super::super::root::Root;
use super::super::versions;
use super::observation::{bad, good};
use crate::domain::deploy::Place;
use crate::domain::exam::{CheckKind, CheckResult, Subject};
use crate::domain::tree::short;
use crate::doors::env;

/// The variable that stands for the commit where there is no repository.
const COMMIT: &str = "OPENHANDS_GIT_COMMIT";

/// The tree and its critical files.
pub(super) fn look(root: &Root, at: &Path, subject: &Subject) -> Vec<CheckResult> {
    if !at.is_dir() {
        return vec![bad(CheckKind::Harness, format!("{} is not there", at.display()))];
    }
    let entry = ENTRY.to_owned();
    let entry = subject.python.then_some(&entry);
    let missing: Vec<&str> = subject
        .critical
        .iter()
        .chain(entry)
        .filter(|path| !at.join(path).is_file())
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        return vec![bad(
            CheckKind::Harness,
            format!("{} is missing", missing.join(", ")),
        )];
    }
    let found = match versions::place(root, at) {
        Ok(Place::Version(tree)) => format!("version {}", short(tree)),
        Ok(_) | Err(_) => at.display().to_string(),
    };
    vec![good(CheckKind::Harness, found)]
}

/// Results name the commit of the harness; it ends at once where it finds none.
pub(super) fn commit(root: &Root, at: &Path) -> Vec<CheckResult> {
    if !at.is_dir() {
        return Vec::new();
    }
    if let Ok(Place::Version(tree)) = versions::place(root, at) {
        return vec![good(CheckKind::Commit, format!("version {}", short(tree)))];
    }
    let asked = Asked::new("git", &["rev-parse", "--verify", "HEAD"])
        .at(at)
        .user_path();
    if let Ok(text) = asked.ask(Duration::from_secs(10)) {
        return vec![good(CheckKind::Commit, text.trim().to_owned())];
    }
    let in_file = std::fs::read_to_string(at.join(".openhands_env")).is_ok_and(|text| text.contains(COMMIT));
    if in_file || env::get(COMMIT).is_some() {
        return vec![good(CheckKind::Commit, format!("{COMMIT} is set"))];
    }
    vec![bad(
        CheckKind::Commit,
        format!("no git repository with a commit, and no {COMMIT}"),
    )]
}
