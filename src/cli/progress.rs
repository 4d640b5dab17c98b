//! What `fleet dispatch` shows while it runs: a picture on a terminal, plain lines elsewhere.

use std::time::{Duration, Instant};

use super::printer::Printer;
use crate::domain::{Event, Timestamp};
use crate::doors::clock;
use crate::plan::Policy;
use crate::schedule::Fleet;
use crate::service::{Problem, ProgressSink};
use crate::view::{self, History};

/// Redrawing more often than this is more than an eye wants.
const PACE: Duration = Duration::from_millis(200);

/// Follows a run.
pub(super) struct Progress<'a> {
    printer: &'a Printer,
    /// Another process waits to read that this one coordinates.
    background: bool,
    policy: Policy,
    history: History,
    started: Timestamp,
    drawn: Option<Instant>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(printer: &'a Printer, background: bool) -> Progress<'a> {
        Progress {
            printer,
            background,
            policy: Policy::default(),
            history: History::default(),
            started: clock::now(),
            drawn: None,
        }
    }

    fn picture(&self, fleet: &Fleet, now: Timestamp) -> Vec<String> {
        let window = self.printer.window();
        view::progress(fleet, &self.policy, now, self.started, &self.history, window)
    }
}

impl ProgressSink for Progress<'_> {
    fn started(&mut self, policy: &Policy) -> Result<(), Problem> {
        if self.background {
            self.printer.data("coordinating in the background\n")?;
        }
        self.policy = policy.clone();
        self.started = clock::now();
        Ok(())
    }

    fn advanced(&mut self, fleet: &Fleet, now: Timestamp, events: &[Event]) {
        for event in events {
            self.history.observe(fleet, now, event);
            if !self.printer.can_draw()
                && let Some(line) = view::plain(fleet, now, event)
            {
                self.printer.say(&line);
            }
        }
        let tick = clock::tick();
        if self.printer.can_draw() && self.drawn.is_none_or(|drawn| tick.duration_since(drawn) >= PACE) {
            self.drawn = Some(tick);
            self.printer.draw(&self.picture(fleet, now));
        }
    }

    /// The last picture stays.
    fn ended(&mut self, fleet: &Fleet) {
        let lines = self.picture(fleet, clock::now());
        if self.printer.can_draw() {
            self.printer.draw(&lines);
            self.printer.keep();
        } else if let Some(last) = lines.last() {
            self.printer.say(last);
        }
    }
}
