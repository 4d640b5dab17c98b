//! Runs of the harness that no attempt started: two at once would meet in Docker.

use super::super::root::Root;
use super::observation::{bad, good};
use crate::domain::AttemptId;
use crate::domain::exam::{CheckKind, CheckResult};

/// How many are named.
const SHOWN: usize = 3;

/// Looks for them in the process table.
pub(super) fn look(root: &Root, held: &[AttemptId]) -> Vec<CheckResult> {
    let pids = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let mut strays: Vec<i32> = pids
        .filter(|pid| is_run(*pid) && !has_owner(*pid, root, held))
        .collect();
    if strays.is_empty() {
        return vec![good(CheckKind::Strays, "none")];
    }
    strays.sort_unstable();
    let shown: Vec<String> = strays.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = strays.len().saturating_sub(SHOWN);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    vec![bad(
        CheckKind::Strays,
        format!(
            "run_infer runs, started by nobody here: pid {}{more}",
            shown.join(", ")
        ),
    )]
}

/// Is one of its arguments the harness's entry?
fn is_run(pid: i32) -> bool {
    let cmdline = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    cmdline.split(|byte| *byte == 0).any(|word| {
        let name = word.rsplit(|byte| *byte == b'/').next().unwrap_or(word);
        name.starts_with(b"run_infer.")
    })
}

/// Does a live attempt own it, or another runner's?
fn has_owner(pid: i32, root: &Root, held: &[AttemptId]) -> bool {
    let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let value = |name: &str| {
        let pairs = environ.split(|byte| *byte == 0);
        let mut values = pairs.filter_map(|pair| std::str::from_utf8(pair).ok()?.strip_prefix(name));
        values.next().map(str::to_owned)
    };
    let (Some(attempt), Some(out)) = (value("FLEET_ATTEMPT="), value("FLEET_OUT=")) else {
        return false;
    };
    let elsewhere = !std::path::Path::new(&out).starts_with(root.path());
    elsewhere || held.iter().any(|held| held.to_string() == attempt)
}
