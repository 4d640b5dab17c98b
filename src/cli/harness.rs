//! What `deploy`, `verify` and `doctor` share: `fleet.lock`, the hosts that are meant, and the harness that lies there.

use std::path::PathBuf;

use super::context::Context;
use super::results::replace;
use super::{CommandError, Kind};
use crate::domain::deploy::{Harness, Look};
use crate::domain::host::HostConfig;
use crate::domain::tree::{LeftOut, Tree};
use crate::domain::wire::{Answer, Ask};
use crate::domain::{HostName, Lock, lock};
use crate::harness;
use crate::transport::Call;

/// The hosts of these names; all, without any.
pub(super) fn chosen<'c>(
    names: &[HostName],
    context: &'c Context,
) -> Result<Vec<&'c HostConfig>, CommandError> {
    let unknown: Vec<String> = names
        .iter()
        .filter(|name| context.config.host(name).is_none())
        .map(|name| format!("no host is called {name}"))
        .collect();
    if !unknown.is_empty() {
        return Err(CommandError::new(Kind::Input, "not every host is known")
            .causes(unknown)
            .hint("`fleet hosts` lists them"));
    }
    let is_meant = |host: &&HostConfig| names.is_empty() || names.contains(&host.name);
    Ok(context.config.hosts.iter().filter(is_meant).collect())
}

/// Where `fleet.lock` lies: beside `fleet.toml`.
pub(super) fn lock_path(context: &Context) -> PathBuf {
    context.base.join(lock::FILE)
}

/// What is pinned; none if nothing is.
pub(super) fn read_lock(context: &Context) -> Result<Option<Lock>, CommandError> {
    let path = lock_path(context);
    let bad = |why: String| {
        CommandError::new(Kind::Input, format!("cannot read {}", path.display()))
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
pub(super) fn pin(context: &Context, lock: &Lock, dry_run: bool) -> Result<bool, CommandError> {
    let path = lock_path(context);
    let text = lock
        .text()
        .map_err(|error| CommandError::new(Kind::Internal, error.to_string()))?;
    if std::fs::read_to_string(&path).is_ok_and(|there| there == text) {
        return Ok(false);
    }
    if !dry_run {
        replace(&path, &text).map_err(|error| {
            CommandError::new(Kind::Environment, format!("cannot write {}", path.display())).caused_by(&error)
        })?;
    }
    Ok(true)
}

/// What `fleet.lock` says of a tree.
pub(super) fn lock_of(context: &Context, tree: &Tree, from: &str) -> Result<Lock, CommandError> {
    Lock::of(tree, &context.config.harness.critical()).map_err(|missing| {
        CommandError::new(Kind::Input, format!("{from} is no whole harness"))
            .causes(missing.into_iter().map(|path| format!("{path} is missing")))
            .hint("`critical` under [harness] in fleet.toml names the files that must be there")
    })
}

/// The tree in a directory of this machine.
pub(super) fn read_tree(context: &Context, dir: &std::path::Path) -> Result<Tree, CommandError> {
    let out = LeftOut::with(&context.config.harness.exclude);
    harness::read(dir, &out).map_err(|error| {
        CommandError::new(Kind::Input, format!("{} cannot be read", dir.display())).caused_by(&error)
    })
}

/// The harness of a host, as it is.
pub(super) async fn look(call: &mut Call, host: &HostConfig, look: Look) -> Result<Harness, String> {
    let at = host.harness.clone().ok_or("it has no `harness` in fleet.toml")?;
    match call.ask(Ask::Harness { at, look }).await {
        Ok(Answer::Harness(found)) => Ok(*found),
        Ok(Answer::Failed(why)) => Err(why),
        Ok(other) => Err(format!("unexpected answer {other:?}")),
        Err(error) => Err(error.bare().to_string()),
    }
}

/// Opens the link to a host, for questions.
pub(super) async fn call(context: &Context, host: &HostConfig) -> Result<Call, String> {
    let link = context.transport.open(host).await;
    link.map(crate::transport::Link::call)
        .map_err(|error| error.bare().to_string())
}
