//! Two estimates from few tries: an interval for a rate, and the chance that one of k tries succeeds.

/// The 97.5 % point of the normal distribution: 95 % lie between it and its negative.
const Z: f64 = 1.959_963_984_540_054;

/// Wilson's 95 % interval for `hits` of `all`; none of none.
pub(super) fn wilson(hits: u32, all: u32) -> Option<(f64, f64)> {
    if all == 0 || hits > all {
        return None;
    }
    let (n, rate) = (f64::from(all), f64::from(hits) / f64::from(all));
    let z2 = Z * Z;
    let middle = (rate + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (rate * (1.0 - rate) / n + z2 / (4.0 * n * n)).sqrt();
    // At both ends the formula is exact and floating point is not.
    let low = if hits == 0 { 0.0 } else { (middle - half).max(0.0) };
    let high = if hits == all {
        1.0
    } else {
        (middle + half).min(1.0)
    };
    Some((low, high))
}

/// The unbiased estimate of pass@k from `hits` of `all` tries of one question: `1 - C(n-c,k)/C(n,k)`, as a
/// product, so that nothing overflows. None where there are fewer than `k` tries.
pub(super) fn pass_at(k: u32, hits: u32, all: u32) -> Option<f64> {
    if k == 0 || k > all || hits > all {
        return None;
    }
    let misses = all - hits;
    if misses < k {
        return Some(1.0);
    }
    let none: f64 = (0..k)
        .map(|i| f64::from(misses - i) / f64::from(all - i))
        .product();
    Some(1.0 - none)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 5e-5
    }

    #[test]
    fn the_interval_has_the_values_of_the_textbooks() {
        for (hits, all, low, high) in [
            (0, 10, 0.0, 0.2775),
            (1, 10, 0.0179, 0.4042),
            (10, 20, 0.2993, 0.7007),
            (8, 10, 0.4902, 0.9433),
            (10, 10, 0.7225, 1.0),
            (15, 148, 0.0624, 0.1605),
            (81, 263, 0.2553, 0.3662),
            (1, 29, 0.0061, 0.1718),
        ] {
            let (a, b) = wilson(hits, all).unwrap();
            assert!(near(a, low) && near(b, high), "{hits}/{all}: {a} to {b}");
        }
        assert_eq!((wilson(0, 0), wilson(2, 1)), (None, None));
    }

    #[test]
    fn pass_at_k_is_what_counting_by_hand_gives() {
        // 3 of 5: C(2,2)/C(5,2) = 1/10. 2 of 4: C(2,2)/C(4,2) = 1/6. 1 of 10 at 3: C(9,3)/C(10,3) = 84/120.
        for (k, hits, all, is) in [
            (1, 3, 5, 0.6),
            (2, 3, 5, 0.9),
            (3, 3, 5, 1.0),
            (2, 2, 4, 5.0 / 6.0),
            (3, 1, 10, 0.3),
            (5, 0, 5, 0.0),
            (1, 1, 1, 1.0),
        ] {
            let got = pass_at(k, hits, all).unwrap();
            assert!((got - is).abs() < 1e-12, "{hits}/{all} at {k}: {got}");
        }
        assert_eq!([pass_at(6, 1, 5), pass_at(0, 1, 5), pass_at(1, 2, 1)], [None; 3]);
    }

    #[test]
    fn pass_at_k_of_very_many_tries_neither_overflows_nor_loses_itself() {
        // C(10000, 5000) has three thousand digits.
        let got = pass_at(5000, 1, 10_000).unwrap();
        assert!((got - 0.5).abs() < 1e-9, "{got}");
    }
}
