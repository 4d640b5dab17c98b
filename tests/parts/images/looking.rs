//! What must be in an image, and what is mended in it.

use fleet::domain::fault::{Again, Class, FaultName};
use fleet::domain::swe::{Repair, Source};
use fleet::images::How;

use super::kit::{Kit, docker};
use super::made::{self, Layout};

#[test]
fn an_image_without_the_base_commit_is_not_used() {
    let mut kit = Kit::new();
    kit.put("a.tar", Layout::Legacy, &kit.layers(0, 0));
    let mut image = kit.image("a.tar");
    image.base_commit = "0123456789012345678901234567890123456789".to_owned();
    let error = kit.prepare(&image).unwrap_err();
    assert_eq!(error.blame(), (FaultName::BaseCommitMissing, Again::Never));
    assert_eq!(error.fault().class, Class::Image);
    image.repo_path = "/elsewhere".to_owned();
    let error = kit.prepare(&image).unwrap_err();
    assert!(error.to_string().contains("no directory /elsewhere"), "{error}");
    image.repo_path = "/app".to_owned();
    assert_eq!(
        kit.prepare(&image).unwrap_err().blame().0,
        FaultName::BaseCommitMissing
    );
    // What is on this host because of us is on our list, and it has not got our names.
    let shelf = fleet::images::list(kit.root.path(), &[]).unwrap();
    assert_eq!(
        (shelf.len(), shelf[0].tags.as_slice()),
        (1, [kit.name("loaded")].as_slice())
    );
}

#[test]
fn another_commit_checked_out_is_worth_a_note() {
    let mut kit = Kit::new();
    kit.put("a.tar", Layout::Legacy, &kit.layers(0, 0));
    let mut image = kit.image("a.tar");
    image.base_commit = kit.commits[0].clone();
    for _ in 0..2 {
        let ready = kit.prepare(&image).unwrap();
        assert_eq!(ready.notes.len(), 1);
        assert!(ready.notes[0].contains(&kit.commits[1]), "{:?}", ready.notes);
    }
}

#[test]
fn an_image_for_other_machines_is_refused_before_it_is_moved() {
    let mut kit = Kit::new();
    let mut face = kit.face();
    face.architecture = "arm64".to_owned();
    let (archive, _) = made::archive(Layout::Oci, &face, &kit.layers(1, 1_000_000));
    kit.server.put("a.tar", archive);
    let error = kit.prepare(&kit.image("a.tar")).unwrap_err();
    assert_eq!(error.blame(), (FaultName::WrongPlatform, Again::Never));
    assert!(kit.server.sent() < 50_000 && kit.is_clean());
}

fn repair(script: &str) -> Repair {
    Repair {
        name: "tool".to_owned(),
        probe: "[ -e /tool ]".to_owned(),
        script: script.to_owned(),
        network: "none".to_owned(),
    }
}

#[test]
fn a_recipe_mends_what_its_probe_misses_once() {
    let mut kit = Kit::new();
    let loaded = kit.put("a.tar", Layout::Legacy, &kit.layers(0, 0));
    let mut image = kit.image("a.tar");
    image.repairs = vec![repair("echo mended > /tool")];
    let ready = kit.prepare(&image).unwrap();
    assert_ne!(ready.id, loaded);
    // Its entry point was /bin/false, and the attempt's labels are not for later containers.
    let said = docker(&[
        "run",
        "--rm",
        "--network=none",
        &ready.reference,
        "sh",
        "-c",
        "read x < /tool; echo $x",
    ]);
    assert_eq!(said, "mended\n");
    let label = docker(&[
        "image",
        "inspect",
        "--format",
        "{{index .Config.Labels \"fleet.attempt\"}}",
        &ready.id,
    ]);
    assert_eq!(label, "\n");
    kit.said.clear();
    let again = kit.prepare(&image).unwrap();
    assert_eq!((again.id, again.how), (ready.id.clone(), How::Cached));
    assert!(
        !kit.said.iter().any(|text| text.contains("repair")),
        "{:?}",
        kit.said
    );
    let left = docker(&["ps", "-aq", "--filter", &format!("ancestor={}", ready.id)]);
    assert_eq!(left, "");
    // With nothing to mend, it stays what it is.
    image.repairs[0].probe = "true".to_owned();
    assert_eq!(kit.prepare(&image).unwrap().id, loaded);
}

#[test]
fn a_recipe_that_does_not_help_is_told() {
    let mut kit = Kit::new();
    kit.put("a.tar", Layout::Legacy, &kit.layers(0, 0));
    let mut image = kit.image("a.tar");
    for (script, why) in [
        ("echo no route >&2; exit 3", "no route"),
        ("true", "its probe fails still"),
    ] {
        image.repairs = vec![repair(script)];
        let error = kit.prepare(&image).unwrap_err();
        assert_eq!(error.blame().0, FaultName::RepairFailed);
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(kit.ids().len(), 1);
    }
}

#[test]
fn an_image_that_the_engine_has_is_taken_as_it_is() {
    let mut kit = Kit::new();
    let id = kit.put("a.tar", Layout::Legacy, &kit.layers(0, 0));
    kit.prepare(&kit.image("a.tar")).unwrap();
    let mut image = kit.image("a.tar");
    image.source = Source::Engine(kit.name("loaded"));
    let ready = kit.prepare(&image).unwrap();
    assert_eq!((ready.id, ready.how), (id, How::Local));
    // The one name that Docker cannot even look up is the dataset's fault.
    image.source = Source::Engine("Upper/Case".to_owned());
    assert_eq!(kit.prepare(&image).unwrap_err().fault().class, Class::Dataset);
}
