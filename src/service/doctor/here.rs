//! This machine: its programs, the database, the results, keys, and the store of images.

use std::path::Path;
use std::time::Duration;

use super::super::{Project, harness};
use super::facts::DISK;
use super::health_check::{HealthCheck, check};
use crate::domain::Epoch;
use crate::domain::swe::Task;
use crate::domain::tree::short;
use crate::doors::{env, spawn};
use crate::objects::ObjectError;
use crate::report::words;
use crate::store::Store;

/// For the store of images, which may have to find credentials first.
const PATIENCE: Duration = Duration::from_secs(20);

/// All that is checked here.
pub(super) async fn check_here(project: &Project) -> Vec<HealthCheck> {
    let mut checks = vec![
        program("ssh", "-V", "apt install openssh-client"),
        program("rsync", "--version", "apt install rsync"),
        results(&project.results),
    ];
    checks.extend(lock(project));
    checks.extend(keys(project));
    let (database, images) = futures::join!(database(project), images(project));
    checks.push(database);
    checks.extend(images);
    checks
}

/// A program on this machine.
fn program(name: &'static str, asks: &str, remedy: &str) -> HealthCheck {
    match spawn::command(name).arg(asks).output() {
        Ok(output) => {
            let said = if output.stdout.is_empty() {
                output.stderr
            } else {
                output.stdout
            };
            let said = String::from_utf8_lossy(&said);
            check("here", name, said.lines().next().unwrap_or_default().trim(), None)
        }
        Err(error) => check("here", name, error.to_string(), Some(remedy.to_owned())),
    }
}

/// Can results be written, and is there room for them?
fn results(dir: &Path) -> HealthCheck {
    let there = dir.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("/"));
    let writable = nix::unistd::access(there, nix::unistd::AccessFlags::W_OK);
    if let Err(errno) = writable {
        let remedy = "let yourself write there, or set `results` in fleet.toml";
        return check(
            "here",
            "results",
            format!("{}: {errno}", there.display()),
            Some(remedy.to_owned()),
        );
    }
    match nix::sys::statvfs::statvfs(there) {
        Ok(disk) => {
            let (all, free) = (
                disk.blocks() * disk.fragment_size(),
                disk.blocks_available() * disk.fragment_size(),
            );
            let low = free < DISK.min(all / 20);
            let found = format!("{} free of {}", words::bytes(free), words::bytes(all));
            let remedy = low.then(|| "free some space there, or set `results` in fleet.toml".to_owned());
            check("here", "results", found, remedy)
        }
        Err(errno) => check(
            "here",
            "results",
            errno.to_string(),
            Some("look at the disk".to_owned()),
        ),
    }
}

/// What is pinned, if something is.
fn lock(project: &Project) -> Option<HealthCheck> {
    match harness::read_lock(project) {
        Ok(None) => None,
        Ok(Some(lock)) => {
            let found = format!(
                "version {}, profile {}",
                short(lock.digest()),
                short(lock.profile())
            );
            Some(check("here", "lock", found, None))
        }
        Err(_) => Some(check(
            "here",
            "lock",
            "fleet.lock cannot be read",
            Some("take it from version control, or write it again with `fleet verify --pin HOST`".to_owned()),
        )),
    }
}

/// The variables that jobs are to get from here.
fn keys(project: &Project) -> Option<HealthCheck> {
    let config = &project.config;
    let models = config.models.iter().flat_map(|model| &model.env);
    let pipelines = config.pipelines.iter().flat_map(|pipeline| &pipeline.env);
    let mut names: Vec<&String> = models.chain(pipelines).collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return None;
    }
    let all = names.len();
    names.retain(|name| env::get(name).is_none_or(|value| value.is_empty()));
    if names.is_empty() {
        let found = format!("{} set", words::count(all, "variable is", "variables are"));
        return Some(check("here", "keys", found, None));
    }
    let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
    let names = names.join(", ");
    let remedy = format!("export {names} where `fleet dispatch` runs, or drop them from `env` in fleet.toml");
    Some(check("here", "keys", format!("not set: {names}"), Some(remedy)))
}

/// The store of images, where jobs need one.
async fn images(project: &Project) -> Option<HealthCheck> {
    let config = &project.config;
    if !config
        .pipelines
        .iter()
        .any(|pipeline| pipeline.task(Task::Image).is_some())
    {
        return None;
    }
    let bucket = &config.images.bucket;
    let looked = tokio::time::timeout(PATIENCE, async {
        project.open_objects().await.look(bucket).await
    });
    Some(match looked.await {
        Ok(Ok(())) => check("here", "images", format!("s3://{bucket}"), None),
        Ok(Err(error)) => {
            let remedy = match &error {
                ObjectError::NoCredentials { .. } | ObjectError::Expired(_) => {
                    "log in: aws sso login, or set AWS_PROFILE; or `unsigned = true` for a public bucket"
                }
                ObjectError::Denied { .. } => {
                    "ask for s3:ListBucket and s3:GetObject on it, or set AWS_PROFILE"
                }
                ObjectError::Missing(_) | ObjectError::OtherRegion { .. } => {
                    "correct `bucket`, `region` or `endpoint` under [images] in fleet.toml"
                }
                ObjectError::Unreachable { .. } | ObjectError::Odd { .. } => {
                    "is the network up? is `endpoint` under [images] in fleet.toml right?"
                }
            };
            check("here", "images", error.to_string(), Some(remedy.to_owned()))
        }
        Err(_) => check(
            "here",
            "images",
            format!("s3://{bucket} does not answer within {} s", PATIENCE.as_secs()),
            Some("is the network up? are there credentials (aws sts get-caller-identity)?".to_owned()),
        ),
    })
}

/// The database: is it whole, and does the history in it lead to the state in it?
async fn database(project: &Project) -> HealthCheck {
    let remedy = || Some("move it away and run `fleet adopt`: it is rebuilt from the hosts".to_owned());
    let store = match Store::peek(&project.database_path()).await {
        Ok(Some(store)) => store,
        Ok(None) => {
            return check(
                "here",
                "database",
                "not there yet: nothing has been dispatched",
                None,
            );
        }
        Err(error) => return check("here", "database", error.to_string(), remedy()),
    };
    let faults = store.check().await;
    let (loaded, replayed) = (store.load(Epoch(0), &[]).await, store.replay(Epoch(0), &[]).await);
    match (faults, loaded, replayed) {
        (Ok(faults), Ok(loaded), Ok(replayed)) if faults.is_empty() && loaded.same_facts(&replayed) => check(
            "here",
            "database",
            format!("whole; {}", words::jobs(loaded.jobs().count())),
            None,
        ),
        (Ok(faults), Ok(_), Ok(_)) if faults.is_empty() => check(
            "here",
            "database",
            "its history does not lead to its state",
            remedy(),
        ),
        (Ok(faults), Ok(_), Ok(_)) => check("here", "database", faults.join("; "), remedy()),
        (Err(error), _, _) | (_, Err(error), _) | (_, _, Err(error)) => {
            check("here", "database", error.to_string(), remedy())
        }
    }
}
