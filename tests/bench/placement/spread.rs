//! How long the jobs of the bench take: drawn as the seed's took, and scaled.

use std::collections::BTreeMap;

/// One job.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    /// What it is called.
    pub(crate) instance: String,
    /// How long it takes on a usual host.
    pub(crate) ms: u64,
}

/// So many jobs of a kind, and between how many minutes they take: most of them 10 to 25, some 27 to 35, and a few
/// that take longer than a person would wait.
const KINDS: [(usize, f64, f64); 3] = [(62, 10.0, 25.0), (13, 27.0, 35.0), (4, 45.0, 80.0)];

/// The jobs of phase 8, so many times faster than they were, in an order of chance. Always the same ones.
pub(crate) fn draw(faster: f64) -> Vec<Task> {
    let mut dice = Dice(8);
    let mut minutes: Vec<f64> = KINDS
        .iter()
        .flat_map(|(n, least, most)| std::iter::repeat_n((*least, *most), *n))
        .map(|(least, most)| least + (most - least) * dice.roll())
        .collect();
    for n in (1..minutes.len()).rev() {
        let other = (dice.roll() * (n + 1) as f64) as usize;
        minutes.swap(n, other.min(n));
    }
    let task = |(n, minutes): (usize, f64)| Task {
        instance: format!("task-{n:02}"),
        ms: (minutes * 60_000.0 / faster).round() as u64,
    };
    minutes.into_iter().enumerate().map(task).collect()
}

/// The jobs of each host, as the file deals them: one after the other.
pub(crate) fn deal<'a>(tasks: &'a [Task], hosts: &[&'static str]) -> BTreeMap<&'static str, Vec<&'a Task>> {
    let mut dealt: BTreeMap<&'static str, Vec<&Task>> = BTreeMap::new();
    for (task, host) in tasks.iter().zip(hosts.iter().cycle()) {
        dealt.entry(host).or_default().push(task);
    }
    dealt
}

/// A small generator of the same numbers for everybody (splitmix64).
struct Dice(u64);

impl Dice {
    /// From zero to one.
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}
