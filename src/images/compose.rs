//! The tars that the engine is given: what it lacks, and `manifest.json` last.
//!
//! A large image goes in batches of layers, each a small image of its own on top of the one before: the engine takes
//! in one batch while the next is on its way, and keeps two batches unpacked at most instead of everything.
//! Pure. Invariant: an engine that sees the end of such a tar too early finds no manifest, and loads nothing.

use super::archive::{Archive, Layer, Of};
use super::tar::{self, Kind};
use crate::domain::Sha256;
use crate::text::sanitize_excerpt;

/// A piece of the tar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// So many bytes of the object from there on.
    Range {
        /// Where they begin in the object.
        from: u64,
        /// How many.
        len: u64,
        /// What they must hash to.
        digest: Option<(Sha256, Of)>,
        /// What they are, for messages.
        what: String,
    },
}

/// One tar.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Batch {
    /// What is verified while it goes by.
    pub(super) body: Vec<Piece>,
    /// What makes an image of it: nothing before this counts.
    pub(super) tail: Vec<Piece>,
}

/// A batch has at least so many parts.
const LEAST: u64 = 16;

/// Most batches: each costs the engine a moment of its own.
const MOST: u64 = 24;

/// An empty tar. In place of a layer that the engine has it is taken; for one that it lacks it has the wrong digest.
const EMPTY: usize = 1024;

/// What partial archives are like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form<'a> {
    /// Bytes of one request to the store.
    pub(super) part_size: u64,
    /// The images of all batches but the last are nameless, bear this label, and are to be removed in the end.
    pub(super) label: (&'a str, &'a str),
    /// The engine wants a member for each layer: an empty one in place of each that it has.
    pub(super) filled: bool,
}

/// With these uppermost layers, and nothing else that an engine can do without.
pub(super) fn partial(archive: &Archive, layers: &[&Layer], form: Form<'_>) -> Vec<Batch> {
    let bytes: u64 = layers.iter().map(|layer| layer.size).sum();
    let enough = LEAST.saturating_mul(form.part_size).max(bytes / MOST);
    let mut batches = Vec::new();
    let mut tar = Tar::default();
    let (mut held, mut left) = (0, bytes);
    for (n, layer) in layers.iter().enumerate() {
        tar.layer(layer);
        held += layer.size;
        left -= layer.size;
        // A small rest goes with the last batch.
        if held >= enough && left >= enough / 2 {
            let upto = archive.layers.len() - layers.len() + n + 1;
            let mut part = std::mem::take(&mut tar);
            if form.filled {
                part.fill(&archive.layers[..upto]);
            }
            batches.push(part.finish(&stage(archive, upto, form.label)));
            held = 0;
        }
    }
    if form.filled {
        tar.fill(&archive.layers);
    }
    batches.push(tar.finish(&Face {
        config: archive.config.clone(),
        manifest: archive.manifest.clone(),
    }));
    batches
}

/// With all that the archive has, for engines that want all of it.
pub(super) fn whole(archive: &Archive) -> Vec<Batch> {
    let mut tar = Tar::default();
    for layer in &archive.layers {
        tar.layer(layer);
    }
    for member in &archive.members {
        // What the manifest names comes from the manifest.
        if member.kind == Kind::File && member.name != "manifest.json" && member.name != archive.config.0 {
            let digest = member
                .name
                .strip_prefix("blobs/sha256/")
                .and_then(|hex| hex.parse().ok());
            tar.range(
                &member.name,
                member.at,
                member.size,
                digest.map(|digest| (digest, Of::Stored)),
            );
        }
    }
    vec![tar.finish(&Face {
        config: archive.config.clone(),
        manifest: archive.manifest.clone(),
    })]
}

/// The object as it is, for archives that we cannot read.
pub(super) fn verbatim(size: u64) -> Vec<Batch> {
    vec![Batch {
        body: vec![Piece::Range {
            from: 0,
            len: size,
            digest: None,
            what: "the archive".to_owned(),
        }],
        tail: Vec::new(),
    }]
}

/// How many bytes of the object a batch takes.
pub(super) fn moved(batch: &Batch) -> u64 {
    let length = |piece: &Piece| match piece {
        Piece::Bytes(_) => 0,
        Piece::Range { len, .. } => *len,
    };
    batch.body.iter().map(length).sum()
}

/// How much room the engine needs for these: all layers unpacked, and the tars of the two batches under way.
pub(super) fn room(batches: &[Batch]) -> u64 {
    let all: u64 = batches.iter().map(moved).sum();
    let two = batches
        .windows(2)
        .map(|two| moved(&two[0]) + moved(&two[1]))
        .max()
        .unwrap_or(all);
    all.saturating_add(two)
}

/// The texts that make an image.
struct Face {
    config: (String, String),
    manifest: String,
}

/// A nameless image of the lowest so many layers.
fn stage(archive: &Archive, upto: usize, (key, value): (&str, &str)) -> Face {
    let (os, architecture) = archive.platform.split_once('/').unwrap_or_default();
    let layers = &archive.layers[..upto];
    let diffs: Vec<&str> = layers.iter().map(|layer| layer.diff.as_str()).collect();
    let names: Vec<&str> = layers.iter().map(|layer| layer.name.as_str()).collect();
    let config = serde_json::json!({
        "architecture": architecture,
        "os": os,
        "config": {"Labels": {key: value}},
        "rootfs": {"type": "layers", "diff_ids": diffs},
    })
    .to_string();
    let name = format!("{}.json", Sha256::of(config.as_bytes()));
    let manifest = serde_json::json!([{"Config": name, "RepoTags": null, "Layers": names}]).to_string();
    Face {
        config: (name, config),
        manifest,
    }
}

/// A tar in the making.
#[derive(Default)]
struct Tar {
    pieces: Vec<Piece>,
    names: std::collections::BTreeSet<String>,
}

impl Tar {
    fn layer(&mut self, layer: &Layer) {
        self.range(&layer.name, layer.at, layer.size, layer.digest());
    }

    fn range(&mut self, name: &str, from: u64, len: u64, digest: Option<(Sha256, Of)>) {
        // Equal layers share a name.
        if !self.names.insert(name.to_owned()) {
            return;
        }
        self.pieces.push(Piece::Bytes(tar::file_header(name, len)));
        self.pieces.push(Piece::Range {
            from,
            len,
            digest,
            what: sanitize_excerpt(name, 120),
        });
        self.pad(len);
    }

    /// An empty tar for each of these layers that is not in it.
    fn fill(&mut self, layers: &[Layer]) {
        for layer in layers {
            if self.names.insert(layer.name.clone()) {
                self.pieces
                    .push(Piece::Bytes(tar::file_header(&layer.name, EMPTY as u64)));
                self.pieces.push(Piece::Bytes(vec![0; EMPTY]));
            }
        }
    }

    fn bytes(&mut self, name: &str, text: &str) {
        let len = text.len() as u64;
        self.pieces.push(Piece::Bytes(tar::file_header(name, len)));
        self.pieces.push(Piece::Bytes(text.as_bytes().to_vec()));
        self.pad(len);
    }

    fn pad(&mut self, len: u64) {
        let padding = usize::try_from(tar::padded(len) - len).unwrap_or_default();
        self.pieces.push(Piece::Bytes(vec![0; padding]));
    }

    fn finish(mut self, face: &Face) -> Batch {
        let body = std::mem::take(&mut self.pieces);
        self.bytes(&face.config.0, &face.config.1);
        self.bytes("manifest.json", &face.manifest);
        self.pieces.push(Piece::Bytes(vec![0; 1024]));
        Batch {
            body,
            tail: self.pieces,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tar::Member;
    use super::*;

    /// An image of five layers, of which the last is the first again.
    fn archive() -> Archive {
        let layers = [1_u8, 2, 3, 4, 1];
        let diffs: Vec<String> = layers
            .iter()
            .map(|n| format!("sha256:{}", Sha256::of(&[*n])))
            .collect();
        let names: Vec<String> = layers.iter().map(|n| format!("{n}/layer.tar")).collect();
        let config = serde_json::json!({
            "os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": diffs},
        })
        .to_string();
        let name = format!("{}.json", Sha256::of(config.as_bytes()));
        let manifest =
            serde_json::json!([{"Config": name, "RepoTags": ["x:1"], "Layers": names}]).to_string();
        let member = |n: u8| Member {
            name: format!("{n}/layer.tar"),
            kind: Kind::File,
            at: u64::from(n) * 100_000,
            size: 10_000,
        };
        Archive::new((1..=4).map(member).collect(), manifest, config).unwrap()
    }

    fn form(filled: bool) -> Form<'static> {
        Form {
            part_size: 500,
            label: ("fleet.part", "x"),
            filled,
        }
    }

    /// The members of a batch, with their sizes, as a reader of tars finds them. Ranges are played with noughts.
    fn members(batch: &Batch) -> Vec<(String, u64)> {
        let mut bytes = Vec::new();
        for piece in batch.body.iter().chain(&batch.tail) {
            match piece {
                Piece::Bytes(some) => bytes.extend(some),
                Piece::Range { len, .. } => bytes.resize(bytes.len() + usize::try_from(*len).unwrap(), 0),
            }
        }
        let mut walk = tar::Walk::new(bytes.len() as u64);
        while let Some((from, len)) = walk.need() {
            let from = usize::try_from(from).unwrap();
            walk.feed(&bytes[from..from + usize::try_from(len).unwrap()])
                .unwrap();
        }
        let told = walk.finish().unwrap().into_iter();
        told.map(|member| (member.name, member.size)).collect()
    }

    fn layers(batch: &Batch) -> Vec<(String, u64)> {
        let all = members(batch).into_iter();
        all.filter(|(name, _)| name.ends_with("layer.tar")).collect()
    }

    fn named(names: &[(&str, u64)]) -> Vec<(String, u64)> {
        names
            .iter()
            .map(|(name, size)| ((*name).to_owned(), *size))
            .collect()
    }

    #[test]
    fn layers_that_are_there_are_left_out_or_stand_in_the_archive_as_empty_tars() {
        let archive = archive();
        let missing: Vec<&Layer> = archive.layers[3..].iter().collect();
        let wide = |filled| Form {
            part_size: 1 << 20,
            ..form(filled)
        };
        let [lean] = &partial(&archive, &missing, wide(false))[..] else {
            panic!("one batch")
        };
        assert_eq!(
            layers(lean),
            named(&[("4/layer.tar", 10_000), ("1/layer.tar", 10_000)])
        );
        let [full] = &partial(&archive, &missing, wide(true))[..] else {
            panic!("one batch")
        };
        // What is missing goes in whole, even where the same layer is there further down.
        let expected = [
            ("4/layer.tar", 10_000),
            ("1/layer.tar", 10_000),
            ("2/layer.tar", 1024),
            ("3/layer.tar", 1024),
        ];
        assert_eq!(layers(full), named(&expected));
        assert_eq!(moved(full), moved(lean), "nothing more comes from the store");
        assert_eq!(members(full).last().unwrap().0, "manifest.json");
    }

    #[test]
    fn each_batch_has_a_member_for_every_layer_of_its_image() {
        let archive = archive();
        let missing: Vec<&Layer> = archive.layers[1..].iter().collect();
        let batches = partial(&archive, &missing, form(true));
        assert!(batches.len() > 1, "{}", batches.len());
        for (n, batch) in batches.iter().enumerate() {
            let there: Vec<String> = layers(batch).into_iter().map(|(name, _)| name).collect();
            let upto = if n + 1 == batches.len() { 5 } else { n + 2 };
            assert!(
                archive.layers[..upto]
                    .iter()
                    .all(|layer| there.contains(&layer.name)),
                "{n}: {there:?}"
            );
            let whole = layers(batch).iter().filter(|(_, size)| *size == 10_000).count();
            assert!(whole >= 1, "{n}");
        }
        let lean = partial(&archive, &missing, form(false));
        assert_eq!(
            batches.iter().map(moved).sum::<u64>(),
            lean.iter().map(moved).sum::<u64>()
        );
    }
}
