//! What `deploy`, `verify` and `doctor` share: `fleet.lock`, the hosts that are meant, and the harness that lies there.

use std::path::PathBuf;

use super::reports::replace_file;
use super::{Problem, ProblemKind, Project};
use crate::domain::deploy::{Harness, Look};
use crate::domain::host::HostConfig;
use crate::domain::tree::{LeftOut, Tree};
use crate::domain::wire::{Answer, Ask};
use crate::domain::{HostName, Lock, lock};
use crate::harness;
use crate::transport::Call;

/// The hosts of these names; all, without any.
pub fn hosts_named<'c>(names: &[HostName], project: &'c Project) -> Result<Vec<&'c HostConfig>, Problem> {
    let unknown: Vec<String> = names
        .iter()
        .filter(|name| project.config.host(name).is_none())
        .map(|name| format!("no host is called {name}"))
        .collect();
    if !unknown.is_empty() {
        return Err(Problem::new(ProblemKind::Input, "not every host is known")
            .causes(unknown)
            .hint("`fleet hosts` lists them"));
    }
    let is_meant = |host: &&HostConfig| names.is_empty() || names.contains(&host.name);
    Ok(project.config.hosts.iter().filter(is_meant).collect())
}

/// Where `fleet.lock` lies: beside `fleet.toml`.
pub fn lock_path(project: &Project) -> PathBuf {
    project.base.join(lock::FILE)
}

/// What is pinned; none if nothing is.
pub fn read_lock(project: &Project) -> Result<Option<Lock>, Problem> {
    let path = lock_path(project);
    let bad = |why: String| {
        Problem::new(ProblemKind::Input, format!("cannot read {}", path.display()))
            .causes([why])
            .hint("take it from version control, or write it again with `fleet verify --pin`")
    };
    match std::fs::read(&path) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes).map_err(|error| bad(error.to_string()))?;
            Lock::parse(&text).map(Some).map_err(bad)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(bad(error.to_string())),
    }
}

/// Pins a tree; false if it was pinned already.
pub fn write_lock(project: &Project, lock: &Lock, dry_run: bool) -> Result<bool, Problem> {
    let path = lock_path(project);
    let text = lock
        .text()
        .map_err(|error| Problem::new(ProblemKind::Internal, error.to_string()))?;
    if std::fs::read_to_string(&path).is_ok_and(|there| there == text) {
        return Ok(false);
    }
    if !dry_run {
        replace_file(&path, &text).map_err(|error| {
            Problem::new(
                ProblemKind::Environment,
                format!("cannot write {}", path.display()),
            )
            .caused_by(&error)
        })?;
    }
    Ok(true)
}

/// What `fleet.lock` says of a tree.
pub fn lock_of(project: &Project, tree: &Tree, from: &str) -> Result<Lock, Problem> {
    Lock::of(tree, &project.config.harness.critical()).map_err(|missing| {
        Problem::new(ProblemKind::Input, format!("{from} is no whole harness"))
            .causes(missing.into_iter().map(|path| format!("{path} is missing")))
            .hint("`critical` under [harness] in fleet.toml names the files that must be there")
    })
}

/// The tree in a directory of this machine.
pub fn read_tree(project: &Project, dir: &std::path::Path) -> Result<Tree, Problem> {
    let out = LeftOut::with(&project.config.harness.exclude);
    harness::read(dir, &out).map_err(|error| {
        Problem::new(ProblemKind::Input, format!("{} cannot be read", dir.display())).caused_by(&error)
    })
}

/// The harness of a host, as it is.
pub async fn inspect_harness(call: &mut Call, host: &HostConfig, look: Look) -> Result<Harness, String> {
    let at = host.harness.clone().ok_or("it has no `harness` in fleet.toml")?;
    match call.ask(Ask::Harness { at, look }).await {
        Ok(Answer::Harness(found)) => Ok(*found),
        Ok(Answer::Failed(why)) => Err(why),
        Ok(other) => Err(format!("unexpected answer {other:?}")),
        Err(error) => Err(error.bare().to_string()),
    }
}

/// Opens the link to a host, for questions.
pub async fn open_call(project: &Project, host: &HostConfig) -> Result<Call, String> {
    let link = project.transport.open(host).await;
    link.map(crate::transport::Link::call)
        .map_err(|error| error.bare().to_string())
}
