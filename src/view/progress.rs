//! `fleet dispatch` on a terminal: a line per host, and one for all, drawn again and again.

use crate::domain::fleet::HostEntry;
use crate::domain::host::Link;
use crate::domain::journal::{Entry, Outcome};
use crate::domain::{AttemptState, Event, Fleet, HostName, Span, Timestamp};
use crate::report::text::{clip, printable};
use crate::report::{Account, Tally};

/// How wide the bar is.
const BAR: usize = 24;

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

/// The lines to show now. Only jobs of the sets that this coordinator runs count.
pub fn progress(
    fleet: &Fleet,
    now: Timestamp,
    started: Timestamp,
    history: &History,
    most: Option<usize>,
) -> Vec<String> {
    let most = most.unwrap_or(usize::MAX);
    let hosts: Vec<(&HostName, &HostEntry)> = fleet
        .hosts()
        .filter(|(_, host)| host.slots > 0 || !host.live.is_empty())
        .collect();
    let wide = hosts
        .iter()
        .map(|(name, _)| name.as_str().len())
        .max()
        .unwrap_or(0);
    let mut lines: Vec<String> = hosts
        .iter()
        .map(|(name, host)| {
            let line = format!("{name:wide$}  {}", work(fleet, host, now));
            clip(&printable(&line), most).into_owned()
        })
        .collect();

    let mut tally = Tally::default();
    let mut left = 0;
    for entry in fleet.jobs().filter(|entry| fleet.is_enabled(&entry.job.set)) {
        let account = Account::of(entry);
        tally.add(account);
        if let (false, Some(mean)) = (account.is_closed(), history.mean()) {
            let spent = entry.live().map_or(Span(0), |live| now.since(live.intended));
            left += mean.0.saturating_sub(spent.0);
        }
    }
    let eta = eta(&hosts, history, tally, left);
    let line = format!(
        "{} {}/{}  left {}  elapsed {}  {}",
        bar(tally.closed(), tally.jobs),
        tally.closed(),
        tally.jobs,
        eta.map_or("—".to_owned(), |eta| format!("~{eta}")),
        now.since(started),
        tally.words(),
    );
    lines.push(clip(&line, most).into_owned());
    lines
}

/// Work that is left, spread over the slots that can be used now.
fn eta(hosts: &[(&HostName, &HostEntry)], history: &History, tally: Tally, left: u64) -> Option<Span> {
    let usable = |host: &HostEntry| host.gone.is_none() && matches!(host.link, Link::Up { .. });
    let slots: u64 = hosts
        .iter()
        .filter(|(_, host)| usable(host))
        .map(|(_, host)| u64::from(host.slots))
        .sum();
    let open = (tally.jobs - tally.closed()) as u64;
    if open == 0 {
        return Some(Span(0));
    }
    history.mean()?;
    left.checked_div(slots.min(open)).map(Span)
}

fn work(fleet: &Fleet, host: &HostEntry, now: Timestamp) -> String {
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
    let state = match &host.link {
        _ if host.gone.is_some() => "gone".to_owned(),
        Link::Unknown => "connecting".to_owned(),
        Link::Down { since, reason, .. } => format!("down for {}: {reason}", now.since(*since)),
        Link::Up { .. } if jobs.is_empty() => "idle".to_owned(),
        Link::Up { .. } => return jobs,
    };
    if jobs.is_empty() {
        state
    } else {
        format!("{jobs} ({state})")
    }
}

fn bar(done: usize, all: usize) -> String {
    let full = (done * BAR).checked_div(all).unwrap_or(0);
    format!("[{}{}]", "#".repeat(full), "-".repeat(BAR - full))
}
