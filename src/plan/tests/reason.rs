//! Tests of the one answer to "why does it wait?".

use super::scene::{Scene, host};
use crate::domain::fault::{Again, Class};
use crate::domain::hold::{Kind, Subject};
use crate::domain::{Event, JobId, Timestamp};
use crate::plan::reason::{Coordination, Need, Reason, Reasons};
use crate::plan::room::NoRoom;

fn reason(scene: &Scene, job: JobId, by: Coordination) -> Reason {
    let entry = scene.fleet.job(job).unwrap();
    Reasons::new(&scene.fleet, &scene.policy, scene.now, by).job(entry)
}

fn at_work(scene: &Scene, job: JobId) -> Reason {
    reason(scene, job, Coordination::AtWork)
}

fn hold(scene: &mut Scene, subject: &str, kind: Kind, until: Option<Timestamp>) {
    scene.fold(Event::Held {
        subject: subject.parse().unwrap(),
        kind,
        why: "because".to_owned(),
        until,
    });
}

#[test]
fn a_job_that_nothing_keeps_is_the_one_that_is_placed() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let jobs = ["a", "b", "*", "a"].map(|place| scene.job(place, "x", "gpt"));
    hold(&mut scene, "host b", Kind::Paused, None);
    for job in jobs {
        assert_eq!(
            at_work(&scene, job),
            Reason::Next,
            "b is held, and a may take all"
        );
        assert_eq!(reason(&scene, job, Coordination::Nobody), Reason::NoCoordinator);
    }
    let placed = scene.placed();
    assert_eq!(placed.len(), 1);
    for job in jobs.into_iter().filter(|job| *job != placed[0].1) {
        assert_eq!(at_work(&scene, job), Reason::Busy);
    }
}

#[test]
fn an_order_waits_for_its_host_and_a_preference_for_any() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let job = scene.job("b", "x", "gpt");
    scene.cut("b");
    assert_eq!(at_work(&scene, job), Reason::Next);
    scene.policy.pinned = true;
    let down = NoRoom::Down(scene.now, "cut".to_owned());
    let only = Reason::Host {
        host: host("b"),
        why: down.clone(),
        need: Need::Order,
    };
    assert_eq!(at_work(&scene, job), only);
    assert!(scene.placed().is_empty());
    scene.policy.pinned = false;
    hold(&mut scene, "host a", Kind::Paused, None);
    let paused = NoRoom::Held(Kind::Paused, "because".to_owned(), None);
    let none = Reason::Hosts(vec![(host("a"), paused), (host("b"), down)]);
    assert_eq!(at_work(&scene, job), none);
    assert_eq!(
        reason(&scene, job, Coordination::Nobody),
        none,
        "nobody changes that"
    );
}

#[test]
fn what_holds_a_job_comes_before_its_hosts() {
    let mut scene = Scene::hosts(&["a"]);
    let job = scene.job("*", "x", "gpt");
    scene.cut("a");
    hold(&mut scene, "model gpt", Kind::Refused, None);
    let held = at_work(&scene, job);
    assert!(
        matches!(
            &held,
            Reason::Held {
                subject: Subject::Model(_),
                ..
            }
        ),
        "{held:?}"
    );
    assert_eq!(held.needs_resume(), ["model gpt".parse().unwrap()]);
    let until = scene.now.after(crate::domain::Span::seconds(60));
    hold(&mut scene, "model gpt", Kind::Refused, Some(until));
    assert_eq!(at_work(&scene, job).needs_resume(), [], "that ends by itself");
}

#[test]
fn a_provider_that_asked_for_less_is_the_reason_in_its_pause_and_after_it() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let [first, second] = ["x", "y"].map(|instance| scene.job("*", instance, "gpt"));
    scene.decide();
    scene.fail(first, Class::Provider, "rate-limit", Again::Later);
    let paused = at_work(&scene, first);
    assert!(
        matches!(paused, Reason::Provider { until: Some(_), .. }),
        "{paused:?}"
    );
    assert_eq!(paused.needs_resume(), [], "nobody has to resume it");
    scene.later(31);
    // The other one is still running, and there may be one at a time.
    let full = at_work(&scene, first);
    let Reason::Provider {
        until: None, running, ..
    } = full
    else {
        panic!("{full:?}")
    };
    assert_eq!(running, 1);
    assert!(scene.placed().is_empty());
    scene.succeed(second, 10);
    assert_eq!(at_work(&scene, first), Reason::Next);
    assert_eq!(scene.placed().len(), 1);
}

#[test]
fn a_job_that_failed_rests_and_one_with_finished_phases_waits_for_their_host() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let job = scene.job("a", "x", "gpt");
    scene.decide();
    scene.fail(job, Class::Host, "docker-down", Again::Elsewhere);
    assert!(matches!(at_work(&scene, job), Reason::Rests(_)));
    assert!(scene.placed().is_empty());
    scene.later(31);
    assert_eq!(at_work(&scene, job), Reason::Next);
}

#[test]
fn sets_that_the_coordinator_does_not_run_say_so() {
    let mut scene = Scene::hosts(&["a"]);
    let job = scene.job("*", "x", "gpt");
    let configs: Vec<crate::domain::host::HostConfig> = Vec::new();
    let mut other = crate::schedule::Fleet::new(crate::domain::Epoch(3), &configs);
    other.restore(scene.fleet.job(job).unwrap().clone());
    scene.fleet = other;
    assert_eq!(at_work(&scene, job), Reason::OtherSets);
    assert_eq!(
        reason(&scene, job, Coordination::Nobody),
        Reason::Hosts(Vec::new())
    );
}

#[test]
fn a_host_is_told_how_its_last_attempts_went_in_whole_sentences() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let evidence = |scene: &Scene| {
        let lines = crate::plan::explain::host(&scene.fleet, &scene.policy, &host("a"), scene.now);
        lines
            .into_iter()
            .find(|(about, _)| *about == "evidence")
            .unwrap()
            .1
    };
    assert_eq!(
        evidence(&scene),
        "no attempt has ended on it yet; no proof against it"
    );
    let job = scene.job("a", "x", "gpt");
    scene.decide();
    scene.fail(job, Class::Host, "docker-down", Again::Elsewhere);
    assert_eq!(
        evidence(&scene),
        "the last attempt on it failed, perhaps through its fault; no proof against it"
    );
}
