//! The promises, checked after every step of thousands of random histories: links drop, replies repeat,
//! hosts reboot, supervisors die, the coordinator dies between any two steps, its database is lost.
//!
//! What is real here: `plan`, `observe`, the fold, the journal's format. What is played: hosts, the very ones that
//! `fleet rehearse` plays, and wires.
//! A failing history prints the one line that repeats it.

mod adopt;
mod checks;
mod coordinator;
mod faults;
mod host;
mod world;

use world::World;

fn history(seed: u64) {
    let mut world = World::new(seed);
    for _ in 0..400 {
        world.step();
        world.check();
    }
    world.calm();
    finish(&mut world);
    // What has failed is tried again; and then all that was done must be found again on the hosts.
    world.retry_all();
    finish(&mut world);
    world.go_back();
    finish(&mut world);
}

fn finish(world: &mut World) {
    for _ in 0..600 * world.size() {
        if world.is_done() {
            break;
        }
        world.step();
        world.check();
    }
    world.check_end();
}

fn seeds(from: u64, count: u64) {
    if let Ok(seed) = std::env::var("FLEET_SEED") {
        history(seed.parse().expect("FLEET_SEED is a number"));
        return;
    }
    for seed in from..from + count {
        if let Err(panic) = std::panic::catch_unwind(|| history(seed)) {
            eprintln!("repeat with: FLEET_SEED={seed} cargo nextest run promises_hold");
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn promises_hold_in_three_thousand_random_histories() {
    seeds(1, 3000);
}
