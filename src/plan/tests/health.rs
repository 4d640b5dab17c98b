//! Which hosts are held, and whose results that makes doubtful.

use super::scene::{Scene, host};
use crate::domain::fault::{Again, Class};
use crate::domain::hold::{Kind, Subject};
use crate::domain::verdict::Decision;
use crate::domain::wire::{Facts, Program};
use crate::plan::room::no_room;

/// So many good jobs on each of these hosts.
fn good(scene: &mut Scene, hosts: &[&str], each: usize) {
    for n in 0..each {
        for on in hosts {
            let job = scene.job(on, &format!("good-{on}-{n}"), "gpt");
            scene.decide();
            scene.succeed(job, 1);
        }
    }
}

fn bad(scene: &mut Scene, on: &str, instance: &str) {
    let job = scene.job(on, instance, "gpt");
    scene.decide();
    scene.fail(job, Class::Config, "no-harness", Again::Never);
}

fn kind(scene: &Scene, on: &str) -> Option<Kind> {
    scene.fleet.host_hold(&host(on)).map(|hold| hold.kind)
}

#[test]
fn a_host_on_which_things_fail_that_work_elsewhere_is_quarantined_and_let_go() {
    let mut scene = Scene::hosts(&["a", "b", "c"]);
    scene.policy.pinned = true;
    good(&mut scene, &["a", "b"], 8);
    for instance in ["x", "y"] {
        assert_eq!(kind(&scene, "c"), None);
        bad(&mut scene, "c", instance);
    }
    scene.decide();
    assert_eq!(kind(&scene, "c"), Some(Kind::Quarantined));
    let hold = scene.fleet.host_hold(&host("c")).unwrap();
    assert!(
        hold.why.contains("2 of 2 jobs failed here, 0 of 16 elsewhere"),
        "{}",
        hold.why
    );
    scene.later(601);
    scene.decide();
    assert_eq!(kind(&scene, "c"), None, "the evidence is forgotten");
    for instance in ["u", "v"] {
        bad(&mut scene, "c", instance);
    }
    scene.decide();
    scene.later(601);
    scene.decide();
    assert_eq!(
        kind(&scene, "c"),
        Some(Kind::Quarantined),
        "the second time is longer"
    );
}

#[test]
fn what_fails_everywhere_is_no_hosts_fault() {
    let mut scene = Scene::hosts(&["a", "b", "c"]);
    scene.policy.pinned = true;
    for instance in ["x", "y", "z", "u"] {
        for on in ["a", "b", "c"] {
            bad(&mut scene, on, instance);
        }
    }
    scene.decide();
    assert_eq!(
        [kind(&scene, "a"), kind(&scene, "b"), kind(&scene, "c")],
        [None, None, None]
    );
}

#[test]
fn one_bad_instance_is_no_evidence_against_a_host() {
    let mut scene = Scene::hosts(&["a", "b"]);
    scene.policy.pinned = true;
    good(&mut scene, &["b"], 20);
    for _ in 0..4 {
        bad(&mut scene, "a", "poisoned");
    }
    scene.decide();
    assert_eq!(kind(&scene, "a"), None);
}

#[test]
fn a_host_says_what_is_wrong_with_it_and_when_it_is_well_again() {
    let mut scene = Scene::hosts(&["a"]);
    scene.policy.docker = true;
    let facts = |docker| Facts {
        docker,
        ..Facts::default()
    };
    let down = Program::Missing("no answer".to_owned());
    scene.fleet.note_facts(&host("a"), scene.now, facts(down), 70);
    scene.job("*", "x", "gpt");
    assert_eq!(scene.placed(), []);
    assert_eq!(kind(&scene, "a"), Some(Kind::Ailing));
    scene.later(15);
    let up = Program::Version("20.10".to_owned());
    scene.fleet.note_facts(&host("a"), scene.now, facts(up), 70);
    assert_eq!(scene.placed().len(), 1);
}

#[test]
fn a_host_runs_as_many_jobs_as_it_has_memory_for_their_tests() {
    let mut scene = Scene::slots(&["a", "b"], 4);
    scene.policy.test_memory = Some(8 << 30);
    for (name, gigabytes) in [("a", 32), ("b", 8)] {
        let facts = Facts {
            memory: (gigabytes << 30, gigabytes << 30),
            ..Facts::default()
        };
        scene.fleet.note_facts(&host(name), scene.now, facts, 70);
    }
    for instance in ["x", "y", "z", "w", "v"] {
        scene.job("*", instance, "gpt");
    }
    let on: Vec<String> = scene.placed().into_iter().map(|(host, _)| host).collect();
    assert_eq!(
        on,
        ["a", "a", "a"],
        "a reserve is left, and b has too little for one"
    );
    assert_eq!(kind(&scene, "b"), Some(Kind::Ailing));
    let here = scene.fleet.host(&host("a")).unwrap();
    let why = no_room(&scene.fleet, &scene.policy, &host("a"), here, scene.now).unwrap();
    assert_eq!(
        why.to_string(),
        "its memory is enough for the tests of 3 at a time, and so many run there"
    );
}

#[test]
fn a_bad_host_makes_what_it_did_since_it_was_last_sound_doubtful_but_nothing_that_is_resolved() {
    let mut scene = Scene::hosts(&["a", "b", "c"]);
    scene.policy.pinned = true;
    good(&mut scene, &["a", "b"], 8);
    let mut judged = Vec::new();
    for (instance, decision) in [
        ("before", Decision::Unresolved),
        ("sound", Decision::Resolved),
        ("after", Decision::Unresolved),
    ] {
        let job = scene.job("c", instance, "gpt");
        scene.decide();
        scene.judge(job, decision);
        judged.push(job);
    }
    for instance in ["x", "y", "z", "u", "v"] {
        if kind(&scene, "c").is_none() {
            bad(&mut scene, "c", instance);
            scene.decide();
        }
    }
    assert_eq!(kind(&scene, "c"), Some(Kind::Quarantined));
    let suspect: Vec<bool> = judged
        .iter()
        .map(|id| scene.fleet.job(*id).unwrap().suspect().is_some())
        .collect();
    assert_eq!(suspect, [false, false, true]);
}

#[test]
fn an_image_that_fails_on_two_hosts_is_held_and_no_host_is_blamed() {
    let mut scene = Scene::hosts(&["a", "b", "c"]);
    scene.policy.retry_pause = crate::domain::Span(0);
    let jobs: Vec<_> = ["x", "y", "z"]
        .iter()
        .map(|one| scene.job("*", one, "gpt"))
        .collect();
    for job in &jobs {
        scene.image(*job, "s3://b/poisoned", 7);
    }
    scene.decide();
    for job in &jobs[..2] {
        scene.fail(*job, Class::Image, "image-corrupt", Again::Anywhere);
    }
    scene.decide();
    let image = Subject::Image("s3://b/poisoned".to_owned());
    assert_eq!(scene.fleet.hold(&image).unwrap().kind, Kind::Refused);
    let words: Vec<&str> = jobs
        .iter()
        .map(|job| scene.fleet.job(*job).unwrap().word())
        .collect();
    assert_eq!(words, ["given-up", "given-up", "running"]);
    assert_eq!([kind(&scene, "a"), kind(&scene, "b")], [None, None]);
}

#[test]
fn programs_that_fail_by_themselves_are_no_evidence_against_a_host() {
    let mut scene = Scene::hosts(&["a", "b", "c"]);
    scene.policy.pinned = true;
    good(&mut scene, &["a", "b"], 8);
    for instance in ["x", "y", "z", "u", "v"] {
        let job = scene.job("c", instance, "gpt");
        scene.decide();
        scene.exits_badly(job);
    }
    scene.decide();
    assert_eq!(kind(&scene, "c"), None);
}

#[test]
fn a_host_is_compared_with_what_the_same_model_came_to_elsewhere() {
    let mut scene = Scene::hosts(&["a", "b", "c"]);
    scene.policy.pinned = true;
    good(&mut scene, &["a", "b"], 12);
    let fails = |scene: &mut Scene, on: &str, instance: &str| {
        let job = scene.job(on, instance, "kimi");
        scene.decide();
        scene.fail(job, Class::Harness, "agent-error", Again::Never);
    };
    // One model's harness fails wherever it runs, and most of that runs on one host.
    fails(&mut scene, "a", "elsewhere");
    for instance in ["x", "y", "z", "u", "v"] {
        fails(&mut scene, "c", instance);
    }
    scene.decide();
    assert_eq!(kind(&scene, "c"), None);
    // What works elsewhere with the same model does speak against it.
    for instance in ["p", "q"] {
        bad(&mut scene, "c", instance);
    }
    scene.decide();
    assert_eq!(kind(&scene, "c"), Some(Kind::Quarantined));
}

#[test]
fn a_hosts_clock_undoes_no_persons_word() {
    let mut scene = Scene::hosts(&["a", "b", "c"]);
    scene.policy.pinned = true;
    scene.ahead = crate::domain::Span::seconds(3 * 3600);
    good(&mut scene, &["a", "b"], 8);
    for instance in ["x", "y"] {
        bad(&mut scene, "c", instance);
    }
    scene.decide();
    assert_eq!(kind(&scene, "c"), Some(Kind::Quarantined));
    scene.later(10);
    let_go(&mut scene, "c");
    scene.decide();
    assert_eq!(kind(&scene, "c"), None);
    scene.reload();
    scene.decide();
    assert_eq!(kind(&scene, "c"), None, "evidence from before counts again");
}

/// A person lets this host go.
fn let_go(scene: &mut Scene, on: &str) {
    scene.fold(crate::domain::Event::Released {
        subject: Subject::Host(host(on)),
        why: "its disk was replaced".to_owned(),
        vouched: true,
    });
}

#[test]
fn what_began_on_a_host_before_it_was_let_go_is_no_evidence_against_it() {
    // By its own clock, it ended afterwards or before.
    for ahead in [0, 3 * 3600] {
        let mut scene = Scene::hosts(&["a", "b", "c"]);
        scene.policy.pinned = true;
        scene.ahead = crate::domain::Span::seconds(ahead);
        good(&mut scene, &["a", "b"], 8);
        let before = scene.job("c", "x", "gpt");
        scene.decide();
        scene.later(10);
        let_go(&mut scene, "c");
        scene.later(10);
        scene.fail(before, Class::Config, "no-harness", Again::Never);
        bad(&mut scene, "c", "y");
        scene.decide();
        assert_eq!(kind(&scene, "c"), None, "{ahead}");
        bad(&mut scene, "c", "z");
        scene.decide();
        assert_eq!(kind(&scene, "c"), Some(Kind::Quarantined), "{ahead}");
    }
}

#[test]
fn after_a_clock_that_was_set_back_what_fails_is_evidence_all_the_same() {
    let mut scene = Scene::hosts(&["a", "b", "c"]);
    scene.policy.pinned = true;
    good(&mut scene, &["a", "b"], 8);
    let_go(&mut scene, "c");
    scene.now = scene.now.before(crate::domain::Span::seconds(4 * 3600));
    for instance in ["x", "y"] {
        bad(&mut scene, "c", instance);
    }
    scene.decide();
    assert_eq!(kind(&scene, "c"), Some(Kind::Quarantined));
}

#[test]
fn a_clock_that_is_set_back_makes_no_hold_longer() {
    let mut scene = Scene::hosts(&["a"]);
    let minutes = |n: u64| crate::domain::Span::seconds(60 * n);
    scene.fold(crate::domain::Event::Held {
        subject: Subject::Host(host("a")),
        kind: Kind::Paused,
        why: "lunch".to_owned(),
        until: Some(scene.now.after(minutes(10))),
    });
    scene.now = scene.now.before(minutes(240));
    scene.decide();
    let hold = scene.fleet.host_hold(&host("a")).unwrap();
    assert_eq!(
        (hold.since, hold.until),
        (scene.now, Some(scene.now.after(minutes(10))))
    );
    scene.later(599);
    scene.decide();
    assert_eq!(kind(&scene, "a"), Some(Kind::Paused));
    scene.later(1);
    scene.decide();
    assert_eq!(kind(&scene, "a"), None);
}

#[test]
fn an_ailing_host_is_believed_although_the_clock_was_set_back() {
    let mut scene = Scene::hosts(&["a"]);
    scene.policy.docker = true;
    let facts = |docker| Facts {
        docker,
        ..Facts::default()
    };
    let down = Program::Missing("no answer".to_owned());
    scene.fleet.note_facts(&host("a"), scene.now, facts(down), 70);
    scene.job("*", "x", "gpt");
    scene.decide();
    assert_eq!(kind(&scene, "a"), Some(Kind::Ailing));
    let hours = crate::domain::Span::seconds(4 * 3600);
    scene.now = scene.now.before(hours);
    scene.fleet.set_back(hours);
    scene.decide();
    scene.later(15);
    let up = Program::Version("20.10".to_owned());
    scene.fleet.note_facts(&host("a"), scene.now, facts(up), 70);
    assert_eq!(scene.placed().len(), 1);
}
