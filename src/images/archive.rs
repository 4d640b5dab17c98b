//! What a `docker save` archive holds: its one image, and which member is which layer.
//!
//! Pure. Both layouts: `<id>/layer.tar` of engines before 25 (with links between layers), and `blobs/sha256/…`.

use serde::{Deserialize, Serialize};

use super::tar::{Kind, Member};
use crate::domain::Sha256;

/// How many links are followed from one name.
const MOST_LINKS: usize = 16;

/// An archive of one image, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Archive {
    /// All members.
    pub(super) members: Vec<Member>,
    /// `manifest.json`, as it is.
    pub(super) manifest: String,
    /// The image's configuration: name and content.
    pub(super) config: (String, String),
    /// Of the configuration; the image's id where the engine is not containerd.
    pub(super) digest: Sha256,
    /// `os/architecture`.
    pub(super) platform: String,
    /// From the bottom up.
    pub(super) layers: Vec<Layer>,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layer {
    /// `sha256:…` of the plain layer.
    pub(super) diff: String,
    /// The name that the manifest has for it.
    pub(super) name: String,
    /// Where its data begins in the archive.
    pub(super) at: u64,
    /// How long its data is.
    pub(super) size: u64,
}

/// Why an archive is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ArchiveError {
    /// Something that must be in it is not.
    #[error("`{0}` is not in the archive")]
    Lacks(String),
    /// Not one image.
    #[error("the archive holds {0} images; one is expected")]
    Several(usize),
    /// The configuration is not what its name says.
    #[error("the image's configuration is damaged: {0}")]
    Config(String),
    /// A text in it cannot be read.
    #[error("`{0}` in the archive cannot be read: {1}")]
    Text(String, String),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    config: String,
    layers: Vec<String>,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    rootfs: RootFs,
}

#[derive(Deserialize)]
struct RootFs {
    diff_ids: Vec<String>,
}

/// The one image that a manifest names: its configuration's name, and its layers' names.
fn entry(manifest: &str) -> Result<Entry, ArchiveError> {
    let mut entries: Vec<Entry> = serde_json::from_str(manifest)
        .map_err(|error| ArchiveError::Text("manifest.json".to_owned(), error.to_string()))?;
    match (entries.pop(), entries.len()) {
        (Some(entry), 0) => Ok(entry),
        (last, others) => Err(ArchiveError::Several(others + usize::from(last.is_some()))),
    }
}

/// The member that a manifest's configuration is.
pub(super) fn config_of<'a>(members: &'a [Member], manifest: &str) -> Result<&'a Member, ArchiveError> {
    find(members, &entry(manifest)?.config)
}

/// The file of this name, through links.
pub(super) fn find<'a>(members: &'a [Member], name: &str) -> Result<&'a Member, ArchiveError> {
    let lacks = || ArchiveError::Lacks(name.escape_debug().to_string());
    let mut wanted = super::tar::plain(name);
    for _ in 0..MOST_LINKS {
        // As with tar itself, the last member of a name is the one that counts.
        let member = members
            .iter()
            .rfind(|member| member.name == wanted)
            .ok_or_else(lacks)?;
        wanted = match &member.kind {
            Kind::File => return Ok(member),
            Kind::Hardlink(target) => target.clone(),
            Kind::Symlink(target) => beside(&wanted, target).ok_or_else(lacks)?,
            Kind::Other => return Err(lacks()),
        };
    }
    Err(lacks())
}

/// Where a relative link leads; none if it leaves the archive.
fn beside(link: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = link.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

impl Archive {
    /// Puts together what was read.
    pub(super) fn new(
        members: Vec<Member>,
        manifest: String,
        config: String,
    ) -> Result<Archive, ArchiveError> {
        let entry = entry(&manifest)?;
        let digest = Sha256::of(config.as_bytes());
        if named_digest(&entry.config).is_some_and(|named| named != digest) {
            return Err(ArchiveError::Config(format!(
                "its digest is {digest}, its name {}",
                entry.config
            )));
        }
        let parsed: Config = serde_json::from_str(&config)
            .map_err(|error| ArchiveError::Text(entry.config.clone(), error.to_string()))?;
        let diffs = parsed.rootfs.diff_ids;
        if diffs.len() != entry.layers.len() {
            let (is, says) = (entry.layers.len(), diffs.len());
            return Err(ArchiveError::Config(format!(
                "it names {says} layers, the manifest {is}"
            )));
        }
        let layer = |(diff, name): (String, String)| {
            let member = find(&members, &name)?;
            let (at, size) = (member.at, member.size);
            Ok(Layer { diff, name, at, size })
        };
        let layers = diffs
            .into_iter()
            .zip(entry.layers)
            .map(layer)
            .collect::<Result<_, _>>()?;
        Ok(Archive {
            digest,
            platform: format!("{}/{}", parsed.os, parsed.architecture),
            layers,
            config: (entry.config, config),
            members,
            manifest,
        })
    }

    /// Which layers an engine lacks that has these chains of layers: all above the first that it lacks.
    pub(super) fn missing(&self, has: impl Fn(&str) -> bool) -> Vec<&Layer> {
        let chains = chains(self.layers.iter().map(|layer| layer.diff.as_str()));
        let here = chains.iter().take_while(|chain| has(chain)).count();
        self.layers[here..].iter().collect()
    }
}

impl Layer {
    /// What its bytes in the archive must hash to: the digest in its name, or else that of the plain layer.
    pub(super) fn digest(&self) -> Option<(Sha256, Of)> {
        if let Some(blob) = self
            .name
            .strip_prefix("blobs/sha256/")
            .and_then(|hex| hex.parse().ok())
        {
            return Some((blob, Of::Stored));
        }
        let plain = self.diff.strip_prefix("sha256:")?.parse().ok()?;
        Some((plain, Of::Plain))
    }
}

/// What a layer's digest is the digest of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// Of the bytes as they lie in the archive.
    Stored,
    /// Of the plain layer. Of a compressed one we cannot tell, and leave it to the engine.
    Plain,
}

/// The identity of each layer together with all below it, from the bottom up.
pub(super) fn chains<'a>(diffs: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut chains: Vec<String> = Vec::new();
    for diff in diffs {
        let chain = chains.last().map_or_else(
            || diff.to_owned(),
            |below| format!("sha256:{}", Sha256::of(format!("{below} {diff}").as_bytes())),
        );
        chains.push(chain);
    }
    chains
}

/// The digest that a configuration's name is: `<hex>.json` or `blobs/sha256/<hex>`.
fn named_digest(name: &str) -> Option<Sha256> {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.strip_suffix(".json").unwrap_or(last).parse().ok()
}

/// An archive's index as it is kept: what need not be read again.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Index {
    /// Of this format.
    pub(super) version: u32,
    /// Of the object that it is an index of.
    pub(super) etag: String,
    /// Of the object that it is an index of.
    pub(super) size: u64,
    /// All members.
    pub(super) members: Vec<Member>,
    /// `manifest.json`.
    pub(super) manifest: String,
    /// The image's configuration.
    pub(super) config: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn member(name: &str, kind: Kind) -> Member {
        Member {
            name: name.to_owned(),
            kind,
            at: 512,
            size: 7,
        }
    }

    fn legacy() -> Result<Archive, ArchiveError> {
        let config = format!(
            r#"{{"os":"linux","architecture":"amd64","rootfs":{{"type":"layers","diff_ids":["{A}","{B}","{A}"]}}}}"#
        );
        let name = format!("{}.json", Sha256::of(config.as_bytes()));
        let manifest = format!(
            r#"[{{"Config":"{name}","RepoTags":null,"Layers":["1/layer.tar","2/layer.tar","3/layer.tar"]}}]"#
        );
        let members = vec![
            member("1/layer.tar", Kind::File),
            member("2/layer.tar", Kind::File),
            member("3/layer.tar", Kind::Symlink("../1/layer.tar".to_owned())),
        ];
        Archive::new(members, manifest, config)
    }

    #[test]
    fn a_layer_is_found_through_the_links_of_old_archives() {
        let archive = legacy().unwrap();
        assert_eq!(
            (archive.platform.as_str(), archive.layers.len()),
            ("linux/amd64", 3)
        );
        assert_eq!(archive.layers[2].size, 7);
        let endless = [member("a", Kind::Symlink("a".to_owned()))];
        assert!(find(&endless, "a").is_err());
        let outside = [member("a", Kind::Symlink("../../etc/passwd".to_owned()))];
        assert!(find(&outside, "a").is_err());
    }

    #[test]
    fn a_layer_counts_as_present_only_on_top_of_the_same_layers() {
        let archive = legacy().unwrap();
        let chains = chains([A, B].into_iter());
        let has = |chain: &str| chains.iter().any(|known| known == chain);
        assert_eq!(archive.missing(has).len(), 1);
        assert_eq!(archive.missing(|chain| chain == chains[1]).len(), 3);
        assert_eq!(archive.missing(|_| true).len(), 0);
    }

    #[test]
    fn an_archive_that_is_not_one_whole_image_is_refused() {
        let archive = legacy().unwrap();
        let two = format!("[{0},{0}]", archive.manifest.trim_matches(['[', ']']));
        let with = |manifest: &str, config: &str| {
            Archive::new(archive.members.clone(), manifest.to_owned(), config.to_owned())
        };
        assert_eq!(with(&two, &archive.config.1), Err(ArchiveError::Several(2)));
        assert_eq!(with("[]", "{}"), Err(ArchiveError::Several(0)));
        let damaged = archive.config.1.replace("linux", "lunix");
        assert!(matches!(
            with(&archive.manifest, &damaged),
            Err(ArchiveError::Config(_))
        ));
        assert!(matches!(with("{", "{}"), Err(ArchiveError::Text(..))));
        let lacking = Archive::new(Vec::new(), archive.manifest, archive.config.1);
        assert_eq!(lacking, Err(ArchiveError::Lacks("1/layer.tar".to_owned())));
    }
}
