//! The list of our images, and their removal.

use fleet::images::{self, ImageError, Shelved};

use super::kit::{Kit, docker};
use super::made::Layout;

fn remove(kit: &Kit, name: &str) -> Result<Shelved, ImageError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(images::remove(kit.root.path(), name, &[]))
}

#[test]
fn our_images_are_listed_and_only_they_are_removed() {
    let mut kit = Kit::new();
    assert_eq!(images::list(kit.root.path(), &[]).unwrap(), []);
    let id = kit.put("a.tar", Layout::Legacy, &kit.layers(1, 1000));
    kit.prepare(&kit.image("a.tar")).unwrap();
    let shelf = images::list(kit.root.path(), &[]).unwrap();
    let ours = &shelf[0];
    assert_eq!((shelf.len(), &ours.id, ours.here), (1, &id, true));
    assert_eq!(ours.source, "s3://bucket/a.tar");
    assert_eq!(ours.tags, [kit.name("loaded"), kit.name("one"), kit.name("two")]);
    assert!(ours.size > 1_000_000 && ours.used_by.is_empty() && ours.last_used >= ours.loaded_at);

    // Each layer is known by its digest, and by the bytes that it would take to move.
    let known = docker(&[
        "image",
        "inspect",
        "--format",
        "{{range .RootFS.Layers}}{{.}} {{end}}",
        &id,
    ]);
    let layers: Vec<&str> = ours.layers.iter().map(|(diff, _)| diff.as_str()).collect();
    assert_eq!(layers, known.split_whitespace().collect::<Vec<_>>());
    assert!(ours.layers.iter().all(|(_, size)| *size > 0), "{:?}", ours.layers);

    assert!(matches!(remove(&kit, "debian:12"), Err(ImageError::NotOurs(_))));
    let name = format!("fleet-test-{}", kit.label());
    docker(&["create", "--name", &name, "--entrypoint=sh", &kit.name("one")]);
    let refused = remove(&kit, &kit.name("one")).unwrap_err();
    assert!(refused.to_string().contains(&name), "{refused}");
    assert_eq!(kit.ids().len(), 1);
    docker(&["rm", &name]);
    remove(&kit, "s3://bucket/a.tar").unwrap();
    assert!(kit.is_clean());
    assert_eq!(images::list(kit.root.path(), &[]).unwrap(), []);
}

#[test]
fn a_name_that_points_elsewhere_by_now_and_an_image_that_was_here_before_stay() {
    let mut kit = Kit::new();
    let one = kit.put("one.tar", Layout::Legacy, &kit.layers(1, 1000));
    let two = kit.put("two.tar", Layout::Legacy, &kit.layers(2, 1000));
    kit.prepare(&kit.image("one.tar")).unwrap();
    // The same names, so that the first image has none left.
    kit.prepare(&kit.image("two.tar")).unwrap();
    remove(&kit, "s3://bucket/one.tar").unwrap();
    assert_eq!(kit.ids(), [two]);

    // The user loads it by hand; fleet finds it there, and leaves it there.
    let elsewhere = tempfile::tempdir().unwrap();
    let url = kit.server.url("one.tar");
    super::kit::prepare(elsewhere.path(), Some(&url), &kit.image("one.tar"), &mut |_| {}).unwrap();
    kit.prepare(&kit.image("one.tar")).unwrap();
    remove(&kit, "s3://bucket/one.tar").unwrap();
    assert!(kit.ids().contains(&one));
}
