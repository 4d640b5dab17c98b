//! Is the harness on every host the one that `fleet.lock` pins?

use std::path::Path;

use serde::Serialize;

use super::harness::{self, hosts_named};
use super::{Problem, ProblemKind, Project};
use crate::domain::deploy::{Look, Place};
use crate::domain::host::HostConfig;
use crate::domain::tree::{Drift, Profile, Tree};
use crate::domain::{HostName, Lock, Sha256};

/// The harness of one host.
#[derive(Debug, Serialize)]
pub struct HostHarness {
    /// Which.
    pub host: HostName,
    /// Is it what is pinned?
    pub ok: bool,
    /// Why it could not be looked at, or is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What lies there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The profile of results that are made there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Sha256>,
    /// What differs.
    pub drift: Vec<Drift>,
}

/// What was pinned.
pub struct PinnedHarness {
    /// As `fleet.lock` has it.
    pub lock: Lock,
    /// How many files it has.
    pub files: usize,
    /// The host or directory that it is of.
    pub from: String,
    /// Was something else pinned, or nothing?
    pub is_new: bool,
}

/// Compares the harness of these hosts (of all, without names) with the one that is pinned: the critical files, or with
/// `whole` all of them.
pub async fn verify_hosts(
    names: &[HostName],
    whole: bool,
    project: &Project,
) -> Result<(Lock, Vec<HostHarness>), Problem> {
    let hosts = hosts_named(names, project)?;
    let lock = harness::read_lock(project)?.ok_or_else(|| {
        Problem::new(
            ProblemKind::Input,
            format!(
                "{} is not there: no harness is pinned",
                harness::lock_path(project).display()
            ),
        )
        .hint("`fleet verify --pin HOST` pins what a good host has; `fleet deploy` pins what it brings")
    })?;
    let looks = hosts
        .into_iter()
        .map(|host| verify_host(project, host, &lock, whole));
    let hosts = futures::future::join_all(looks).await;
    Ok((lock, hosts))
}

/// Writes `fleet.lock` from what is right: the harness of this host, or of this directory; of the one that `fleet.toml` names,
/// if it is empty. With `dry_run`, nothing is written.
pub async fn pin_harness(from: &str, dry_run: bool, project: &Project) -> Result<PinnedHarness, Problem> {
    let (tree, name) = read_source(from, project).await?;
    let lock = harness::lock_of(project, &tree, &name)?;
    let is_new = harness::write_lock(project, &lock, dry_run)?;
    Ok(PinnedHarness {
        lock,
        files: tree.0.len(),
        from: name,
        is_new,
    })
}

async fn verify_host(project: &Project, host: &HostConfig, lock: &Lock, whole: bool) -> HostHarness {
    let mut line = HostHarness {
        host: host.name.clone(),
        ok: false,
        error: None,
        place: None,
        profile: None,
        drift: Vec::new(),
    };
    match compare(project, host, lock, whole).await {
        Ok((place, profile, drift)) => {
            line.ok = drift.is_empty();
            line.profile = Some(profile);
            line.drift = drift;
            if place == Place::Absent {
                line.ok = false;
                line.error = Some("there is no harness".to_owned());
            }
            line.place = Some(place);
        }
        Err(why) => line.error = Some(why),
    }
    line
}

/// What lies there, and what differs.
async fn compare(
    project: &Project,
    host: &HostConfig,
    lock: &Lock,
    whole: bool,
) -> Result<(Place, Sha256, Vec<Drift>), String> {
    let mut call = harness::open_call(project, host).await?;
    let files = if whole {
        Look::Whole(project.config.harness.exclude.clone())
    } else {
        Look::Paths(lock.critical().to_vec())
    };
    let found = harness::inspect_harness(&mut call, host, files).await;
    call.hang_up().await;
    let mut found = found?;
    let tree = match found.place {
        Place::Version(tree) => Some(tree),
        Place::Absent | Place::Directory | Place::Link(_) | Place::Other => None,
    };
    let critical = found.tree.part(lock.critical());
    let profile = Profile::of(lock.critical(), &critical, tree).id;
    found.tree.0.append(&mut found.unknown.0);
    let expected = if whole {
        lock.tree()
    } else {
        lock.tree().part(lock.critical())
    };
    let drift = if found.place == Place::Absent {
        Vec::new()
    } else {
        expected.drift(&found.tree)
    };
    Ok((found.place, profile, drift))
}

/// What is right: the harness of a host, or of a directory; and what that is called.
async fn read_source(from: &str, project: &Project) -> Result<(Tree, String), Problem> {
    let named = from.parse::<HostName>().ok();
    if let Some(host) = named.and_then(|name| project.config.host(&name)) {
        let failed = |why: String| {
            Problem::new(
                ProblemKind::Environment,
                format!("cannot look at the harness of {}", host.name),
            )
            .causes([why])
        };
        let mut call = harness::open_call(project, host).await.map_err(failed)?;
        let look = Look::Whole(project.config.harness.exclude.clone());
        let found = harness::inspect_harness(&mut call, host, look).await;
        call.hang_up().await;
        return Ok((found.map_err(failed)?.tree, host.name.to_string()));
    }
    let dir = match (from, &project.config.harness.tree) {
        ("", Some(tree)) => project.base.join(tree),
        ("", None) => {
            return Err(
                Problem::new(ProblemKind::Input, "nothing says what is to be pinned")
                    .hint("name a host or a directory, or set `tree` under [harness] in fleet.toml"),
            );
        }
        (dir, _) => Path::new(dir).to_owned(),
    };
    if !dir.is_dir() {
        return Err(Problem::new(
            ProblemKind::Input,
            format!("`{from}` is neither a host nor a directory"),
        )
        .hint("`fleet hosts` lists the hosts"));
    }
    Ok((harness::read_tree(project, &dir)?, dir.display().to_string()))
}
