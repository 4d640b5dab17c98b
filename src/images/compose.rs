//! The tar that the engine is given: what it lacks, and `manifest.json` last.
//!
//! Pure. Invariant: an engine that sees the end of such a tar too early finds no manifest, and loads nothing.

use super::archive::{Archive, Layer, Of};
use super::tar::{self, Kind};
use crate::domain::Sha256;

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

/// With these layers and nothing else that an engine can do without.
pub(super) fn partial(archive: &Archive, layers: &[&Layer]) -> Vec<Piece> {
    let mut tar = Tar::default();
    for layer in layers {
        tar.layer(layer);
    }
    tar.finish(archive)
}

/// With all that the archive has, for engines that want all of it.
pub(super) fn whole(archive: &Archive) -> Vec<Piece> {
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
    tar.finish(archive)
}

/// The object as it is, for archives that we cannot read.
pub(super) fn verbatim(size: u64) -> Vec<Piece> {
    vec![Piece::Range {
        from: 0,
        len: size,
        digest: None,
        what: "the archive".to_owned(),
    }]
}

/// How many bytes of the object it takes.
pub(super) fn moved(pieces: &[Piece]) -> u64 {
    let length = |piece: &Piece| match piece {
        Piece::Bytes(_) => 0,
        Piece::Range { len, .. } => *len,
    };
    pieces.iter().map(length).sum()
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
            what: name.chars().filter(|c| !c.is_control()).take(120).collect(),
        });
        self.pad(len);
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

    fn finish(mut self, archive: &Archive) -> Vec<Piece> {
        self.bytes(&archive.config.0, &archive.config.1);
        self.bytes("manifest.json", &archive.manifest);
        self.pieces.push(Piece::Bytes(vec![0; 1024]));
        self.pieces
    }
}
