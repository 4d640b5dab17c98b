//! Chance that can be repeated: the same seed throws the same dice on every machine.

/// `SplitMix64`: enough for choosing faults and lengths of time.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice of this seed.
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; none is below zero, so that is taken for one.
    pub fn below(&mut self, n: usize) -> usize {
        // What is left of a division is below `n`.
        usize::try_from(self.next() % n.max(1) as u64).unwrap_or(0)
    }

    /// Once in `n`.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// Between 0 and 1, never 0.
    pub fn share(&mut self) -> f64 {
        let high = u32::try_from(self.next() >> 32).unwrap_or(0);
        (f64::from(high) + 0.5) / 4_294_967_296.0
    }

    /// Does what has this chance happen?
    pub fn happens(&mut self, chance: f64) -> bool {
        chance > 0.0 && self.share() < chance
    }

    /// Of the normal distribution around 0 (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let (radius, turn) = (self.share(), self.share());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * turn).cos()
    }

    /// How long until something happens that happens `rate` times in a unit of time, on average.
    pub fn wait(&mut self, rate: f64) -> f64 {
        -self.share().ln() / rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dice_are_fair_and_the_same_everywhere() {
        let mut dice = Dice::new(7);
        let throws: Vec<usize> = (0..5).map(|_| dice.below(100)).collect();
        let mut again = Dice::new(7);
        assert_eq!(throws, (0..5).map(|_| again.below(100)).collect::<Vec<_>>());
        let many = 20_000;
        let mean =
            |mut throw: Box<dyn FnMut() -> f64>| (0..many).map(|_| throw()).sum::<f64>() / f64::from(many);
        let mut shares = Dice::new(1);
        let mut normals = Dice::new(2);
        let mut waits = Dice::new(3);
        assert!((mean(Box::new(move || shares.share())) - 0.5).abs() < 0.02);
        assert!(mean(Box::new(move || normals.normal())).abs() < 0.03);
        assert!((mean(Box::new(move || waits.wait(4.0))) - 0.25).abs() < 0.01);
    }
}
