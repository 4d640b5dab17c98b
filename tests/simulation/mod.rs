//! The promises, checked after every step of thousands of random histories: links drop, replies repeat,
//! hosts reboot, supervisors die, the coordinator dies between any two steps, its database is lost.
//!
//! What is real here: `plan`, `observe`, the fold, the journal's format. What is played: hosts and wires.
//! A failing history prints the one line that repeats it.

mod host;
mod world;

use world::World;

/// `SplitMix64`: enough for choosing faults, and the same everywhere.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }

    /// Once in `n`.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

fn history(seed: u64) {
    let mut world = World::new(seed);
    for _ in 0..400 {
        world.step();
        world.check();
    }
    world.calm();
    for _ in 0..4000 {
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
