//! `fleet rehearse`: what many plays say, of one scene or of two beside each other.

use super::schedule::words_span;
use crate::rehearse::{Forecast, Spread};
use crate::report::table::{Table, left, right};
use crate::report::words;

/// A figure: its name, where it stands, and how it is shown.
type Figure = (&'static str, fn(&Forecast) -> Spread, fn(f64) -> String);

const FIGURES: [Figure; 7] = [
    ("finish", |forecast| forecast.finish_s, words_span),
    ("idle", |forecast| forecast.idle, percent),
    ("moved", |forecast| forecast.moved_bytes, bytes),
    ("retries", |forecast| forecast.retries, count),
    ("failed", |forecast| forecast.failed, count),
    ("given up", |forecast| forecast.given_up, count),
    ("left", |forecast| forecast.left, count),
];

/// The figures as a table, and the hosts as another.
pub fn forecast(forecast: &Forecast, most: Option<usize>) -> String {
    let mut figures = Table::new(&[left(""), right("P50"), right("P90")]);
    for (name, of, shown) in FIGURES {
        let Spread { p50, p90 } = of(forecast);
        figures.row([name, &shown(p50), &shown(p90)]);
    }
    format!("{}\n{}", figures.render(most), hosts(forecast).render(most))
}

/// The figures of two scenes beside each other.
pub fn compared(before: &Forecast, after: &Forecast, most: Option<usize>) -> String {
    let mut table = Table::new(&[
        left(""),
        right("P50"),
        right("changed"),
        right("P90"),
        right("changed"),
    ]);
    for (name, of, shown) in FIGURES {
        let (before, after) = (of(before), of(after));
        table.row([
            name,
            &shown(before.p50),
            &shown(after.p50),
            &shown(before.p90),
            &shown(after.p90),
        ]);
    }
    table.render(most)
}

fn hosts(forecast: &Forecast) -> Table {
    let mut table = Table::new(&[
        left("host"),
        right("attempts"),
        right("busy"),
        right("moved P50"),
        right("peak disk P90"),
        right("last"),
    ]);
    for (name, host) in &forecast.hosts {
        table.row([
            name.as_str(),
            &count(host.attempts.p50),
            &percent(host.busy.p50),
            &bytes(host.moved_bytes.p50),
            &bytes(host.peak_bytes.p90),
            &format!("{}/{}", host.critical, forecast.runs),
        ]);
    }
    table
}

fn percent(part: f64) -> String {
    format!("{:.0} %", part * 100.0)
}

fn count(number: f64) -> String {
    format!("{number:.0}")
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a sum of sizes, shown with one decimal"
)]
fn bytes(number: f64) -> String {
    words::bytes(number as u64)
}
