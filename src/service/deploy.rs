//! A harness tree to every host, as a version that is put in place with one rename.

use std::collections::BTreeSet;
use std::path::PathBuf;

use futures::StreamExt as _;
use serde::Serialize;

use super::deploy_host::{DeployOutcome, Deployment};
use super::harness::{self, hosts_named};
use super::{NoteSink, Problem, ProblemKind, Project};
use crate::domain::deploy::Look;
use crate::domain::host::HostConfig;
use crate::domain::tree::{Tree, short};
use crate::domain::{HostName, Lock, Sha256};

/// Hosts that are sent to at a time: they share this machine's line.
const AT_ONCE: usize = 8;

/// What is to be in use.
#[derive(Debug, Clone, Default)]
pub struct DeployRequest {
    /// The tree; that of `fleet.toml`, if none is named.
    pub tree: Option<PathBuf>,
    /// Only these hosts; all, if none is named.
    pub hosts: Vec<HostName>,
    /// Move aside a harness that was not brought by `fleet`.
    pub replace: bool,
    /// In place of a tree: the version, or its first digits, that hosts have kept.
    pub rollback: Option<String>,
    /// Versions kept beside the one in use, if not as many as `fleet.toml` says.
    pub keep: Option<u32>,
    /// Only find out.
    pub dry_run: bool,
}

/// One host.
#[derive(Debug, Serialize)]
pub struct DeployedHost {
    /// Which.
    pub host: HostName,
    /// How it went.
    #[serde(flatten)]
    pub outcome: DeployOutcome,
}

/// How it went.
pub struct DeployEnd {
    /// The version.
    pub tree: Sha256,
    /// On each host.
    pub hosts: Vec<DeployedHost>,
}

/// Brings the tree, or the version, to every host, and pins it.
pub async fn deploy_harness(
    request: &DeployRequest,
    project: &Project,
    notes: &dyn NoteSink,
) -> Result<DeployEnd, Problem> {
    let hosts = hosts_named(&request.hosts, project)?;
    let (source, lock, tree) = if let Some(word) = &request.rollback {
        (
            None,
            None,
            find_version(word, &ask_versions(project, &hosts).await)?,
        )
    } else {
        let (dir, tree) = read_local(request, project)?;
        let lock = harness::lock_of(project, &tree, &dir.display().to_string())?;
        let digest = lock.digest();
        (Some((dir, tree)), Some(lock), digest)
    };
    let settings = &project.config.harness;
    let deployment = Deployment {
        tree,
        source: source.as_ref().map(|(dir, tree)| (dir.as_path(), tree)),
        settings,
        replace: request.replace,
        keep: request.keep.unwrap_or(settings.keep),
        dry_run: request.dry_run,
        silence: project.config.ssh.silence,
    };
    let each = hosts.iter().map(|host| {
        let deployment = &deployment;
        async move {
            DeployedHost {
                host: host.name.clone(),
                outcome: deployment.deploy_to(project, host).await,
            }
        }
    });
    let lines: Vec<DeployedHost> = futures::stream::iter(each).buffered(AT_ONCE).collect().await;
    if let Some(lock) = lock.filter(|_| lines.iter().any(|line| line.outcome.is_there())) {
        note_pin(
            harness::write_lock(project, &lock, request.dry_run)?,
            &lock,
            request.dry_run,
            notes,
        );
    }
    if request.rollback.is_some() && !request.dry_run {
        pin_kept(project, &lines, tree, notes).await?;
    }
    Ok(DeployEnd { tree, hosts: lines })
}

/// The versions that these hosts (all, without names) have ready.
pub async fn list_versions<'c>(
    names: &[HostName],
    project: &'c Project,
) -> Result<KeptVersions<'c>, Problem> {
    let hosts = hosts_named(names, project)?;
    Ok(ask_versions(project, &hosts).await)
}

fn note_pin(is_new: bool, lock: &Lock, dry_run: bool, notes: &dyn NoteSink) {
    let version = short(lock.digest());
    match (is_new, dry_run) {
        (true, true) => notes.note(&format!("fleet.lock would pin version {version}")),
        (true, false) => notes.note(&format!("fleet.lock pins version {version}")),
        (false, _) => {}
    }
}

/// The tree that is to be deployed, and where it lies here.
fn read_local(request: &DeployRequest, project: &Project) -> Result<(PathBuf, Tree), Problem> {
    let dir = match (&request.tree, &project.config.harness.tree) {
        (Some(dir), _) => dir.clone(),
        (None, Some(dir)) => project.base.join(dir),
        (None, None) => {
            return Err(
                Problem::new(ProblemKind::Input, "nothing says what is to be deployed")
                    .hint("name the tree: `fleet deploy DIR`; or set `tree` under [harness] in fleet.toml"),
            );
        }
    };
    if !dir.is_dir() {
        return Err(Problem::new(
            ProblemKind::Input,
            format!("{} is no directory", dir.display()),
        ));
    }
    let tree = harness::read_tree(project, &dir)?;
    Ok((dir, tree))
}

/// The versions that each host has ready, or why they are not known.
pub type KeptVersions<'c> = Vec<(&'c HostConfig, Result<Vec<Sha256>, String>)>;

async fn ask_versions<'c>(project: &'c Project, hosts: &[&'c HostConfig]) -> KeptVersions<'c> {
    let each = hosts.iter().map(|host| async move {
        let versions = async {
            let mut call = harness::open_call(project, host).await?;
            let found = harness::inspect_harness(&mut call, host, Look::Paths(Vec::new())).await;
            call.hang_up().await;
            found.map(|found| found.versions)
        };
        (*host, versions.await)
    });
    futures::future::join_all(each).await
}

/// The one version that the word begins.
fn find_version(word: &str, kept: &KeptVersions<'_>) -> Result<Sha256, Problem> {
    let all: BTreeSet<Sha256> = kept
        .iter()
        .filter_map(|(_, versions)| versions.as_ref().ok())
        .flatten()
        .copied()
        .collect();
    let meant: Vec<Sha256> = all
        .into_iter()
        .filter(|tree| !word.is_empty() && tree.to_string().starts_with(word))
        .collect();
    if let [tree] = meant[..] {
        return Ok(tree);
    }
    let errors = kept.iter().filter_map(|(host, versions)| {
        let why = versions.as_ref().err()?;
        Some(format!("{}: {why}", host.name))
    });
    Err(Problem::new(
        ProblemKind::Input,
        format!("`{word}` means {} of the versions that hosts keep", meant.len()),
    )
    .causes(errors)
    .hint("`fleet deploy --versions` lists them"))
}

/// After a rollback, `fleet.lock` pins what the hosts went back to: one that has it tells what is in it.
async fn pin_kept(
    project: &Project,
    lines: &[DeployedHost],
    tree: Sha256,
    notes: &dyn NoteSink,
) -> Result<(), Problem> {
    let there = lines.iter().filter(|line| {
        matches!(
            line.outcome,
            DeployOutcome::Current { .. } | DeployOutcome::Switched { .. }
        )
    });
    for host in there.filter_map(|line| project.config.host(&line.host)) {
        let Ok(mut call) = harness::open_call(project, host).await else {
            continue;
        };
        let all = Look::Whole(project.config.harness.exclude.clone());
        let found = harness::inspect_harness(&mut call, host, all).await;
        call.hang_up().await;
        if let Some(found) = found.ok().filter(|found| found.tree.digest() == tree) {
            let lock = harness::lock_of(project, &found.tree, host.name.as_str())?;
            note_pin(harness::write_lock(project, &lock, false)?, &lock, false, notes);
            return Ok(());
        }
    }
    Ok(())
}
