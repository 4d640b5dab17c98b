//! Archives as `docker save` writes them, made without an engine, of layers that no engine has seen before.

use std::path::Path;
use std::process::Command;

use fleet::domain::Sha256;

/// A layer: a tar.
pub(super) type Layer = Vec<u8>;

/// How an archive is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Of engines before 25.
    Legacy,
    /// Of engines since.
    Oci,
}

/// A file as a member of a tar.
pub(super) fn member(name: &str, flag: u8, link: &str, data: &[u8]) -> Vec<u8> {
    let mut block = vec![0; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000644\x000000000\x000000000\0");
    put(
        124,
        format!("{:011o}\x0000000000000\0        ", data.len()).as_bytes(),
    );
    put(156, &[flag]);
    put(157, link.as_bytes());
    put(257, b"ustar\x0000");
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block.extend(data);
    block.resize(block.len().div_ceil(512) * 512, 0);
    block
}

/// Bytes that cannot be compressed, the same for the same seed.
pub(super) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A layer with one file of noise.
pub(super) fn noisy(seed: u64, length: usize) -> Layer {
    let mut tar = member(&format!("noise-{seed}"), b'0', "", &noise(seed, length));
    tar.extend([0; 1024]);
    tar
}

/// The bottom layer: this machine's own sh and git with their libraries, and a repository at `/app/repo` with two
/// commits. The layer and the commits, the older first.
pub(super) fn bottom(seed: u64) -> (Layer, [String; 2]) {
    let root = tempfile::tempdir().unwrap();
    let script = format!(
        r#"cd "$1"; mkdir -p bin usr/bin tmp app/repo
cp -L "$(command -v sh)" bin/sh; cp -L "$(command -v git)" usr/bin/git
ldd bin/sh usr/bin/git | grep -o '/[^ :]*\.so[^ ]*' | sort -u | while read -r lib; do
  mkdir -p ".${{lib%/*}}"; cp -L "$lib" ".$lib"
done
cd app/repo; export HOME="$1/tmp" GIT_CONFIG_NOSYSTEM=1
git init -q .; git config user.name t; git config user.email t@example.invalid
echo {seed} > a; git add a; git commit -qm one; git rev-parse HEAD
echo more > a; git commit -qam two; git rev-parse HEAD"#
    );
    let made = Command::new("sh")
        .args(["-euc", &script, "sh"])
        .arg(root.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let commits: Vec<String> = String::from_utf8(made.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    (pack(root.path()), commits.try_into().unwrap())
}

fn pack(root: &Path) -> Layer {
    let tar = Command::new("tar")
        .args(["-c", "--owner=1000", "-C"])
        .arg(root)
        .arg(".")
        .output()
        .unwrap();
    assert!(tar.status.success());
    tar.stdout
}

/// What an archive says of its image.
#[derive(Debug, Clone)]
pub(super) struct Face {
    /// Names in the archive.
    pub(super) tags: Vec<String>,
    /// A label of the image: `fleet.test`.
    pub(super) label: String,
    /// Its architecture.
    pub(super) architecture: String,
}

/// The archive of an image with these layers, and the image's id.
pub(super) fn archive(layout: Layout, face: &Face, layers: &[Layer]) -> (Vec<u8>, String) {
    let digests: Vec<String> = layers.iter().map(|layer| Sha256::of(layer).to_string()).collect();
    let diffs: Vec<String> = digests.iter().map(|digest| format!("sha256:{digest}")).collect();
    let config = serde_json::json!({
        "architecture": face.architecture, "os": "linux",
        "config": {"Labels": {"fleet.test": face.label}, "Entrypoint": ["/bin/false"]},
        "rootfs": {"type": "layers", "diff_ids": diffs},
        "history": layers.iter().map(|_| serde_json::json!({"created_by": "test"})).collect::<Vec<_>>(),
    })
    .to_string();
    let id = Sha256::of(config.as_bytes()).to_string();
    let mut tar = Vec::new();
    let mut names = Vec::new();
    for (n, (layer, digest)) in layers.iter().zip(&digests).enumerate() {
        let first = digests.iter().position(|other| other == digest).unwrap();
        let name = match layout {
            Layout::Legacy => {
                let dir = Sha256::of(format!("{}-{n}", face.label).as_bytes());
                tar.extend(member(&format!("{dir}/"), b'5', "", b""));
                tar.extend(member(&format!("{dir}/VERSION"), b'0', "", b"1.0"));
                tar.extend(member(&format!("{dir}/json"), b'0', "", b"{}"));
                format!("{dir}/layer.tar")
            }
            Layout::Oci => format!("blobs/sha256/{digest}"),
        };
        if first == n {
            tar.extend(member(&name, b'0', "", layer));
        } else if layout == Layout::Legacy {
            // An equal layer is a link to the first, as old engines write it.
            let target: &String = &names[first];
            tar.extend(member(&name, b'2', &format!("../{target}"), b""));
        }
        names.push(name);
    }
    let config_name = match layout {
        Layout::Legacy => format!("{id}.json"),
        Layout::Oci => format!("blobs/sha256/{id}"),
    };
    tar.extend(member(&config_name, b'0', "", config.as_bytes()));
    if layout == Layout::Oci {
        tar.extend(member(
            "index.json",
            b'0',
            "",
            b"{\"schemaVersion\":2,\"manifests\":[]}",
        ));
    }
    let manifest = serde_json::json!([{"Config": config_name, "RepoTags": face.tags, "Layers": names}]);
    tar.extend(member("manifest.json", b'0', "", manifest.to_string().as_bytes()));
    if layout == Layout::Oci {
        tar.extend(member(
            "oci-layout",
            b'0',
            "",
            b"{\"imageLayoutVersion\":\"1.0.0\"}",
        ));
    }
    tar.extend([0; 1024]);
    (tar, format!("sha256:{id}"))
}
