//! What many plays say together.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Played;
use crate::domain::HostName;

/// A figure of many plays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Spread {
    /// As often below as above.
    pub p50: f64,
    /// Nine of ten are not above.
    pub p90: f64,
}

/// What to expect, from many plays of one scene.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Forecast {
    /// How many.
    pub runs: usize,
    /// Seconds from the beginning to the end of the last job.
    pub finish_s: Spread,
    /// The part of all slots' time in which nothing ran.
    pub idle: Spread,
    /// Bytes of images that were moved.
    pub moved_bytes: Spread,
    /// Attempts that were lost, or failed and were tried again.
    pub retries: Spread,
    /// Jobs that failed.
    pub failed: Spread,
    /// Jobs that were given up.
    pub given_up: Spread,
    /// Jobs that were left when nothing moved any more.
    pub left: Spread,
    /// By host.
    pub hosts: BTreeMap<HostName, HostForecast>,
}

/// What to expect of one host.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct HostForecast {
    /// Attempts that it runs.
    pub attempts: Spread,
    /// The part of its slots' time in which something ran.
    pub busy: Spread,
    /// Bytes that are moved to it.
    pub moved_bytes: Spread,
    /// Most bytes of images that it has at a time.
    pub peak_bytes: Spread,
    /// In how many plays it was ready last.
    pub critical: usize,
}

impl Forecast {
    /// Of these plays.
    pub fn of(plays: &[Played]) -> Forecast {
        let over = |figure: &dyn Fn(&Played) -> f64| Spread::of(plays.iter().map(figure).collect());
        let closed = |word: &'static str| {
            over(&move |played: &Played| float(played.closed.get(word).copied().unwrap_or(0) as u64))
        };
        let mut hosts: BTreeMap<HostName, HostForecast> = BTreeMap::new();
        let names = plays.iter().flat_map(|played| played.hosts.keys());
        for name in names {
            hosts.entry(name.clone()).or_default();
        }
        for (name, host) in &mut hosts {
            let of = |figure: fn(&super::HostPlayed) -> f64| {
                over(&move |played: &Played| played.hosts.get(name).map_or(0.0, figure))
            };
            *host = HostForecast {
                attempts: of(|host| float(host.turns as u64)),
                busy: of(|host| {
                    let there = host.there.duration().as_secs_f64();
                    if there > 0.0 {
                        (host.busy.duration().as_secs_f64() / there).min(1.0)
                    } else {
                        0.0
                    }
                }),
                moved_bytes: of(|host| float(host.moved)),
                peak_bytes: of(|host| float(host.peak)),
                critical: plays
                    .iter()
                    .filter(|played| played.critical() == Some(name))
                    .count(),
            };
        }
        Forecast {
            runs: plays.len(),
            finish_s: over(&|played| played.took().duration().as_secs_f64()),
            idle: over(&Played::idle),
            moved_bytes: over(&|played| float(played.moved())),
            retries: over(&|played| {
                let jobs: usize = played.closed.values().sum::<usize>() + played.left;
                let turns: usize = played.hosts.values().map(|host| host.turns).sum();
                float(turns.saturating_sub(jobs) as u64)
            }),
            failed: closed("failed"),
            given_up: closed("given-up"),
            left: over(&|played| float(played.left as u64)),
            hosts,
        }
    }
}

impl Spread {
    /// The nearest of the figures themselves, so that counts stay counts.
    fn of(mut figures: Vec<f64>) -> Spread {
        figures.sort_by(f64::total_cmp);
        let at = |percent: usize| {
            let rank = (figures.len() * percent).div_ceil(100).max(1) - 1;
            figures.get(rank).copied().unwrap_or(0.0)
        };
        Spread {
            p50: at(50),
            p90: at(90),
        }
    }
}

/// Bytes and counts, for reckoning: what is lost above 2^53 is of no consequence.
#[expect(clippy::cast_precision_loss, reason = "a forecast has no sixteen digits")]
fn float(number: u64) -> f64 {
    number as f64
}
