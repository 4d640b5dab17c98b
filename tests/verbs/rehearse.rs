//! `fleet rehearse`: many plays of an assignment; nothing happens.

#![expect(clippy::float_cmp, reason = "these are whole numbers")]

use crate::support::World;

const FILE: &str = "assignments/phase8.json";

fn world() -> World {
    let world = World::local(3).script("true");
    world.assign(
        "phase8",
        &(0..24)
            .map(|n| {
                (
                    ["eval1", "eval2", "eval3", "*"][n % 4],
                    NAMES[n],
                    ["gpt", "kimi"][n / 4 % 2],
                )
            })
            .collect::<Vec<_>>(),
    );
    world
}

const NAMES: [&str; 24] = [
    "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u",
    "v", "w", "x",
];

#[test]
fn the_same_seed_gives_the_same_plays_and_another_seed_others() {
    let world = world();
    let play = |seed: &str| {
        let faults = ["--faults", "host 0.5/h, link 1/h, lost 5%"];
        let args = [&["rehearse", "--json", "--seed", seed], &faults[..], &[FILE]].concat();
        world.fleet(&args).ok().json()["rehearsal"].clone()
    };
    let first = play("7");
    assert_eq!(first, play("7"));
    assert_ne!(first, play("8"));
    assert_eq!(first["runs"], 20);
    assert!(first["finish_s"]["p50"].as_f64() <= first["finish_s"]["p90"].as_f64());
    assert!(!world.path("state").exists(), "rehearsing leaves no trace");
    assert!(!world.path("hosts").exists(), "no host was asked");
}

#[test]
fn faults_cost_what_they_cost_and_the_books_stay_closed() {
    let world = world();
    let play = |faults: &str| {
        let json = world
            .fleet(&["rehearse", "--json", "--runs", "40", "--faults", faults, FILE])
            .ok()
            .json();
        json["rehearsal"].clone()
    };
    let figure = |play: &serde_json::Value, name: &str| play[name]["p50"].as_f64().unwrap();
    let calm = play("lost 0%");
    assert_eq!(figure(&calm, "retries"), 0.0);
    let lost = play("lost 30%");
    assert!(figure(&lost, "retries") >= 3.0, "{lost}");
    assert!(figure(&lost, "finish_s") > figure(&calm, "finish_s"));
    let broken = play("job 100%");
    assert_eq!(figure(&broken, "failed"), 24.0);
    let hopeless = play("lost 100%");
    assert_eq!(
        (figure(&hopeless, "given_up"), figure(&hopeless, "left")),
        (24.0, 0.0)
    );
    let gone = play("gone 60/h");
    assert!(figure(&gone, "left") > 0.0, "{gone}");
    // Cut links harm no job: it goes on, and is found again.
    let cut = play("link 20/h");
    assert_eq!((figure(&cut, "retries"), figure(&cut, "left")), (0.0, 0.0));
}

#[test]
fn a_provider_that_refuses_costs_the_jobs_of_its_model_and_no_others() {
    let world = world();
    let args = ["rehearse", "--json", "--what-if", "kimi refuses", FILE];
    let json = world.fleet(&args).ok().json();
    let (before, after) = (&json["rehearsal"], &json["changed"]);
    assert_eq!(before["failed"]["p90"], 0.0);
    let lost = after["failed"]["p50"].as_f64().unwrap() + after["left"]["p50"].as_f64().unwrap();
    assert_eq!(lost, 12.0, "{after}");
    world
        .fleet(&["rehearse", "--what-if", "kimi refuses", FILE])
        .ok()
        .prints("finish")
        .prints("changed")
        .prints("eval3")
        .says("nothing goes wrong by itself; --faults says what may");
}

#[test]
fn rates_and_changes_that_are_not_understood_are_told_all_at_once() {
    let world = world();
    world
        .fleet(&[
            "rehearse",
            "--faults",
            "hots 1/h, lost 5, lost 1%",
            "--what-if",
            "nobody dies",
            "assignments/no.json",
        ])
        .code(2)
        .says("column 1: nothing that goes wrong is called `hots`; did you mean `host`?")
        .says("column 11: `5` is not a rate of `lost`; write a part of all attempts, from 0% to 100%")
        .says("no host is called `nobody`")
        .says("cannot read assignments/no.json");
    for args in [&["--runs", "0"][..], &["--runs", "many"], &["--seed", "-1"]] {
        world.fleet(&[&["rehearse"], args, &[FILE]].concat()).code(2);
    }
}
