//! Where things lie on a host, below the runner's root (`~/.fleet` unless `fleet.toml` says otherwise).
//!
//! ```text
//! bin/fleet-<digest>            pushed once a version, named by its own sha256
//! slots/<n>.lock                held by the live supervisor, names its attempt
//! epoch.json                    the newest coordinator heard
//! identity                      what this root is known by to an engine that serves several
//! inputs/<digest>               a text that starts name; `.part` while it comes in pieces
//! harness/<digest>/              a version of the harness, brought by `fleet deploy`
//! jobs/<job>/<attempt>/         the capsule
//!     spec.json  journal.jsonl  manifest.json  cancel  in/dataset.jsonl  log/<phase>.log  out/…
//!     processes.json  journal.damaged
//! ```

use std::path::{Path, PathBuf};

use super::digest::Sha256;
use super::id::AttemptId;

/// What the attempt is to do.
pub const SPEC: &str = "spec.json";
/// What happened to it.
pub const JOURNAL: &str = "journal.jsonl";
/// What it left.
pub const MANIFEST: &str = "manifest.json";
/// There if a coordinator wants it stopped; holds `soft` or `hard`.
pub const CANCEL: &str = "cancel";
/// Which processes are its own, while it runs: the runner ends them if the supervisor is dead.
pub const PROCESSES: &str = "processes.json";
/// A copy of its journal as it was before it was mended, where it was damaged.
pub const DAMAGED: &str = "journal.damaged";
/// What it was given.
pub const INPUTS: &str = "in";
/// The dataset among the inputs.
pub const DATASET: &str = "in/dataset.jsonl";
/// The trajectory among the inputs, where one is given.
pub const TRAJECTORY: &str = "in/trajectory.jsonl";
/// What its steps printed.
pub const LOGS: &str = "log";
/// What it is to leave its results in; empty at first.
pub const OUT: &str = "out";
/// The newest coordinator heard.
pub const EPOCH: &str = "epoch.json";

/// What this root is known by to an engine that serves several.
pub const IDENTITY: &str = "identity";

/// The directory of the harness's versions, relative to the root.
pub const VERSIONS: &str = "harness";

/// A text that starts name, and what there is of it while it comes.
pub fn text(root: &Path, sha256: Sha256) -> (PathBuf, PathBuf) {
    let dir = texts(root);
    (dir.join(sha256.to_string()), dir.join(format!("{sha256}.part")))
}

/// The directory of these.
pub fn texts(root: &Path) -> PathBuf {
    root.join("inputs")
}

/// The directory of all capsules.
pub fn jobs(root: &Path) -> PathBuf {
    root.join("jobs")
}

/// The directory of one capsule.
pub fn capsule(root: &Path, attempt: AttemptId) -> PathBuf {
    root.join(capsule_below_root(attempt))
}

/// The same, relative to the root: `jobs/<job>/<n>`.
pub fn capsule_below_root(attempt: AttemptId) -> String {
    format!("jobs/{}/{}", attempt.job, attempt.n)
}

/// The root of a capsule; none if it lies below no root.
pub fn root_of(capsule: &Path) -> Option<&Path> {
    let jobs = capsule.parent()?.parent()?;
    jobs.ends_with("jobs").then(|| jobs.parent()).flatten()
}

/// The lock of a slot.
pub fn slot(root: &Path, n: u32) -> PathBuf {
    root.join("slots").join(format!("{n}.lock"))
}
