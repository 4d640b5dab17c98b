//! `fleet dispatch` on a terminal: a line per host, one for each thing that jobs wait for, and the sums, drawn again and
//! again.
//!
//! Invariant: no line is wider than the window, and there are no more of them than it is high, so that they can be drawn
//! over. Counts are never clipped.

use std::collections::BTreeMap;

use crate::domain::host::Link;
use crate::domain::journal::{Entry, Outcome};
use crate::domain::{AttemptState, Event, HostName, Span, Timestamp};
use crate::plan::reason::{Coordination, Reason, Reasons};
use crate::plan::{NoRoom, Policy};
use crate::report::text::{clip, width};
use crate::report::{Account, Tally, words};
use crate::schedule::Fleet;
use crate::schedule::fleet::HostEntry;
use crate::text::sanitize_line;

/// How wide the bar is.
const BAR: usize = 24;
/// Most lines of what jobs wait for.
const MOST_REASONS: usize = 4;

/// How long jobs took that have finished: what the rest is guessed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct History {
    jobs: u64,
    total: Span,
}

impl History {
    /// Takes in one finished job.
    pub fn record(&mut self, took: Span) {
        self.jobs += 1;
        self.total.0 = self.total.0.saturating_add(took.0);
    }

    /// Takes in the end of a job, if that is what the event (just folded) is. Jobs that
    /// were cancelled or lost say nothing of the others.
    pub fn observe(&mut self, fleet: &Fleet, at: Timestamp, event: &Event) {
        if let Event::Journaled { attempt, line, .. } = event
            && let Entry::Ended {
                outcome: Outcome::Succeeded | Outcome::Failed { .. },
                ..
            } = line.entry
            && let Some(attempt) = fleet.attempt(*attempt)
        {
            self.record(at.since(attempt.intended));
        }
    }

    /// The mean, if there is one.
    pub fn mean(&self) -> Option<Span> {
        self.total.0.checked_div(self.jobs).map(Span)
    }
}

/// Room for the lines; none where they may be as wide, and as many, as they like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// Columns.
    pub wide: Option<usize>,
    /// Lines.
    pub high: Option<usize>,
}

/// The lines to show now. Only jobs of the sets that this coordinator runs count.
pub fn progress(
    fleet: &Fleet,
    policy: &Policy,
    now: Timestamp,
    started: Timestamp,
    history: &History,
    window: Window,
) -> Vec<String> {
    let wide = window.wide.unwrap_or(usize::MAX);
    let reasons = Reasons::new(fleet, policy, now, Coordination::AtWork);
    let state = State::of(fleet, &reasons, history, now);
    let mut below = state.lines(wide);
    below.extend(sums(&state, now.since(started), wide));
    let hosts = hosts(fleet, policy, &reasons, now, wide);
    let high = window.high.unwrap_or(usize::MAX);
    below.drain(..below.len().saturating_sub(high));
    let room = high - below.len();
    let mut lines = hosts;
    if lines.len() > room {
        let kept = room.saturating_sub(1);
        let more = words::count(lines.len() - kept, "host", "hosts");
        lines.truncate(kept);
        if room > 0 {
            lines.push(clip(&format!("… and {more} more (`fleet status`)"), wide).into_owned());
        }
    }
    lines.extend(below);
    lines
}

fn hosts(fleet: &Fleet, policy: &Policy, reasons: &Reasons<'_>, now: Timestamp, wide: usize) -> Vec<String> {
    let hosts: Vec<(&HostName, HostEntry<'_>)> = fleet
        .hosts()
        .filter(|(_, host)| host.slots > 0 || !host.live.is_empty())
        .collect();
    let longest = hosts
        .iter()
        .map(|(name, _)| name.as_str().len())
        .max()
        .unwrap_or(0);
    let line = |(name, host): (&HostName, HostEntry<'_>)| {
        let line = format!(
            "{name:longest$}  {}",
            work(fleet, policy, reasons.host(name), host, now)
        );
        clip(&sanitize_line(&line), wide).into_owned()
    };
    hosts.into_iter().map(line).collect()
}

/// What is left, and whether it moves.
#[derive(Debug)]
struct State {
    tally: Tally,
    /// Work that is left and can be done without a person's help, in milliseconds of one slot.
    left: Option<u64>,
    /// Jobs that can go on by themselves.
    movable: u64,
    /// Slots that do something, or could.
    slots: u64,
    /// What keeps jobs waiting, and how many: the commands that would help, if any, and the words.
    waits: BTreeMap<(Vec<String>, String), usize>,
}

impl State {
    fn of(fleet: &Fleet, reasons: &Reasons<'_>, history: &History, now: Timestamp) -> State {
        let mut state = State {
            tally: Tally::default(),
            left: None,
            movable: 0,
            slots: 0,
            waits: BTreeMap::new(),
        };
        let mut left = 0;
        for entry in fleet.jobs().filter(|entry| fleet.is_enabled(&entry.job.set)) {
            let account = Account::of(entry);
            state.tally.add(account);
            let moves = match (entry.live(), account.is_closed()) {
                (_, true) => continue,
                (Some(live), false) => fleet.host(&live.host).is_some_and(is_reached),
                (None, false) => {
                    let reason = reasons.job(entry);
                    let moves = moves(&reason);
                    if !is_ordinary(&reason) {
                        let needs = reason.needs_resume();
                        let needs = needs.iter().map(|subject| format!("`fleet resume {subject}`"));
                        // The command names what is held.
                        let why = match &reason {
                            Reason::Held { why, until: None, .. } => why.clone(),
                            other => other.to_string(),
                        };
                        *state.waits.entry((needs.collect(), why)).or_default() += 1;
                    }
                    moves
                }
            };
            if moves {
                state.movable += 1;
                let spent = entry.live().map_or(Span(0), |live| now.since(live.intended));
                left += history.mean().map_or(0, |mean| mean.0.saturating_sub(spent.0));
            }
        }
        let usable = fleet.hosts().filter(|(_, host)| is_reached(*host));
        state.slots = usable
            .map(|(name, host)| match reasons.host(name) {
                None | Some(NoRoom::Full) => u64::from(host.slots),
                // Held, or with no memory for the tests of one more.
                Some(_) => host.live.len() as u64,
            })
            .sum();
        state.left = history.mean().map(|_| left);
        state
    }

    /// Work that is left, spread over the slots that can be used now. None while nothing can move.
    fn eta(&self) -> Option<Span> {
        if self.tally.closed() == self.tally.jobs {
            return Some(Span(0));
        }
        self.left?.checked_div(self.slots.min(self.movable)).map(Span)
    }

    /// What jobs wait for, beside a slot.
    fn lines(&self, wide: usize) -> Vec<String> {
        let mut all: Vec<(&(Vec<String>, String), &usize)> = self.waits.iter().collect();
        // What needs a person first, then what concerns the most jobs.
        all.sort_by_key(|((needs, _), n)| (needs.is_empty(), std::cmp::Reverse(**n)));
        let more = all.len().saturating_sub(MOST_REASONS);
        let line = |((needs, why), n): (&(Vec<String>, String), &usize)| {
            let (jobs, verb) = (words::jobs(*n), if *n == 1 { "needs" } else { "need" });
            let line = if needs.is_empty() {
                format!("waiting: {jobs}: {why}")
            } else {
                format!("blocked: {jobs} {verb} {}: {why}", needs.join(", "))
            };
            clip(&sanitize_line(&line), wide).into_owned()
        };
        let mut lines: Vec<String> = all.into_iter().take(MOST_REASONS).map(line).collect();
        if more > 0 {
            let reasons = words::count(more, "reason", "reasons");
            lines.push(clip(&format!("… and {reasons} more (`fleet status`)"), wide).into_owned());
        }
        lines
    }
}

/// Does it wait for its turn alone?
fn is_ordinary(reason: &Reason) -> bool {
    let is_full = matches!(
        reason,
        Reason::Host {
            why: NoRoom::Full,
            ..
        }
    );
    is_full || matches!(reason, Reason::Next | Reason::Busy)
}

/// Will the job go on without a person, as far as is known?
fn moves(reason: &Reason) -> bool {
    match reason {
        Reason::Next | Reason::Busy | Reason::Rests(_) | Reason::Provider { .. } => true,
        Reason::Held { until, .. } => until.is_some(),
        Reason::Host { why, .. } => passes(why),
        Reason::Hosts(hosts) => hosts.iter().any(|(_, why)| passes(why)),
        Reason::Unheard { .. } | Reason::NoCoordinator | Reason::OtherSets => false,
    }
}

/// Will the host take jobs again in a moment, by itself?
fn passes(why: &NoRoom) -> bool {
    match why {
        NoRoom::Full
        | NoRoom::NoMemory(_)
        | NoRoom::NotYet
        | NoRoom::Refused(_)
        | NoRoom::Looked
        | NoRoom::Cleaning => true,
        NoRoom::Held(_, _, until) => until.is_some(),
        NoRoom::Unknown | NoRoom::Gone(_) | NoRoom::Down(..) => false,
    }
}

fn is_reached(host: HostEntry<'_>) -> bool {
    host.gone.is_none() && matches!(host.link, Link::Up { .. })
}

/// The bar, the times and the counts: on one line, or on as many as they need.
fn sums(state: &State, elapsed: Span, wide: usize) -> Vec<String> {
    let tally = state.tally;
    let (closed, jobs) = (tally.closed(), tally.jobs);
    let left = state.eta().map_or("—".to_owned(), |eta| format!("~{eta}"));
    let times = format!("{closed}/{jobs}  left {left}  elapsed {elapsed}");
    let counts = tally.words();
    let with_bar = format!("{} {times}", bar(closed, jobs));
    let whole = format!("{with_bar}  {counts}");
    if width(&whole) <= wide {
        return vec![whole.trim_end().to_owned()];
    }
    let first = if width(&with_bar) <= wide { with_bar } else { times };
    let mut lines = vec![clip(&first, wide).into_owned()];
    let mut line = String::new();
    let parts: Vec<&str> = counts.split(", ").collect();
    for (i, part) in parts.iter().enumerate() {
        let end = if i + 1 < parts.len() { "," } else { "" };
        let gap = if line.is_empty() { "" } else { " " };
        if !line.is_empty() && width(&line) + 1 + part.len() + end.len() > wide {
            lines.push(std::mem::take(&mut line));
            line = format!("{part}{end}");
        } else {
            line = format!("{line}{gap}{part}{end}");
        }
    }
    lines.push(line);
    lines
}

/// Does anything wait that this host could do?
fn is_wanted(fleet: &Fleet, policy: &Policy, host: HostEntry<'_>) -> bool {
    let shared = !policy.pinned && fleet.waits() > 0;
    let any = shared || !fleet.pool().is_empty() || !fleet.again().is_empty();
    any || !host.queue.is_empty() || !host.live.is_empty() || fleet.unheard().next().is_some()
}

fn work(
    fleet: &Fleet,
    policy: &Policy,
    room: Option<&NoRoom>,
    host: HostEntry<'_>,
    now: Timestamp,
) -> String {
    let jobs: Vec<String> = host
        .live
        .iter()
        .filter_map(|id| Some((fleet.job(id.job)?, fleet.attempt(*id)?)))
        .map(|(entry, attempt)| {
            let phase = match &attempt.state {
                AttemptState::Running { phase: Some(phase) } => phase.as_str(),
                _ if entry.cancel.is_some() => "cancelling",
                _ => "starting",
            };
            let job = &entry.job;
            let age = now.since(attempt.phase_since(now));
            format!("{} {} run {}: {phase} {age}", job.instance, job.model, job.run)
        })
        .collect();
    let jobs = jobs.join("; ");
    let state = match room {
        None => "idle".to_owned(),
        Some(NoRoom::Full | NoRoom::NoMemory(_)) => return jobs,
        Some(NoRoom::Gone(_)) => "gone".to_owned(),
        Some(NoRoom::Down(since, reason)) => format!("down for {}: {reason}", now.since(*since)),
        Some(NoRoom::Held(kind, why, until)) => {
            let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
            format!("{}{until}: {why}", kind.word())
        }
        // The engine connects to hosts that it has something to ask of.
        Some(NoRoom::NotYet) if *host.link == Link::Unknown && !is_wanted(fleet, policy, host) => {
            "not needed yet".to_owned()
        }
        Some(NoRoom::NotYet) if *host.link == Link::Unknown => "connecting".to_owned(),
        Some(NoRoom::NotYet) => "saying which images it has".to_owned(),
        Some(NoRoom::Refused(why)) => format!("refused a job: {why}"),
        Some(NoRoom::Unknown) => "not in fleet.toml".to_owned(),
        Some(why @ (NoRoom::Looked | NoRoom::Cleaning)) => why.to_string(),
    };
    if jobs.is_empty() {
        state
    } else if room.is_none() {
        jobs
    } else {
        format!("{jobs} ({state})")
    }
}

fn bar(done: usize, all: usize) -> String {
    let full = (done * BAR).checked_div(all).unwrap_or(0);
    format!("[{}{}]", "#".repeat(full), "-".repeat(BAR - full))
}
