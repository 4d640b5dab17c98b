//! What is tried again, where, and how often.

use super::scene::{Scene, host};
use crate::domain::Event;
use crate::domain::event::Past;
use crate::domain::fault::{Again, Class, REFUSED};
use crate::domain::hold::{Kind, Subject};
use crate::plan::HostMessage;

#[test]
fn a_hosts_fault_sends_the_job_elsewhere_and_the_models_does_not() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let job = scene.job("a", "x", "gpt");
    scene.placed();
    scene.fail(job, Class::Host, "docker-down", Again::Elsewhere);
    scene.later(60);
    assert_eq!(scene.placed(), [("b".to_owned(), job)]);
    scene.fail(job, Class::Model, "no-patch", Again::Never);
    scene.later(600);
    assert_eq!(scene.placed(), []);
    assert_eq!(scene.fleet.job(job).unwrap().word(), "failed");
}

#[test]
fn what_leftovers_cause_is_tried_once_more_on_the_host_that_was_cleaned() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let job = scene.job("a", "x", "gpt");
    scene.placed();
    scene.fail(job, Class::Host, "no-space", Again::Cleaned);
    scene.later(60);
    assert_eq!(
        scene.decide().messages,
        [
            HostMessage::Clean { host: host("a") },
            HostMessage::Probe { host: host("a") }
        ]
    );
    scene.fold(Event::Cleaned {
        host: host("a"),
        what: "2 containers".to_owned(),
    });
    assert_eq!(scene.placed(), [("a".to_owned(), job)]);
    scene.fail(job, Class::Host, "no-space", Again::Cleaned);
    scene.later(600);
    // In vain: cleaning is not the way.
    assert_eq!(scene.placed(), [("b".to_owned(), job)]);
}

#[test]
fn a_provider_that_asks_for_a_pause_gets_one_and_no_try_is_used_up() {
    let mut scene = Scene::hosts(&["a", "b", "c"]);
    let throttled = [scene.job("*", "x", "gpt"), scene.job("*", "y", "gpt")];
    scene.placed();
    for job in throttled {
        scene.fail(job, Class::Provider, "rate-limit", Again::Later);
    }
    let other = scene.job("*", "z", "kimi");
    let placed = scene.placed();
    assert_eq!(placed.len(), 1, "another provider's model goes on: {placed:?}");
    assert_eq!(placed[0].1, other);
    for round in 0..5 {
        scene.later(200);
        let placed = scene.placed();
        assert_eq!(placed.len(), 1, "one at a time, round {round}: {placed:?}");
        scene.fail(placed[0].1, Class::Provider, "rate-limit", Again::Later);
    }
    assert_eq!(scene.fleet.job(throttled[0]).unwrap().tries(), 0);
    scene.later(8000);
    let given_up = scene
        .decide()
        .decisions
        .into_iter()
        .filter(|event| matches!(event, Event::GaveUp { .. }))
        .count();
    assert_eq!(given_up, 2, "patience has an end");
}

#[test]
fn what_a_paused_provider_holds_up_hides_nothing_that_could_be_done() {
    let mut scene = Scene::hosts(&["a", "b", "c"]);
    let throttled = scene.job("*", "x", "gpt");
    scene.placed();
    scene.fail(throttled, Class::Provider, "rate-limit", Again::Later);
    // Most of the work waits for the provider, on the host that is the furthest behind.
    for _ in 0..5 {
        scene.job("c", "y", "gpt");
    }
    let others = [(); 3].map(|()| scene.job("a", "z", "kimi"));
    let placed = scene.placed();
    let hosts: Vec<&str> = placed.iter().map(|(host, _)| host.as_str()).collect();
    assert_eq!(hosts, ["a", "b", "c"]);
    assert!(placed.iter().all(|(_, job)| others.contains(job)), "{placed:?}");
}

#[test]
fn a_provider_that_refuses_stops_its_model_and_nothing_else() {
    let mut scene = Scene::hosts(&["a"]);
    let refused = scene.job("*", "x", "kimi");
    let waits = scene.job("*", "y", "kimi");
    let other = scene.job("*", "z", "gpt");
    scene.placed();
    scene.fail(refused, Class::Provider, "model-refused", Again::Mended);
    assert_eq!(scene.placed(), [("a".to_owned(), other)]);
    let kimi = Subject::Model("kimi".parse().unwrap());
    assert_eq!(scene.fleet.hold(&kimi).unwrap().kind, Kind::Refused);
    scene.succeed(other, 1);
    scene.later(10_000);
    assert_eq!(scene.placed(), []);
    scene.fold(Event::Released {
        subject: kimi,
        why: "new key".to_owned(),
        vouched: true,
    });
    let placed = scene.placed();
    assert!(
        placed == [("a".to_owned(), refused)] || placed == [("a".to_owned(), waits)],
        "{placed:?}"
    );
}

/// The model's jobs of these instances, each refused in words that anything may have printed.
fn refuse(scene: &mut Scene, instances: &[&str]) {
    for instance in instances {
        let job = scene.job("*", instance, "kimi");
        while scene.fleet.job(job).unwrap().live().is_none() {
            scene.later(1000);
            assert!(!scene.placed().is_empty(), "{instance}");
        }
        scene.fail(job, Class::Provider, REFUSED.as_str(), Again::Anywhere);
    }
}

#[test]
fn what_one_job_prints_of_a_refusal_stops_no_other_job_and_what_a_second_one_prints_does() {
    let kimi = Subject::Model("kimi".parse().unwrap());
    let hosts = ["a", "b", "c"];
    let mut scene = Scene::hosts(&hosts);
    // Two jobs of one instance run the same tests.
    refuse(&mut scene, &["x", "x"]);
    let works = scene.job("*", "y", "kimi");
    assert!(scene.placed().iter().any(|(_, job)| *job == works));
    assert!(scene.fleet.hold(&kimi).is_none());
    scene.succeed(works, 1);
    // It has worked since: the first word does not count any more.
    refuse(&mut scene, &["z"]);
    scene.decide();
    assert!(scene.fleet.hold(&kimi).is_none());
    refuse(&mut scene, &["w"]);
    scene.decide();
    let hold = scene.fleet.hold(&kimi).unwrap();
    assert_eq!(hold.kind, Kind::Refused);
    assert!(
        hold.why.contains("model-refused") && hold.why.contains("also with z"),
        "{}",
        hold.why
    );
    scene.fold(Event::Released {
        subject: kimi.clone(),
        why: "new key".to_owned(),
        vouched: true,
    });
    refuse(&mut scene, &["v"]);
    scene.decide();
    assert!(scene.fleet.hold(&kimi).is_none(), "one word, once more");
}

#[test]
fn a_job_that_is_opened_again_has_all_its_tries() {
    let mut scene = Scene::hosts(&["a"]);
    scene.policy.lost_retries = 0;
    let job = scene.job("*", "x", "gpt");
    scene.placed();
    scene.fail(job, Class::Host, "docker-down", Again::Elsewhere);
    scene.decide();
    assert_eq!(scene.fleet.job(job).unwrap().word(), "given-up");
    scene.fold(Event::Reopened {
        job,
        why: "mended".to_owned(),
        from: Past::Kept,
    });
    assert_eq!(scene.placed(), [("a".to_owned(), job)]);
    scene.succeed(job, 1);
    assert_eq!(scene.fleet.job(job).unwrap().word(), "succeeded");
}

#[test]
fn tries_that_cost_too_much_are_the_last() {
    let mut scene = Scene::hosts(&["a"]);
    scene.policy.retry_money = Some(0);
    let job = scene.job("*", "x", "gpt");
    scene.placed();
    scene.fail(job, Class::Host, "killed", Again::Elsewhere);
    scene.decide();
    assert_eq!(scene.fleet.job(job).unwrap().word(), "given-up");
}

#[test]
fn a_clock_that_is_set_back_makes_no_pause_longer() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let hours = crate::domain::Span::seconds(4 * 3600);
    let (rests, throttled) = (scene.job("a", "x", "gpt"), scene.job("b", "y", "kimi"));
    scene.placed();
    scene.fail(rests, Class::Host, "docker-down", Again::Elsewhere);
    scene.fail(throttled, Class::Provider, "rate-limit", Again::Later);
    assert_eq!(scene.placed(), []);
    scene.now = scene.now.before(hours);
    scene.fleet.notes_mut().set_back(hours);
    scene.later(60);
    let mut placed: Vec<_> = scene.placed().into_iter().map(|(_, job)| job).collect();
    placed.sort();
    let mut both = [rests, throttled];
    both.sort();
    assert_eq!(placed, both);
    // A provider that never has enough is waited for as long as the policy says, and no longer.
    scene.fail(throttled, Class::Provider, "rate-limit", Again::Later);
    scene.later(7201);
    scene.decide();
    assert_eq!(scene.fleet.job(throttled).unwrap().word(), "given-up");
}
