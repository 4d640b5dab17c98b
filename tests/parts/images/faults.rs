//! Stores and objects that fail: the right class, the right retry, and nothing half loaded.

use std::path::Path;
use std::time::{Duration, Instant};

use fleet::domain::Sha256;
use fleet::domain::fault::{Again, Class};
use fleet::images::{How, ImageError};

use super::kit::{Kit, docker};
use super::made::{self, Layout};
use super::server::Faults;

/// The engine has nothing of these layers, neither as layers nor as what it unpacks an archive to.
fn nothing_of(kit: &Kit, layers: &[made::Layer]) {
    assert!(kit.is_clean(), "{:?}", kit.ids());
    let root = docker(&["info", "--format", "{{.DockerRootDir}} {{.Driver}}"]);
    let (root, driver) = root.trim().split_once(' ').unwrap();
    let known = Path::new(root).join("image").join(driver).join("layerdb/sha256");
    assert!(known.is_dir(), "this test must see the engine's directory");
    let bottom = Sha256::of(&layers[0]).to_string();
    assert!(!known.join(bottom).exists());
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let names: Vec<String> = (0..layers.len())
            .map(|n| Sha256::of(format!("{}-{n}", kit.label()).as_bytes()).to_string())
            .collect();
        let mut unpacked = std::fs::read_dir(Path::new(root).join("tmp")).unwrap().flatten();
        // The engine sweeps after itself, a moment later than its client ends.
        if !unpacked.any(|dir| names.iter().any(|name| dir.path().join(name).exists())) {
            return;
        }
        assert!(Instant::now() < until, "the engine keeps what it unpacked");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn blamed(error: &ImageError) -> (Class, &'static str, Again) {
    let (name, again) = error.blame();
    (error.fault().class, name.as_str(), again)
}

#[test]
fn a_corrupt_byte_in_any_layer_is_seen_and_nothing_is_loaded() {
    for layout in [Layout::Legacy, Layout::Oci] {
        let mut kit = Kit::new();
        let layers = kit.layers(2, 1_000_000);
        kit.put("a.tar", layout, &layers);
        let size = layers.iter().map(Vec::len).sum::<usize>();
        for corrupt in [size / 2, size - 600_000, size - 2000] {
            let faults = Faults {
                corrupt: Some(corrupt),
                ..Faults::default()
            };
            kit.server.misbehave(faults);
            let error = kit.prepare(&kit.image("a.tar")).unwrap_err();
            assert_eq!(
                blamed(&error),
                (Class::Image, "image-corrupt", Again::Anywhere),
                "{error}"
            );
            nothing_of(&kit, &layers);
        }
        kit.server.misbehave(Faults::default());
        assert_eq!(
            kit.prepare(&kit.image("a.tar")).unwrap().how,
            How::Layers { missing: 3, total: 3 }
        );
    }
}

#[test]
fn a_connection_that_keeps_breaking_is_resumed_where_it_broke() {
    let mut kit = Kit::new();
    let id = kit.put("a.tar", Layout::Legacy, &kit.layers(2, 1_000_000));
    kit.server.misbehave(Faults {
        drop_after: Some(100_000),
        slow: Some((50_000, Duration::ZERO)),
        ..Faults::default()
    });
    let ready = kit.prepare(&kit.image("a.tar")).unwrap();
    assert_eq!(ready.id, id);
    let sent = kit.server.sent();
    eprintln!(
        "connections broke every 100 kB: {sent} bytes sent for {}",
        ready.size
    );
    assert!(sent < ready.size * 105 / 100);
}

#[test]
fn a_store_that_dies_in_the_middle_leaves_nothing() {
    let mut kit = Kit::new();
    let layers = kit.layers(2, 1_000_000);
    kit.put("a.tar", Layout::Legacy, &layers);
    let key = kit.image("a.tar");
    // The index is read, and kept, before the store goes.
    kit.server.misbehave(Faults {
        corrupt: Some(200_000),
        ..Faults::default()
    });
    kit.prepare(&key).unwrap_err();
    kit.server.misbehave(Faults {
        dead_from: Some(layers[0].len() + 500_000),
        ..Faults::default()
    });
    let error = kit.prepare(&key).unwrap_err();
    assert_eq!(
        blamed(&error),
        (Class::Host, "store-unreachable", Again::Elsewhere),
        "{error}"
    );
    nothing_of(&kit, &layers);
}

#[test]
fn a_truncated_object_is_known_before_it_is_moved() {
    let mut kit = Kit::new();
    let layers = kit.layers(3, 1_000_000);
    let (archive, _) = made::archive(Layout::Legacy, &kit.face(), &layers);
    // Inside of a layer; between members, where a tar may end; before the manifest; and nothing at all.
    let between = archive.len() - 1_000_000;
    for cut in [between, archive.len() / 2, archive.len() - 2048, 700, 0] {
        let key = format!("{cut}.tar");
        kit.server.put(&key, archive[..cut].to_vec());
        let error = kit.prepare(&kit.image(&key)).unwrap_err();
        assert_eq!(
            blamed(&error),
            (Class::Image, "image-torn", Again::Never),
            "{cut}: {error}"
        );
        assert!(kit.server.sent() < 100_000);
    }
    nothing_of(&kit, &layers);
}

#[test]
fn what_the_store_answers_decides_whose_fault_it_is() {
    let mut kit = Kit::new();
    let table = [
        (
            403,
            "AccessDenied",
            Class::Config,
            "image-forbidden",
            Again::Never,
        ),
        (
            403,
            "SignatureDoesNotMatch",
            Class::Config,
            "image-forbidden",
            Again::Never,
        ),
        (
            400,
            "ExpiredToken",
            Class::Config,
            "image-link-expired",
            Again::Anywhere,
        ),
        (
            403,
            "RequestTimeTooSkewed",
            Class::Config,
            "image-link-expired",
            Again::Anywhere,
        ),
        (404, "NoSuchKey", Class::Image, "image-missing", Again::Never),
        (
            412,
            "PreconditionFailed",
            Class::Image,
            "image-changed",
            Again::Anywhere,
        ),
        (
            503,
            "SlowDown",
            Class::Host,
            "store-unreachable",
            Again::Elsewhere,
        ),
    ];
    for (status, code, class, name, again) in table {
        kit.server.misbehave(Faults {
            refuse: Some((status, code)),
            ..Faults::default()
        });
        let error = kit.prepare(&kit.image("a.tar")).unwrap_err();
        assert_eq!(blamed(&error), (class, name, again), "{error}");
    }
    // A passing weakness of the store is outlived.
    kit.put("a.tar", Layout::Legacy, &kit.layers(1, 1000));
    kit.server.misbehave(Faults {
        refuse: Some((503, "SlowDown")),
        refusals: Some(3),
        ..Faults::default()
    });
    kit.prepare(&kit.image("a.tar")).unwrap();
    // No server listens at all.
    let image = kit.image("b.tar");
    let error = super::kit::prepare(
        kit.root.path(),
        Some("http://127.0.0.1:1/b.tar"),
        &image,
        &mut |_| {},
    );
    assert_eq!(blamed(&error.unwrap_err()).1, "store-unreachable");
    let error = super::kit::prepare(kit.root.path(), None, &image, &mut |_| {}).unwrap_err();
    assert_eq!(
        blamed(&error),
        (Class::Config, "image-link-missing", Again::Anywhere)
    );
}

#[test]
fn an_object_that_is_replaced_while_it_is_read_is_never_mixed() {
    let mut kit = Kit::new();
    let layers = kit.layers(4, 1_000_000);
    kit.put("a.tar", Layout::Legacy, &layers);
    kit.server.misbehave(Faults {
        replaced_after: Some(12),
        ..Faults::default()
    });
    let error = kit.prepare(&kit.image("a.tar")).unwrap_err();
    assert_eq!(blamed(&error), (Class::Image, "image-changed", Again::Anywhere));
    nothing_of(&kit, &layers);
}

#[test]
fn a_slow_store_is_not_a_silent_one() {
    let mut kit = Kit::new();
    let layers = kit.layers(1, 1_000_000);
    kit.put("a.tar", Layout::Legacy, &layers);
    // The longest silence is a second here, and each range takes longer than that.
    kit.server.misbehave(Faults {
        slow: Some((40_000, Duration::from_millis(250))),
        ..Faults::default()
    });
    kit.prepare(&kit.image("a.tar")).unwrap();
    kit.put("b.tar", Layout::Legacy, &kit.layers(1, 1_100_000));
    kit.server.misbehave(Faults {
        silent_from: Some(0),
        ..Faults::default()
    });
    let error = kit.prepare(&kit.image("b.tar")).unwrap_err();
    assert_eq!(blamed(&error).1, "store-unreachable");
    assert!(error.to_string().contains("silent"), "{error}");
}

#[test]
fn an_image_that_was_verified_is_used_while_the_store_is_away() {
    let mut kit = Kit::new();
    let id = kit.put("a.tar", Layout::Legacy, &kit.layers(1, 1000));
    let image = kit.image("a.tar");
    kit.prepare(&image).unwrap();
    for url in [None, Some("http://127.0.0.1:1/a.tar?X-Amz-Signature=5ec3e7")] {
        let ready = super::kit::prepare(kit.root.path(), url, &image, &mut |_| {}).unwrap();
        assert_eq!((&ready.id, ready.how, ready.moved), (&id, How::Cached, 0));
        assert!(ready.notes[0].contains("the image on this host is used"));
    }
}

/// The label of the images that a large one of this test is built up from.
fn batch_label(kit: &Kit) -> String {
    let path = kit
        .root
        .path()
        .join("images")
        .join(Sha256::of(b"bucket/a.tar").to_string());
    let identity = fleet::docker::owner::identity(kit.root.path()).unwrap();
    let whose = [identity.as_bytes(), b" ", path.as_os_str().as_encoded_bytes()].concat();
    format!("label=fleet.part={}", Sha256::of(&whose))
}

fn batches(kit: &Kit) -> usize {
    docker(&["image", "ls", "-aq", "--filter", &batch_label(kit)])
        .lines()
        .count()
}

async fn labelled(label: String) -> usize {
    let count = move || {
        docker(&["image", "ls", "-aq", "--filter", &label])
            .lines()
            .count()
    };
    tokio::task::spawn_blocking(count).await.unwrap()
}

#[test]
fn batches_that_are_in_already_are_taken_out_again_when_a_later_one_fails() {
    let mut kit = Kit::new();
    let layers = kit.layers(8, 3_000_000);
    let id = kit.put("a.tar", Layout::Legacy, &layers);
    kit.server.misbehave(Faults {
        corrupt: Some(layers.iter().map(Vec::len).sum::<usize>() - 1_000_000),
        ..Faults::default()
    });
    let error = kit.prepare(&kit.image("a.tar")).unwrap_err();
    assert_eq!(blamed(&error).1, "image-corrupt");
    assert_eq!(batches(&kit), 0);
    nothing_of(&kit, &layers);
    kit.server.misbehave(Faults::default());
    let ready = kit.prepare(&kit.image("a.tar")).unwrap();
    assert_eq!(
        (&ready.id, ready.how),
        (&id, How::Layers { missing: 9, total: 9 })
    );
    assert_eq!((batches(&kit), kit.ids()), (0, vec![id]));
}

#[test]
fn who_is_killed_while_an_image_arrives_has_not_paid_in_vain() {
    let mut kit = Kit::new();
    let layers = kit.layers(8, 3_000_000);
    let id = kit.put("a.tar", Layout::Legacy, &layers);
    // The index is read, and kept.
    kit.server.misbehave(Faults {
        corrupt: Some(200_000),
        ..Faults::default()
    });
    kit.prepare(&kit.image("a.tar")).unwrap_err();
    // All but the last batch arrives; then nothing more does.
    kit.server.misbehave(Faults {
        silent_from: Some(layers.iter().map(Vec::len).sum::<usize>() - 1_000_000),
        ..Faults::default()
    });
    let (image, url, key) = (kit.image("a.tar"), kit.server.url("a.tar"), batch_label(&kit));
    let labels = std::collections::BTreeMap::new();
    let wanted = fleet::images::Wanted {
        image: &image,
        url: Some(&url),
        labels: &labels,
        root: kit.root.path(),
        parts: 4,
        part_size: 256 << 10,
        stall: Duration::from_mins(1),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut say = |_: &str| {};
        let arriving = fleet::images::prepare(&wanted, &mut say);
        let some_batches = async {
            // Beside it, not in its way.
            while labelled(key.clone()).await < 2 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::select! {
            ready = arriving => panic!("{ready:?}"),
            () = some_batches => {}
        }
    });
    drop(runtime);
    kit.server.misbehave(Faults::default());
    kit.server.sent();
    let ready = kit.prepare(&image).unwrap();
    assert_eq!(ready.id, id);
    assert!(kit.server.sent() < ready.size * 8 / 10, "{ready:?}");
    assert_eq!((batches(&kit), kit.ids()), (0, vec![id]));
}
