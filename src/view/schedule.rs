//! `fleet plan`: who runs what when.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::domain::{HostName, InstanceId, JobId, ModelName, SetName, Span, Timestamp};
use crate::rehearse::{Forecast, Played};
use crate::report::table::{Table, left, prose, right};
use crate::report::words;
use crate::schedule::Fleet;

/// Most lines of one host, unless all are asked for.
const LINES: usize = 5;

/// A play, told in full.
#[derive(Debug, Serialize)]
pub struct Schedule<'p> {
    /// When it begins, in milliseconds since 1970.
    begins: Timestamp,
    /// When it is expected to end.
    ends: Timestamp,
    /// The same in seconds from its beginning.
    finish_s: f64,
    /// The host that is ready last.
    critical: Option<&'p HostName>,
    /// Bytes of images to move.
    moved_bytes: u64,
    /// The part of all slots' time in which nothing runs.
    idle: f64,
    /// Jobs by how they end.
    closed: &'p BTreeMap<&'static str, usize>,
    /// Jobs that are left.
    left: usize,
    /// Why nothing moves any more, if so.
    stuck: &'p [String],
    /// Every attempt, by host and time.
    attempts: Vec<Line<'p>>,
    /// By host.
    hosts: BTreeMap<&'p HostName, HostLine>,
    /// What many plays of it say.
    forecast: &'p Forecast,
}

/// One attempt.
#[derive(Debug, Serialize)]
struct Line<'p> {
    host: &'p HostName,
    job: JobId,
    attempt: u32,
    set: &'p SetName,
    instance: &'p InstanceId,
    model: &'p ModelName,
    run: u32,
    start_s: f64,
    /// None, if it never ends.
    end_s: Option<f64>,
    running: bool,
    moved_bytes: u64,
    ends: &'static str,
    #[serde(skip)]
    from: Timestamp,
    #[serde(skip)]
    to: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct HostLine {
    attempts: usize,
    ready_s: Option<f64>,
    busy_s: f64,
    moved_bytes: u64,
    peak_bytes: u64,
}

impl<'p> Schedule<'p> {
    /// Of this play, whose jobs `fleet` knows.
    pub fn of(played: &'p Played, fleet: &'p Fleet, forecast: &'p Forecast) -> Schedule<'p> {
        let begins = played.begins;
        let mut attempts: Vec<Line<'_>> = played
            .turns
            .iter()
            .filter_map(|turn| {
                let job = &fleet.job(turn.attempt.job)?.job;
                Some(Line {
                    host: &turn.host,
                    job: job.id,
                    attempt: turn.attempt.n,
                    set: &job.set,
                    instance: &job.instance,
                    model: &job.model,
                    run: job.run,
                    start_s: seconds(begins, turn.from),
                    end_s: turn.to.map(|to| seconds(begins, to)),
                    running: turn.resumed,
                    moved_bytes: turn.moved,
                    ends: turn.word,
                    from: turn.from,
                    to: turn.to,
                })
            })
            .collect();
        attempts.sort_by_key(|line| (line.host, line.from));
        let hosts = played.hosts.iter().map(|(name, host)| {
            let line = HostLine {
                attempts: host.turns,
                ready_s: host.last.map(|last| seconds(begins, last)),
                busy_s: host.busy.duration().as_secs_f64(),
                moved_bytes: host.moved,
                peak_bytes: host.peak,
            };
            (name, line)
        });
        Schedule {
            begins,
            ends: played.ends,
            finish_s: seconds(begins, played.ends),
            critical: played.critical(),
            moved_bytes: played.moved(),
            idle: played.idle(),
            closed: &played.closed,
            left: played.left,
            stuck: &played.stuck,
            attempts,
            hosts: hosts.collect(),
            forecast,
        }
    }
}

fn seconds(begins: Timestamp, at: Timestamp) -> f64 {
    // Whatever runs already began in the past.
    if at < begins {
        return -begins.since(at).duration().as_secs_f64();
    }
    at.since(begins).duration().as_secs_f64()
}

/// The schedule as text: per host its first lines, or all of them; then what it comes to.
pub fn schedule(plan: &Schedule<'_>, all: bool, most: Option<usize>) -> String {
    let mut table = Table::new(&[
        left("host"),
        right("start"),
        right("end"),
        left("UTC"),
        right("image"),
        prose("set/instance/model/run").middle(),
    ]);
    let mut lines = plan.attempts.iter().peekable();
    let mut of_host = 0;
    let mut before: Option<&HostName> = None;
    while let Some(line) = lines.next() {
        of_host = if before == Some(line.host) { of_host + 1 } else { 1 };
        before = Some(line.host);
        if !all && of_host > LINES {
            let mut last = line;
            let mut more = 1;
            while let Some(next) = lines.next_if(|next| next.host == line.host) {
                (last, more) = (next, more + 1);
            }
            let clock = last.to.map(|to| format!("until {}", clock(plan.begins, to)));
            table.row([
                line.host.as_str(),
                &relative(plan.begins, line.from),
                &last.to.map(|to| relative(plan.begins, to)).unwrap_or_default(),
                &clock.unwrap_or_default(),
                "",
                &format!("… and {more} more"),
            ]);
            continue;
        }
        table.row([
            line.host.as_str(),
            &relative(plan.begins, line.from),
            &line
                .to
                .map_or_else(|| "never".to_owned(), |to| relative(plan.begins, to)),
            &span(plan.begins, line.from, line.to),
            &if line.moved_bytes == 0 {
                String::new()
            } else {
                words::bytes(line.moved_bytes)
            },
            &job(line),
        ]);
    }
    let mut text = if table.is_empty() {
        String::new()
    } else {
        table.render(most) + "\n"
    };
    totals(&mut text, plan);
    text
}

fn job(line: &Line<'_>) -> String {
    let mut text = format!("{}/{}/{}/run{}", line.set, line.instance, line.model, line.run);
    if line.attempt > 1 {
        // Writing to a String cannot fail.
        let _ = write!(text, ", try {}", line.attempt);
    }
    match (line.running, line.ends) {
        (true, "succeeded" | "running") => text.push_str(" (running)"),
        (_, "succeeded") => {}
        (_, word) => {
            let _ = write!(text, " ({word})");
        }
    }
    text
}

fn totals(text: &mut String, plan: &Schedule<'_>) {
    let closed: Vec<String> = plan
        .closed
        .iter()
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    let jobs: usize = plan.closed.values().sum::<usize>() + plan.left;
    let mut say = |head: &str, what: String| {
        let _ = writeln!(text, "{head:<10} {what}");
    };
    let mut ways = closed;
    if plan.left > 0 {
        ways.push(format!("{} left", plan.left));
    }
    say(
        "jobs",
        format!(
            "{jobs}: {}",
            if ways.is_empty() {
                "none".to_owned()
            } else {
                ways.join(", ")
            }
        ),
    );
    let forecast = plan.forecast;
    say(
        "finish",
        format!(
            "{} ({} UTC); P50 +{}, P90 +{} of {}",
            relative(plan.begins, plan.ends),
            clock(plan.begins, plan.ends),
            words_span(forecast.finish_s.p50),
            words_span(forecast.finish_s.p90),
            words::count(forecast.runs, "play", "plays"),
        ),
    );
    if let Some(critical) = plan.critical {
        say("critical", format!("{critical} is ready last"));
    }
    say("idle", format!("{:.0} % of all slots' time", plan.idle * 100.0));
    say("to move", format!("{} of images", words::bytes(plan.moved_bytes)));
    let most = plan.hosts.iter().rev().max_by_key(|(_, line)| line.peak_bytes);
    if let Some((host, line)) = most {
        say(
            "peak disk",
            format!("{} of images, on {host}", words::bytes(line.peak_bytes)),
        );
    }
    for why in plan.stuck {
        say("stuck", why.clone());
    }
}

/// `+2h05m`; of what began before, `-3m12s`.
fn relative(begins: Timestamp, at: Timestamp) -> String {
    if at < begins {
        return format!("-{}", begins.since(at));
    }
    format!("+{}", at.since(begins))
}

fn span(begins: Timestamp, from: Timestamp, to: Option<Timestamp>) -> String {
    match to {
        Some(to) => format!("{}–{}", clock(begins, from), clock(begins, to)),
        None => clock(begins, from),
    }
}

/// The time of day; with its day, where that is another one.
fn clock(begins: Timestamp, at: Timestamp) -> String {
    let (today, text) = (begins.to_string(), at.to_string());
    let time = text.get(11..16).unwrap_or_default();
    match text.get(..10) {
        Some(day) if today.get(..10) != Some(day) => format!("{} {time}", day.get(5..).unwrap_or(day)),
        _ => time.to_owned(),
    }
}

/// Seconds, in words.
pub(super) fn words_span(seconds: f64) -> String {
    let span = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
    Span(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)).to_string()
}
