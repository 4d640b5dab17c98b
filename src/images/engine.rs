//! What the engine of this host has, and small requests to it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::time::Duration;

use nix::sys::statvfs::statvfs;
use serde::Deserialize;

use super::archive::chains;
use super::error::ImageError;
use crate::docker::{Call, DockerError, Engine, Kind, ask, call};

/// For questions.
const PATIENCE: Duration = Duration::from_mins(2);

/// So many are asked for in one call: all that is said of them is kept.
const AT_ONCE: usize = 50;

/// For a pull, which tells nothing of how far it is.
const PULL: Duration = Duration::from_hours(2);

/// Does blocking work without holding up the reactor.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ImageError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| ImageError::Stopped(error.to_string()))
}

/// An image that the engine has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Local {
    /// `sha256:…`
    pub(super) id: String,
    /// Its names.
    #[serde(default)]
    pub(super) repo_tags: Option<Vec<String>>,
    /// Bytes, shared layers included.
    #[serde(default)]
    pub(super) size: u64,
    /// What it runs on.
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(rename = "RootFS", default)]
    root_fs: RootFs,
    #[serde(default)]
    config: Option<Config>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RootFs {
    layers: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Config {
    user: String,
    labels: Option<BTreeMap<String, String>>,
}

impl Local {
    /// `os/architecture`.
    pub(super) fn platform(&self) -> String {
        format!("{}/{}", self.os, self.architecture)
    }

    /// The digests of its layers, from the bottom up.
    pub(super) fn layers(&self) -> &[String] {
        self.root_fs.layers.as_deref().unwrap_or_default()
    }

    /// Does it have this name? podman writes out the registry that is meant where none is named.
    pub(super) fn is_named(&self, name: &str) -> bool {
        let tags = self.repo_tags.as_deref().unwrap_or_default();
        let short = |tag: &str| {
            let hosts = ["docker.io/library/", "docker.io/"];
            hosts.iter().any(|host| tag.strip_prefix(host) == Some(name))
        };
        tags.iter().any(|tag| tag == name || short(tag))
    }

    /// Whom its programs run as; empty for root.
    pub(super) fn user(&self) -> &str {
        self.config.as_ref().map_or("", |config| &config.user)
    }

    /// What this label says.
    pub(super) fn label(&self, name: &str) -> Option<&str> {
        let labels = self.config.as_ref()?.labels.as_ref()?;
        labels.get(name).map(String::as_str)
    }
}

/// The image of this name or id, if it is here. Never pulls.
pub(super) fn inspect(reference: &str) -> Result<Option<Local>, DockerError> {
    match ask(
        &["image", "inspect", "--format", "{{json .}}", reference],
        PATIENCE,
    ) {
        Ok(text) => Ok(parse(&text).into_iter().next()),
        Err(DockerError::NotThere(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn parse(text: &str) -> Vec<Local> {
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Every image that is here, nameless ones too.
pub(super) fn everything() -> Result<Vec<Local>, DockerError> {
    let ids = ask(&["image", "ls", "-aq", "--no-trunc"], PATIENCE)?;
    inspect_all(&ids.split_whitespace().collect())
}

/// Those of these images that are here.
pub(super) fn inspect_all(ids: &BTreeSet<&str>) -> Result<Vec<Local>, DockerError> {
    let words = ["image", "inspect", "--format", "{{json .}}"];
    Ok(parse(&many(&words, ids)?))
}

/// One question about many things, in few calls: the client's start costs more than the engine's answer.
fn many(words: &[&str], ids: &BTreeSet<&str>) -> Result<String, DockerError> {
    let ids: Vec<&str> = ids.iter().copied().collect();
    let mut text = String::new();
    for some in ids.chunks(AT_ONCE) {
        let args = [words, some].concat();
        let said = call(&Call::new(&args, PATIENCE))?;
        // One that is not there makes it fail, and the others are told all the same.
        if said.status != Some(0) {
            match DockerError::of(&args, &said) {
                DockerError::NotThere(_) => {}
                error => return Err(error),
            }
        }
        text.push_str(&said.stdout);
    }
    Ok(text)
}

/// Every chain of layers of these images.
pub(super) fn layers(images: &[Local]) -> HashSet<String> {
    images
        .iter()
        .flat_map(|image| chains(image.layers().iter().map(String::as_str)))
        .collect()
}

/// What kind of engine it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Info {
    #[serde(skip)]
    kind: Option<Kind>,
    docker_root_dir: String,
    driver_status: Option<Vec<(String, String)>>,
}

impl Info {
    /// Asks the engine.
    pub(super) fn ask() -> Result<Info, DockerError> {
        let text = ask(&["info", "--format", "{{json .}}"], PATIENCE)?;
        // Another engine behind the same client may answer in another form.
        let info: Info = serde_json::from_str(&text).unwrap_or_default();
        Ok(Info {
            kind: Some(Engine::ask()?.kind),
            ..info
        })
    }

    /// Does it want a member in an archive for each layer, even for one that it has?
    pub(super) fn wants_all_members(&self) -> bool {
        self.kind == Some(Kind::Podman)
    }

    /// Does it keep images in containerd's store, which wants archives whole?
    pub(super) fn is_containerd(&self) -> bool {
        let pairs = self.driver_status.as_deref().unwrap_or_default();
        pairs
            .iter()
            .any(|(_, value)| value.starts_with("io.containerd.snapshotter"))
    }

    /// Is there room for so many bytes? Unknown is yes: the engine will tell.
    pub(super) fn check_room(&self, bytes: u64) -> Result<(), ImageError> {
        let root = Path::new(&self.docker_root_dir);
        let Ok(disk) = statvfs(root) else { return Ok(()) };
        if !root.is_absolute() {
            return Ok(());
        }
        let free = disk.blocks_available().saturating_mul(disk.fragment_size());
        if bytes <= free {
            return Ok(());
        }
        Err(ImageError::NoSpace {
            need: bytes >> 20,
            free: free >> 20,
        })
    }
}

/// Gives an image a name.
pub(super) fn tag(id: &str, name: &str) -> Result<(), DockerError> {
    ask(&["image", "tag", id, name], PATIENCE).map(drop)
}

/// Takes away a name, or an image that has none left. What is gone already is as good.
pub(super) fn untag(name: &str) -> Result<(), DockerError> {
    match ask(&["image", "rm", "--no-prune", name], PATIENCE) {
        Ok(_) | Err(DockerError::NotThere(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes those of these images that have no name any more and serve no container; the others.
pub(super) fn drop_nameless(ids: BTreeSet<String>) -> Result<BTreeSet<String>, DockerError> {
    let mut left = BTreeSet::new();
    for id in ids {
        let Some(image) = inspect(&id)? else { continue };
        // The engine itself refuses what a container uses.
        if !image.repo_tags.unwrap_or_default().is_empty() || untag(&id).is_err() {
            left.insert(id);
        }
    }
    Ok(left)
}

/// Removes the nameless images with this label.
pub(super) fn drop_labelled(key: &str, value: &str) -> Result<(), DockerError> {
    let filter = format!("label={key}={value}");
    let ids = ask(
        &["image", "ls", "-aq", "--no-trunc", "--filter", &filter],
        PATIENCE,
    )?;
    drop_nameless(ids.lines().map(str::to_owned).collect()).map(drop)
}

/// Every image with this label, nameless ones too.
pub(super) fn labelled(key: &str) -> Result<Vec<Local>, DockerError> {
    let filter = format!("label={key}");
    let ids = ask(
        &["image", "ls", "-aq", "--no-trunc", "--filter", &filter],
        PATIENCE,
    )?;
    inspect_all(&ids.split_whitespace().collect())
}

/// Every name of an image, with the image's id.
pub(super) fn names() -> Result<Vec<(String, String)>, DockerError> {
    let format = r#"{{.ID}}{{"\t"}}{{.Repository}}:{{.Tag}}"#;
    let text = ask(&["image", "ls", "--no-trunc", "--format", format], PATIENCE)?;
    let pair = |line: &str| {
        let (id, name) = line.split_once('\t')?;
        Some((name.to_owned(), id.to_owned()))
    };
    Ok(text.lines().filter_map(pair).collect())
}

/// Takes away a name, and with the last one the image and the nameless ones that it was built up from. What is gone
/// already is as good.
pub(super) fn untag_whole(name: &str) -> Result<(), DockerError> {
    match ask(&["image", "rm", name], PATIENCE) {
        Ok(_) | Err(DockerError::NotThere(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Every container, running or not: its name, and the id of its image.
pub(super) fn containers() -> Result<Vec<(String, String)>, DockerError> {
    let ids = ask(&["ps", "-aq", "--no-trunc"], PATIENCE)?;
    let format = r#"{{.Name}}{{"\t"}}{{.Image}}"#;
    let words = ["container", "inspect", "--format", format];
    let text = many(&words, &ids.split_whitespace().collect())?;
    let pair = |line: &str| {
        let (name, image) = line.split_once('\t')?;
        Some((name.trim_start_matches('/').to_owned(), image.to_owned()))
    };
    Ok(text.lines().filter_map(pair).collect())
}

/// Fetches an image from a registry.
pub(super) fn pull(reference: &str, platform: &str) -> Result<(), ImageError> {
    let args = ["pull", "--quiet", "--platform", platform, "--", reference];
    let said = call(&Call::new(&args, PULL))?;
    if said.status == Some(0) {
        return Ok(());
    }
    let is = |words: &[&str]| words.iter().any(|word| said.stderr.contains(word));
    let error = DockerError::of(&args, &said);
    if !matches!(error, DockerError::Refused { .. } | DockerError::NotThere(_)) {
        return Err(error.into());
    }
    if is(&["no matching manifest", "does not match the specified platform"]) {
        return Err(ImageError::Platform {
            is: "other platforms".to_owned(),
            wanted: platform.to_owned(),
        });
    }
    if is(&["manifest unknown", "not found", "repository does not exist"]) {
        return Err(ImageError::Missing(format!("`{reference}`")));
    }
    if is(&["unauthorized", "denied", "no basic auth"]) {
        return Err(ImageError::Forbidden {
            place: format!("`{reference}`"),
            why: error.to_string(),
        });
    }
    Err(ImageError::Registry {
        reference: reference.to_owned(),
        why: error.to_string(),
    })
}

/// The references in the answer of `docker load`.
pub(super) fn loaded(answer: &str) -> Vec<&str> {
    let reference = |line: &'_ str| -> Option<usize> {
        ["Loaded image: ", "Loaded image ID: "]
            .iter()
            .find_map(|words| line.starts_with(words).then_some(words.len()))
    };
    answer
        .lines()
        .filter_map(|line| reference(line).map(|at| line[at..].trim()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loaded_reference_is_the_engines_word() {
        let answer = "Loaded image: velora/repo:abc\nLoaded image ID: sha256:12\nother\n";
        assert_eq!(loaded(answer), ["velora/repo:abc", "sha256:12"]);
    }

    #[test]
    fn an_engine_on_containerd_is_known_by_its_driver() {
        let info = |status: &str| -> Info {
            serde_json::from_str(&format!(
                r#"{{"DockerRootDir":"/nowhere","DriverStatus":{status}}}"#
            ))
            .unwrap()
        };
        assert!(info(r#"[["driver-type","io.containerd.snapshotter.v1"]]"#).is_containerd());
        assert!(!info(r#"[["Backing Filesystem","extfs"]]"#).is_containerd());
        assert!(info("null").check_room(u64::MAX).is_ok());
    }
}
