//! One test's world: a store, a root, names and layers that no other test has; and nothing left of it afterwards.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use fleet::domain::swe::{Image, Source};
use fleet::images::{self, ImageError, Ready, Wanted};

use super::made::{self, Face, Layer, Layout};
use super::server::{SECRET, Server};

pub(super) struct Kit {
    pub(super) server: Server,
    pub(super) root: tempfile::TempDir,
    pub(super) seed: u64,
    pub(super) commits: [String; 2],
    pub(super) bottom: Layer,
    pub(super) said: Vec<String>,
}

/// Asks the engine of this machine.
pub(super) fn docker(args: &[&str]) -> String {
    let said = Command::new("docker").args(args).output().unwrap();
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(
        said.status.success(),
        "docker {args:?}: {}",
        String::from_utf8_lossy(&said.stderr)
    );
    text
}

impl Kit {
    pub(super) fn new() -> Kit {
        let token = fleet::doors::random::token().unwrap();
        let seed = u64::from_str_radix(&token, 16).unwrap() >> 1;
        let (bottom, commits) = made::bottom(seed);
        Kit {
            server: Server::start(),
            root: tempfile::tempdir().unwrap(),
            seed,
            commits,
            bottom,
            said: Vec::new(),
        }
    }

    pub(super) fn label(&self) -> String {
        format!("{:x}", self.seed)
    }

    pub(super) fn name(&self, name: &str) -> String {
        format!("fleet-test/{name}:{}", self.label())
    }

    pub(super) fn face(&self) -> Face {
        Face {
            tags: vec![self.name("loaded")],
            label: self.label(),
            architecture: "amd64".to_owned(),
        }
    }

    /// The bottom layer and so many others of so many bytes.
    pub(super) fn layers(&self, others: u64, bytes: usize) -> Vec<Layer> {
        let noisy = (0..others).map(|n| made::noisy(self.seed + n, bytes));
        std::iter::once(self.bottom.clone()).chain(noisy).collect()
    }

    /// Puts an archive of these layers into the store; the image's id.
    pub(super) fn put(&self, key: &str, layout: Layout, layers: &[Layer]) -> String {
        let (archive, id) = made::archive(layout, &self.face(), layers);
        self.server.put(key, archive);
        id
    }

    pub(super) fn image(&self, key: &str) -> Image {
        Image {
            source: Source::Object {
                bucket: "bucket".to_owned(),
                key: key.to_owned(),
            },
            tags: vec![self.name("one"), self.name("two")],
            base_commit: self.commits[1].clone(),
            repo_path: "/app/repo".to_owned(),
            platform: "linux/amd64".to_owned(),
            repairs: Vec::new(),
        }
    }

    pub(super) fn prepare(&mut self, image: &Image) -> Result<Ready, ImageError> {
        let said = &mut self.said;
        let url = match &image.source {
            Source::Object { key, .. } => Some(self.server.url(key)),
            Source::Engine(_) => None,
        };
        prepare(self.root.path(), url.as_deref(), image, &mut |text| {
            said.push(text.to_owned());
        })
    }

    /// Is there anything of this test in the engine?
    pub(super) fn is_clean(&self) -> bool {
        self.ids().is_empty()
    }

    /// All images of this test, nameless ones too.
    pub(super) fn ids(&self) -> Vec<String> {
        let filter = format!("label=fleet.test={}", self.label());
        let ids = docker(&["image", "ls", "-aq", "--no-trunc", "--filter", &filter]);
        // One line for each name.
        let ids: std::collections::BTreeSet<&str> = ids.lines().collect();
        ids.into_iter().map(str::to_owned).collect()
    }
}

/// Prepares an image in a runtime of its own; sees to it that nothing tells the secret.
pub(super) fn prepare(
    root: &std::path::Path,
    url: Option<&str>,
    image: &Image,
    say: &mut (dyn FnMut(&str) + Send),
) -> Result<Ready, ImageError> {
    let labels = BTreeMap::from([("fleet.attempt".to_owned(), "test".to_owned())]);
    let wanted = Wanted {
        image,
        url,
        labels: &labels,
        root,
        parts: 4,
        part_size: 256 << 10,
        stall: Duration::from_secs(1),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let ready = runtime.block_on(images::prepare(&wanted, say));
    let secret = SECRET.split_once('=').unwrap().1;
    assert!(!format!("{ready:?} {wanted:?}").contains(secret));
    if let Err(error) = &ready {
        let fault = error.fault();
        assert!(
            !fault.what.contains(secret) && !error.to_string().contains(secret),
            "{fault}"
        );
    }
    ready
}

impl Drop for Kit {
    fn drop(&mut self) {
        // What was mended goes before what it was made of. A test that has failed already may leave something.
        let filter = format!("label=fleet.test={}", self.label());
        for _ in 0..2 {
            let args = ["image", "ls", "-aq", "--no-trunc", "--filter", &filter];
            let ids = Command::new("docker")
                .args(args)
                .output()
                .map(|said| said.stdout)
                .unwrap_or_default();
            for id in String::from_utf8_lossy(&ids).lines() {
                let _ = Command::new("docker").args(["image", "rm", "-f", id]).output();
            }
        }
    }
}
