//! Images: nearness, fetching ahead, removal by next use.

use super::scene::{Scene, host};
use crate::domain::Event;
use crate::domain::event::Stock;
use crate::domain::hold::{Kind, Subject};
use crate::domain::wire::{DataRoot, Facts};
use crate::plan::HostMessage;

fn has(scene: &mut Scene, on: &str, sources: &[&str]) {
    let stock = |source: &&str| Stock {
        source: (*source).to_owned(),
        bytes: 100,
        layers: vec![("base".to_owned(), 90), (format!("own-{source}"), 10)],
        runtime: None,
    };
    scene.fold(Event::Stocked {
        host: host(on),
        came: sources.iter().map(stock).collect(),
        went: Vec::new(),
    });
}

#[test]
fn of_jobs_that_are_as_urgent_the_one_whose_image_is_here_goes_first() {
    let mut scene = Scene::hosts(&["a"]);
    let (far, near) = (scene.job("*", "x", "gpt"), scene.job("*", "y", "gpt"));
    scene.image(far, "far", 1000);
    scene.image(near, "near", 1000);
    has(&mut scene, "a", &["near"]);
    assert_eq!(scene.placed(), [("a".to_owned(), near)]);
}

#[test]
fn only_missing_layers_count() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let job = scene.job("*", "x", "gpt");
    scene.image(job, "one", 5000);
    has(&mut scene, "a", &["one"]);
    has(&mut scene, "b", &["two"]);
    let need = scene.fleet.image(job).unwrap().clone();
    let missing = |on: &str| scene.fleet.missing(scene.fleet.host(&host(on)).unwrap(), &need);
    assert_eq!((missing("a"), missing("b")), (0, 10));
}

#[test]
fn the_next_image_is_fetched_while_the_present_job_works_and_not_before_it_has_its_own() {
    let mut scene = Scene::hosts(&["a"]);
    let image = "image".parse().unwrap();
    scene.policy.image_phases.insert("swe".parse().unwrap(), image);
    let (first, second) = (scene.job("*", "x", "gpt"), scene.job("*", "y", "gpt"));
    scene.image(first, "one", 1000);
    scene.image(second, "two", 1000);
    assert_eq!(scene.placed(), [("a".to_owned(), first)]);
    scene.begin(first, "image");
    assert_eq!(scene.decide().messages, []);
    scene.begin(first, "trajectory");
    let ahead = HostMessage::Prefetch {
        host: host("a"),
        job: second,
    };
    assert_eq!(scene.decide().messages, [ahead]);
    assert_eq!(scene.fleet.host(&host("a")).unwrap().fetching, Some("two"));
    assert_eq!(scene.decide().messages, [], "once is enough");
    scene.policy.prefetch = false;
    scene.fleet.notes_mut().record_fetch(&host("a"), scene.now, false);
    assert_eq!(scene.decide().messages, []);
}

/// One host works, and the image of the next job has come to it; another host has been away.
fn fetched_ahead() -> (Scene, crate::domain::JobId) {
    let mut scene = Scene::hosts(&["a", "b"]);
    scene.cut("b");
    let (first, second) = (scene.job("*", "x", "gpt"), scene.job("*", "y", "gpt"));
    scene.image(first, "one", 1000);
    scene.image(second, "two", 1000);
    scene.later(20);
    assert_eq!(scene.placed(), [("a".to_owned(), first)]);
    scene.begin(first, "trajectory");
    scene.decide();
    assert_eq!(scene.fleet.host(&host("a")).unwrap().next, Some(second));
    (scene, second)
}

fn pause(scene: &mut Scene, subject: Subject) {
    scene.fold(Event::Held {
        subject,
        kind: Kind::Paused,
        why: "somebody said so".to_owned(),
        until: None,
    });
}

#[test]
fn what_was_meant_for_a_host_that_is_held_is_for_everybody() {
    for held in [false, true] {
        let (mut scene, second) = fetched_ahead();
        if held {
            pause(&mut scene, Subject::Host(host("a")));
        }
        scene.fold(Event::LinkUp {
            host: host("b"),
            boot: String::new(),
        });
        let placed = scene.placed();
        let expected = [("b".to_owned(), second)];
        assert_eq!(placed, if held { &expected[..] } else { &[] });
    }
}

#[test]
fn a_job_that_was_fetched_for_and_is_held_since_does_not_start() {
    let (mut scene, second) = fetched_ahead();
    pause(&mut scene, Subject::Model("gpt".parse().unwrap()));
    let running = scene
        .fleet
        .host(&host("a"))
        .unwrap()
        .live
        .first()
        .copied()
        .unwrap();
    scene.succeed(running.job, 60);
    assert_eq!(scene.placed(), []);
    assert!(scene.fleet.waiting(second).is_some());
}

/// What the harness has built on top of an image of so many bytes; the tags tell its base, or they do not.
fn has_runtime(scene: &mut Scene, on: &str, source: &str, base: &str, below: &str) {
    let mut layers = vec![("base".to_owned(), 90), (format!("own-{below}"), 10)];
    layers.push((format!("built-{source}"), 5000));
    scene.fold(Event::Stocked {
        host: host(on),
        came: vec![Stock {
            source: source.to_owned(),
            bytes: 5100,
            layers,
            runtime: Some(base.to_owned()),
        }],
        went: Vec::new(),
    });
}

/// A host whose engine's disk has so many hundredths free.
fn has_free(scene: &mut Scene, free: u64) {
    let facts = Facts {
        data_root: Some(DataRoot {
            path: "/var/lib/docker".to_owned(),
            bytes: (100, free),
            inodes: (100, 90),
        }),
        ..Facts::default()
    };
    scene
        .fleet
        .notes_mut()
        .record_health(&host("a"), scene.now, facts, 70);
}

/// What leaves a host with so little free, one after the other, until nothing more may.
fn evicted(scene: &mut Scene, free: u64) -> Vec<String> {
    let mut gone = Vec::new();
    loop {
        has_free(scene, free);
        let evicts = |message| match message {
            HostMessage::Evict { image, .. } => Some(image),
            _ => None,
        };
        let Some(image) = scene.decide().messages.into_iter().find_map(evicts) else {
            return gone;
        };
        scene
            .fleet
            .notes_mut()
            .record_eviction(&host("a"), scene.now, &image);
        scene.fold(Event::Stocked {
            host: host("a"),
            came: Vec::new(),
            went: vec![image.clone()],
        });
        gone.push(image);
    }
}

#[test]
fn runtime_images_that_no_job_needs_go_first_and_that_of_a_running_job_never() {
    let mut scene = Scene::hosts(&["a"]);
    let (runs, waits) = (scene.job("a", "x", "gpt"), scene.job("a", "y", "gpt"));
    scene.image(runs, "runs", 1000);
    scene.image(waits, "waits", 1000);
    has(&mut scene, "a", &["runs", "waits", "idle"]);
    has_runtime(&mut scene, "a", "rt-runs", "runs_t_latest", "runs");
    has_runtime(&mut scene, "a", "rt-waits", "waits_t_latest", "waits");
    has_runtime(&mut scene, "a", "rt-idle", "idle_t_latest", "idle");
    has_runtime(&mut scene, "a", "rt-nobody", "another_t_latest", "x");
    scene.placed();
    let gone = evicted(&mut scene, 5);
    // Of those that no job needs the harness's first; a runtime image goes before the base that it lies on.
    assert_eq!(gone[2..], ["idle", "rt-waits", "waits"]);
    assert!(
        gone[..2]
            .iter()
            .all(|image| image == "rt-idle" || image == "rt-nobody")
    );
}

#[test]
fn while_a_job_runs_whose_image_nobody_knows_no_runtime_image_goes() {
    let mut scene = Scene::hosts(&["a"]);
    scene.job("a", "x", "gpt");
    has(&mut scene, "a", &["idle"]);
    has_runtime(&mut scene, "a", "rt-idle", "idle_t_latest", "idle");
    scene.placed();
    assert_eq!(evicted(&mut scene, 5), ["idle"]);
}

#[test]
fn a_runtime_image_whose_tags_tell_no_base_is_known_by_its_layers() {
    let mut scene = Scene::hosts(&["a"]);
    let (runs, next) = (scene.job("a", "x", "gpt"), scene.job("a", "y", "gpt"));
    scene.image(runs, "runs", 1000);
    scene.image(next, "next", 1000);
    has(&mut scene, "a", &["runs", "next", "idle"]);
    has_runtime(&mut scene, "a", "rt-runs", "", "runs");
    has_runtime(&mut scene, "a", "rt-next", "", "next");
    has_runtime(&mut scene, "a", "rt-idle", "", "idle");
    scene.placed();
    // It is meant for the host, and its image is here.
    scene.begin(runs, "trajectory");
    scene.decide();
    assert_eq!(scene.fleet.host(&host("a")).unwrap().next, Some(next));
    assert_eq!(evicted(&mut scene, 5), ["rt-idle", "idle"]);
}

#[test]
fn above_the_high_mark_what_no_job_needs_goes_first_and_what_runs_never() {
    let mut scene = Scene::hosts(&["a"]);
    let (runs, waits) = (scene.job("a", "x", "gpt"), scene.job("a", "y", "gpt"));
    scene.image(runs, "runs", 1000);
    scene.image(waits, "waits", 1000);
    has(&mut scene, "a", &["runs", "waits", "idle"]);
    scene.placed();
    let mut gone = Vec::new();
    for free in [10, 20, 25, 50] {
        has_free(&mut scene, free);
        for message in scene.decide().messages {
            if let HostMessage::Evict { host: on, image } = message {
                scene.fleet.notes_mut().record_eviction(&on, scene.now, &image);
                scene.fold(Event::Stocked {
                    host: on,
                    came: Vec::new(),
                    went: vec![image.clone()],
                });
                gone.push(image);
            }
        }
    }
    assert_eq!(
        gone,
        ["idle", "waits"],
        "down to the low mark, and never what runs"
    );
}
