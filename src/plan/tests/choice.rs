//! Who gets what.

use super::scene::{Scene, host};
use crate::domain::Event;
use crate::domain::fault::{Again, Class};

fn names(placed: Vec<(String, crate::domain::JobId)>) -> Vec<String> {
    placed.into_iter().map(|(host, _)| host).collect()
}

/// Two hosts that have done the same jobs, one of them three times as slowly.
fn fast_and_slow() -> Scene {
    let mut scene = Scene::hosts(&["fast", "slow"]);
    scene.policy.pinned = true;
    for (host, seconds) in [("fast", 100), ("slow", 300)].repeat(6) {
        let job = scene.job(host, "x", "gpt");
        scene.placed();
        scene.succeed(job, seconds);
    }
    scene.policy.pinned = false;
    scene
}

#[test]
fn a_host_takes_what_is_meant_for_it_and_then_what_is_for_anybody() {
    let mut scene = Scene::hosts(&["a", "b"]);
    scene.job("*", "x", "gpt");
    let (mine, theirs) = (scene.job("a", "y", "gpt"), scene.job("b", "z", "gpt"));
    assert_eq!(scene.placed(), [("a".to_owned(), mine), ("b".to_owned(), theirs)]);
}

#[test]
fn an_idle_host_overrules_a_preference_and_obeys_an_order() {
    for pinned in [false, true] {
        let mut scene = Scene::hosts(&["a", "b"]);
        scene.policy.pinned = pinned;
        let first = scene.job("a", "x", "gpt");
        scene.job("a", "y", "gpt");
        let expected: &[&str] = if pinned { &["a"] } else { &["a", "b"] };
        let placed = scene.placed();
        assert_eq!(
            placed[0],
            ("a".to_owned(), first),
            "its own first job is left to it"
        );
        assert_eq!(names(placed), expected);
    }
}

#[test]
fn a_host_that_has_not_been_reached_yet_keeps_what_it_could_begin_at_once() {
    let mut scene = Scene::hosts(&["a"]);
    let late = Scene::hosts(&["a", "late"]);
    scene.fleet = late.fleet;
    scene.cut("late");
    scene.job("late", "x", "gpt");
    assert_eq!(
        names(scene.placed()),
        Vec::<String>::new(),
        "it may be back in a moment"
    );
    scene.later(11);
    assert_eq!(names(scene.placed()), ["a"]);
}

#[test]
fn a_host_that_is_to_be_cleaned_keeps_nothing_from_an_idle_one() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let spoilt = scene.job("a", "x", "gpt");
    scene.placed();
    scene.fail(spoilt, Class::Host, "no-space", Again::Cleaned);
    let second = scene.job("a", "y", "gpt");
    assert_eq!(scene.placed(), [("b".to_owned(), second)]);
}

#[test]
fn an_idle_host_looks_beyond_the_one_that_is_the_furthest_behind() {
    let mut scene = Scene::hosts(&["a", "b", "c"]);
    scene.cut("c");
    let known = scene.job("a", "long", "gpt");
    scene.placed();
    scene.succeed(known, 1000);
    for name in ["a", "b"] {
        scene.job(name, "x", "gpt");
    }
    scene.placed();
    let spoken_for = scene.job("a", "long", "gpt");
    let free = scene.job("b", "y", "gpt");
    scene.fleet.reserve_next(&host("b"), spoken_for);
    scene.fold(Event::LinkUp {
        host: host("c"),
        boot: String::new(),
    });
    assert_eq!(scene.placed(), [("c".to_owned(), free)]);
}

#[test]
fn the_longest_goes_first_once_it_is_known_which_is_long() {
    let mut scene = Scene::hosts(&["a"]);
    for (instance, seconds) in [("short", 60), ("long", 6000)] {
        let job = scene.job("*", instance, "gpt");
        scene.placed();
        scene.succeed(job, seconds);
    }
    scene.job("*", "short", "gpt");
    let long = scene.job("*", "long", "gpt");
    assert_eq!(scene.placed(), [("a".to_owned(), long)]);
}

#[test]
fn a_slow_host_leaves_to_others_what_they_would_have_done_sooner() {
    let mut scene = fast_and_slow();
    let slow = |scene: &Scene| scene.fleet.host(&super::scene::host("slow")).unwrap().slowness();
    let fast = |scene: &Scene| scene.fleet.host(&super::scene::host("fast")).unwrap().slowness();
    assert!(
        slow(&scene) > 1.2 * fast(&scene),
        "{} {}",
        slow(&scene),
        fast(&scene)
    );
    scene.job("*", "x", "gpt");
    scene.job("*", "x", "gpt");
    assert_eq!(
        names(scene.placed()),
        ["fast"],
        "it will have done the other one, too, before the slow one"
    );
    for _ in 0..3 {
        scene.job("*", "x", "gpt");
    }
    assert_eq!(names(scene.placed()), ["slow"], "there is too much of it for one");
}

#[test]
fn a_slow_host_does_not_wait_for_faster_ones_that_have_enough_of_their_own() {
    let mut scene = fast_and_slow();
    for _ in 0..6 {
        scene.job("fast", "x", "gpt");
    }
    let own = scene.job("slow", "x", "gpt");
    let placed = scene.placed();
    assert_eq!(placed.len(), 2);
    assert_eq!(placed[1], ("slow".to_owned(), own));
}

#[test]
fn what_a_slow_host_leaves_to_others_they_take_even_if_it_was_meant_for_the_slow_one() {
    let mut scene = fast_and_slow();
    let last = scene.job("slow", "x", "gpt");
    assert_eq!(scene.placed(), [("fast".to_owned(), last)]);
}

#[test]
fn what_a_busy_host_would_begin_too_late_goes_to_an_idle_one_first() {
    let mut scene = Scene::hosts(&["a", "b"]);
    for (instance, seconds) in [("long", 1000), ("short", 100)] {
        let job = scene.job("*", instance, "gpt");
        let on = scene.placed()[0].0.clone();
        assert_eq!(on, "a");
        scene.succeed(job, seconds);
    }
    let first = scene.job("a", "long", "gpt");
    let second = scene.job("a", "long", "kimi");
    for _ in 0..4 {
        scene.job("b", "short", "gpt");
    }
    // b has enough of its own, but a would begin its second long one when all else is over.
    assert_eq!(
        scene.placed(),
        [("a".to_owned(), first), ("b".to_owned(), second)]
    );
}
