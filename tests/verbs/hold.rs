//! `fleet pause`, `fleet resume` and `fleet drain`: what is held starts nothing new, what runs goes on, and all of it can
//! be said twice.

use crate::support::{GO, World, wait};

const FILE: &str = "assignments/phase8.json";

fn held(world: &World) -> Vec<String> {
    let status = world.status();
    let held = status["held"].as_array().unwrap().iter();
    held.map(|line| {
        format!(
            "{} {}",
            line["subject"].as_str().unwrap(),
            line["kind"].as_str().unwrap()
        )
    })
    .collect()
}

#[test]
fn a_paused_model_waits_until_it_is_resumed_and_others_do_not() {
    let world = World::local(1).script("echo \"$FLEET_INSTANCE\" >> \"$LEDGER\"");
    world.assign("phase8", &[("*", "a", "gpt"), ("*", "b", "kimi")]);
    world.fleet(&["check", FILE]).ok();
    // Nothing has been dispatched from here yet: there is nothing to tell it of.
    world.fleet(&["pause", "model", "kimi"]).code(2);
    world.fleet(&["dispatch", "--check", FILE]).ok();
    let world = world;
    world.assign("first", &[("*", "z", "gpt")]);
    world.fleet(&["dispatch", "assignments/first.json"]).ok();
    world
        .fleet(&["pause", "model", "kimi", "--because", "new prices"])
        .ok()
        .prints("model kimi paused");
    world.fleet(&["pause", "model", "kimi"]).ok().says("held already");
    world
        .fleet(&["dispatch", FILE])
        .code(3)
        .says("model kimi (1 job waits for it): paused: new prices")
        .says("fleet resume model kimi");
    assert_eq!(world.ledger(), ["a", "z"]);
    assert_eq!(held(&world), ["model kimi paused"]);
    world
        .fleet(&["explain", "phase8/b/kimi"])
        .ok()
        .prints("model kimi is paused: new prices");
    world
        .fleet(&["resume", "--all"])
        .ok()
        .prints("model kimi may go on");
    world.fleet(&["resume", "--all"]).ok().says("not held");
    world.fleet(&["dispatch", FILE]).ok();
    assert_eq!(world.ledger(), ["a", "b", "z"]);
}

#[test]
fn a_drained_host_ends_what_it_has_begun_and_the_others_do_the_rest() {
    let world = World::local(2).script(&format!(
        "echo \"$FLEET_INSTANCE $FLEET_HOST\" >> \"$LEDGER\"; case $FLEET_INSTANCE in first*) {GO};; esac"
    ));
    world.assign(
        "phase8",
        &[
            ("eval1", "first-1", "gpt"),
            ("eval2", "first-2", "gpt"),
            ("eval1", "later-1", "gpt"),
            ("eval1", "later-2", "gpt"),
        ],
    );
    let mut dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(2);
    world
        .fleet(&["drain", "eval1"])
        .ok()
        .prints("host eval1 draining");
    world.fleet(&["drain", "eval1"]).ok().says("drained already");
    world.go();
    world
        .fleet(&["drain", "eval1", "--wait"])
        .ok()
        .says("nothing runs there any more");
    assert!(dispatch.wait().unwrap().success());
    assert_eq!(
        world.ledger(),
        ["first-1 eval1", "first-2 eval2", "later-1 eval2", "later-2 eval2"]
    );
    world.fleet(&["explain", "eval1"]).ok().prints("draining");
}

#[test]
fn a_pause_for_a_while_ends_by_itself() {
    let world = World::local(1).script("true");
    world.assign("first", &[("*", "z", "gpt")]);
    world.fleet(&["dispatch", "assignments/first.json"]).ok();
    world.jobs("phase8", 1, 0);
    world.fleet(&["pause", "set", "first", "--for", "1h"]).ok();
    world.fleet(&["pause", "host", "eval1", "--for", "50ms"]).ok();
    // Whether it has ended already or not: no person has to end it.
    world.fleet(&["dispatch", FILE]).ok();
    wait::until("only the long one is left", || {
        (held(&world) == ["set first paused"]).then_some(())
    });
}

#[test]
fn what_nobody_knows_cannot_be_held() {
    let world = World::local(1).script("true");
    world.jobs("phase8", 1, 0);
    world.fleet(&["dispatch", FILE]).ok();
    world
        .fleet(&["pause", "host", "eval7", "eval8"])
        .code(2)
        .says("no host is called `eval7`")
        .says("no host is called `eval8`");
    world
        .fleet(&["pause", "model", "claud"])
        .code(2)
        .says("no model is called `claud`");
    world.fleet(&["drain", "../x"]).code(2);
    world.fleet(&["pause", "host", "eval1", "--for", "soon"]).code(2);
    assert_eq!(held(&world), Vec::<String>::new());
}
