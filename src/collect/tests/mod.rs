//! Tests of bringing results home, with the real rsync on this machine.

mod world;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{CollectError, Options, bring_home, place, tree};
use crate::domain::journal::Outcome;
use crate::domain::{Span, layout};
use world::World;

#[tokio::test]
async fn results_come_home_as_the_host_wrote_them() {
    let world = World::new();
    let strange = "out/a b/$(id) \u{1b}[31m\nü.txt";
    let long = format!("out/{}", "x".repeat(255));
    let one = [
        ("out/output.jsonl", "{}\n"),
        ("log/image.log", ""),
        (strange, "s"),
        (&long, "l"),
    ];
    let wanted = [
        world.capsule("a", 1, &one),
        world.capsule("b", 2, &[("out/x", "y")]),
    ];
    let answers = world.bring(&wanted).await;
    for (want, answer) in wanted.iter().zip(&answers) {
        let brought = answer.as_ref().unwrap();
        assert!(brought.fresh && brought.result.verified);
        assert_eq!(brought.result.phases[0].took, Span(1500));
        let there = layout::capsule(&world.host(), want.attempt);
        let mut here = tree::files(&want.home).unwrap();
        assert!(here.remove(Path::new("result.json")).is_some());
        assert_eq!(here, tree::files(&there).unwrap());
        for file in here.keys() {
            assert_eq!(
                fs::read(want.home.join(file)).unwrap(),
                fs::read(there.join(file)).unwrap()
            );
        }
    }
}

#[tokio::test]
async fn repeating_it_moves_nothing_and_needs_no_host() {
    let world = World::new();
    let want = world.capsule("a", 1, &[("out/x", "y")]);
    let first = world.bring_one(&want).await.unwrap();
    fs::remove_dir_all(world.host()).unwrap();
    let second = world.bring_one(&want).await.unwrap();
    assert!(!second.fresh);
    assert_eq!(first.result, second.result);
}

#[tokio::test]
async fn a_file_changed_at_home_is_found_and_mended() {
    let world = World::new();
    let want = world.capsule("a", 1, &[("out/x", "good")]);
    world.bring_one(&want).await.unwrap();
    fs::write(want.home.join("out/x"), "evil").unwrap();
    let options = Options {
        rehash: true,
        ..Options::default()
    };
    let again = world
        .bring_with(std::slice::from_ref(&want), options)
        .await
        .remove(0);
    assert!(again.unwrap().fresh);
    assert_eq!(fs::read_to_string(want.home.join("out/x")).unwrap(), "good");
}

#[tokio::test]
async fn a_manifest_that_differs_from_its_seal_brings_nothing_home() {
    let world = World::new();
    let want = world.capsule("a", 1, &[("out/x", "y")]);
    let path = layout::capsule(&world.host(), want.attempt).join(layout::MANIFEST);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text + "\n").unwrap();
    assert_eq!(
        world.bring_one(&want).await,
        Err(CollectError::Manifest("its sha256 differs".to_owned()))
    );
    assert!(!want.home.exists());
}

#[tokio::test]
async fn a_file_that_differs_from_its_manifest_is_named_and_harms_no_other_job() {
    let world = World::new();
    let wanted = [
        world.capsule("a", 1, &[("out/x", "good")]),
        world.capsule("b", 1, &[("out/x", "good")]),
        world.capsule("c", 1, &[("out/x", "good")]),
    ];
    let file = |i: usize| layout::capsule(&world.host(), wanted[i].attempt).join("out/x");
    fs::write(file(0), "evil").unwrap();
    fs::remove_file(file(1)).unwrap();
    let answers = world.bring(&wanted).await;
    assert_eq!(answers[0], Err(CollectError::Corrupt("out/x".to_owned())));
    assert!(matches!(&answers[1], Err(CollectError::Partial(said)) if said.starts_with("out/x: ")));
    assert!(answers[2].is_ok());
    assert!(!wanted[0].home.exists() && !wanted[1].home.exists());
}

#[tokio::test]
async fn a_path_that_leaves_the_tree_is_refused() {
    let world = World::new();
    for path in ["../../evil", "/etc/passwd", "out/../../x", "spec.json"] {
        let want = world.capsule_naming("a", 1, &[("out/x", "y")], |manifest| {
            path.clone_into(&mut manifest.files[0].path);
        });
        assert!(matches!(
            world.bring_one(&want).await,
            Err(CollectError::Manifest(why)) if why.contains("safe path")
        ));
        assert!(!want.home.exists());
    }
}

#[tokio::test]
async fn a_link_on_the_host_is_not_brought_home() {
    let world = World::new();
    let want = world.capsule("a", 1, &[("out/x", "y")]);
    let file = layout::capsule(&world.host(), want.attempt).join("out/x");
    fs::remove_file(&file).unwrap();
    symlink("/etc/hostname", &file).unwrap();
    assert!(world.bring_one(&want).await.is_err());
    assert!(!want.home.exists());
}

#[tokio::test]
async fn a_link_at_home_is_not_followed() {
    for planted in [
        "phase8",
        "phase8/a",
        "phase8/a/gpt/run1",
        ".incoming",
        ".incoming/eval1",
        ".incoming/eval1/jobs",
    ] {
        let world = World::new();
        let want = world.capsule("a", 1, &[("out/x", "y")]);
        let outside = tempfile::tempdir().unwrap();
        let link = world.results().join(planted);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(outside.path(), &link).unwrap();
        let answer = world.bring_one(&want).await;
        assert!(
            matches!(answer, Err(CollectError::Symlink(_))),
            "{planted}: {answer:?}"
        );
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0, "{planted}");
    }
}

#[tokio::test]
async fn an_interrupted_fetch_goes_on_and_its_leftovers_do_not_come_home() {
    let world = World::new();
    let text = "0123456789".repeat(10_000);
    let want = world.capsule("a", 1, &[("out/big", &text), ("out/small", "s")]);
    let staged = world
        .results()
        .join(".incoming/eval1")
        .join(layout::capsule_below_root(want.attempt));
    fs::create_dir_all(staged.join("out")).unwrap();
    fs::write(staged.join("out/big"), &text[..5000]).unwrap();
    fs::write(staged.join("out/.big.Xy12"), "torn").unwrap();
    fs::write(staged.join(layout::JOURNAL), "{\"at\":").unwrap();
    world.bring_one(&want).await.unwrap();
    assert_eq!(fs::read_to_string(want.home.join("out/big")).unwrap(), text);
    assert!(!want.home.join("out/.big.Xy12").exists());
}

#[tokio::test]
async fn an_older_attempt_gives_way_to_the_one_that_counts() {
    let world = World::new();
    let old = world.capsule("a", 1, &[("out/old", "1")]);
    world.bring_one(&old).await.unwrap();
    let new = world.capsule("a", 2, &[("out/new", "2")]);
    assert!(world.bring_one(&new).await.unwrap().fresh);
    assert!(new.home.join("out/new").exists() && !new.home.join("out/old").exists());
    assert_eq!(fs::read_dir(new.home.parent().unwrap()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_replacement_that_was_cut_short_loses_nothing() {
    let world = World::new();
    let want = world.capsule("a", 1, &[("out/x", "y")]);
    world.bring_one(&want).await.unwrap();
    fs::rename(&want.home, place::aside(&want.home)).unwrap();
    fs::remove_dir_all(world.host()).unwrap();
    assert!(!world.bring_one(&want).await.unwrap().fresh);
    assert!(want.home.join("out/x").exists());
}

#[tokio::test]
async fn what_is_not_ours_is_left_as_it_is() {
    let world = World::new();
    let want = world.capsule("a", 1, &[("out/x", "y")]);
    fs::create_dir_all(&want.home).unwrap();
    fs::write(want.home.join("notes"), "mine").unwrap();
    assert!(matches!(
        world.bring_one(&want).await,
        Err(CollectError::Occupied(_))
    ));
    assert!(want.home.join("notes").exists());
}

#[tokio::test]
async fn of_a_lost_attempt_the_logs_come_home_without_a_guarantee() {
    let world = World::new();
    let lost = Outcome::Lost {
        proof: "rebooted".to_owned(),
    };
    let mut wanted = [
        world.capsule("a", 1, &[("log/image.log", "half"), ("out/x", "y")]),
        world.capsule("b", 1, &[]),
    ];
    for want in &mut wanted {
        want.seal = None;
        want.outcome = lost.clone();
    }
    world.journal(wanted[0].attempt, None);
    fs::remove_dir_all(layout::capsule(&world.host(), wanted[1].attempt)).unwrap();
    let answers = world.bring(&wanted).await;
    let brought = answers[0].as_ref().unwrap();
    assert!(!brought.result.verified);
    assert_eq!((brought.result.files, &brought.result.outcome), (1, &lost));
    assert_eq!(
        fs::read_to_string(wanted[0].home.join("log/image.log")).unwrap(),
        "half"
    );
    assert!(!wanted[0].home.join("out").exists());
    assert_eq!(answers[1].as_ref().unwrap().result.files, 0);
    assert!(!world.bring_one(&wanted[0]).await.unwrap().fresh);
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_the_error_of_each_job() {
    let world = World::new();
    let want = world.capsule("a", 1, &[("out/x", "y")]);
    let answer = |rsh: &'static str| {
        let mut origin = world.origin();
        origin.base = "host:.fleet".to_owned();
        origin.rsh = Some(rsh.to_owned());
        let (want, results) = (want.clone(), world.results());
        async move {
            let mut answers = bring_home(&origin, vec![want], &results, Options::default()).await;
            answers.remove(0).1.unwrap_err()
        }
    };
    let refused = answer("sh -c 'echo Connection refused >&2; exit 255'").await;
    assert_eq!(
        refused,
        CollectError::Unreachable("Connection refused".to_owned())
    );
    let bare = answer("sh -c 'echo rsync: command not found >&2; exit 127'").await;
    assert!(matches!(bare, CollectError::NoRsyncThere(_)), "{bare:?}");
}
