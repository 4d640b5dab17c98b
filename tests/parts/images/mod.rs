//! Images made ready on this machine's own engine, from a store that can be told to misbehave.

mod faults;
mod kit;
mod looking;
mod made;
mod server;
mod shelf;

use fleet::images::How;

use kit::{Kit, docker};
use made::Layout;

#[test]
fn an_image_arrives_with_both_names_and_is_what_the_archive_promises() {
    for layout in [Layout::Legacy, Layout::Oci] {
        let mut kit = Kit::new();
        let mut layers = kit.layers(3, 300_000);
        // The same layer twice, as an empty RUN leaves it.
        layers.push(layers[1].clone());
        let id = kit.put("a.tar", layout, &layers);
        let ready = kit.prepare(&kit.image("a.tar")).unwrap();
        assert_eq!((&ready.id, &ready.reference), (&id, &kit.name("one")));
        assert_eq!(ready.how, How::Layers { missing: 5, total: 5 });
        assert_eq!(ready.notes, Vec::<String>::new());
        for name in ["one", "two", "loaded"] {
            let is = docker(&["image", "inspect", "--format", "{{.Id}}", &kit.name(name)]);
            assert_eq!(is.trim(), id, "{layout:?}");
        }
        assert_eq!(kit.server.sent(), ready.moved);
    }
}

#[test]
fn the_second_of_two_images_that_share_their_layers_moves_only_the_rest() {
    for layout in [Layout::Legacy, Layout::Oci] {
        let mut kit = Kit::new();
        let mut layers = kit.layers(10, 2_000_000);
        let last = layers.pop().unwrap();
        kit.put("one.tar", layout, &[&layers[..], &[last]].concat());
        let other = made::noisy(kit.seed + 100, 2_000_000);
        let id = kit.put("two.tar", layout, &[&layers[..], &[other]].concat());
        let first = kit.prepare(&kit.image("one.tar")).unwrap();
        assert!(kit.server.sent() < first.size * 103 / 100);
        let second = kit.prepare(&kit.image("two.tar")).unwrap();
        assert_eq!(second.id, id);
        assert_eq!(
            second.how,
            How::Layers {
                missing: 1,
                total: 11
            }
        );
        let sent = kit.server.sent();
        let share = sent * 1000 / second.size;
        eprintln!(
            "{layout:?}: the second image moved {sent} of {} bytes ({share} ‰)",
            second.size
        );
        assert_eq!(sent, second.moved);
        assert!((60..110).contains(&share), "{share} ‰");
        // It is whole: the file in the new layer is the one that was made.
        let listed = docker(&[
            "run",
            "--rm",
            "--network=none",
            "--entrypoint=sh",
            &id,
            "-c",
            "echo /noise-*",
        ]);
        assert_eq!(listed.split_whitespace().count(), 10);
    }
}

#[test]
fn what_is_here_already_is_asked_for_and_not_moved() {
    let mut kit = Kit::new();
    let layers = kit.layers(1, 100_000);
    let id = kit.put("a.tar", Layout::Legacy, &layers);
    kit.prepare(&kit.image("a.tar")).unwrap();
    kit.server.sent();
    docker(&["image", "rm", &kit.name("two")]);
    let ready = kit.prepare(&kit.image("a.tar")).unwrap();
    assert_eq!((ready.how, ready.moved, kit.server.sent()), (How::Cached, 1, 1));
    assert_eq!(
        docker(&["image", "inspect", "--format", "{{.Id}}", &kit.name("two")]).trim(),
        id
    );

    // A new version of the object is another image.
    let mut newer = layers;
    newer.push(made::noisy(kit.seed + 7, 5000));
    let newer = kit.put("a.tar", Layout::Legacy, &newer);
    let ready = kit.prepare(&kit.image("a.tar")).unwrap();
    assert_eq!(
        (ready.id, ready.how),
        (newer.clone(), How::Layers { missing: 1, total: 3 })
    );
    // The old version has lost all of its names to the new one.
    assert_eq!(kit.ids(), [newer]);
}

#[test]
fn two_slots_that_want_one_image_move_it_once() {
    let kit = Kit::new();
    kit.put("a.tar", Layout::Legacy, &kit.layers(3, 500_000));
    let (image, url) = (kit.image("a.tar"), kit.server.url("a.tar"));
    let both = std::thread::scope(|scope| {
        let one = || kit::prepare(kit.root.path(), Some(&url), &image, &mut |_| {});
        let (one, two) = (scope.spawn(one), scope.spawn(one));
        [one.join().unwrap().unwrap(), two.join().unwrap().unwrap()]
    });
    assert_eq!(both.iter().filter(|ready| ready.how == How::Cached).count(), 1);
    assert!(kit.server.sent() < both[0].size * 103 / 100);
}

#[test]
fn an_archive_that_the_engine_itself_saved_goes_in_again() {
    let mut kit = Kit::new();
    kit.put("a.tar", Layout::Oci, &kit.layers(2, 100_000));
    let id = kit.prepare(&kit.image("a.tar")).unwrap().id;
    let file = kit.root.path().join("saved.tar");
    docker(&["save", "-o", file.to_str().unwrap(), &kit.name("loaded")]);
    docker(&["image", "rm", "-f", &id]);
    assert!(kit.is_clean());
    kit.server.put("saved.tar", std::fs::read(&file).unwrap());
    let ready = kit.prepare(&kit.image("saved.tar")).unwrap();
    assert_eq!((ready.id, ready.how), (id, How::Layers { missing: 3, total: 3 }));
}

#[test]
fn a_compressed_archive_goes_in_whole() {
    let mut kit = Kit::new();
    let (archive, id) = made::archive(Layout::Legacy, &kit.face(), &kit.layers(1, 300_000));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &archive).unwrap();
    kit.server.put("a.tar.gz", packed.finish().unwrap());
    let ready = kit.prepare(&kit.image("a.tar.gz")).unwrap();
    assert_eq!((ready.id, ready.how), (id, How::Whole));
    assert!(ready.notes[0].contains("compressed"));
}
