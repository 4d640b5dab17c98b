//! What `fleet dispatch` shows while it runs: a picture on a terminal, plain lines elsewhere.

use std::time::{Duration, Instant};

use super::printer::Printer;
use crate::domain::{Event, Timestamp};
use crate::doors::clock;
use crate::plan::Policy;
use crate::schedule::Fleet;
use crate::view::{self, History};

/// Redrawing more often than this is more than an eye wants.
const PACE: Duration = Duration::from_millis(200);

/// Follows a run.
pub(super) struct Progress<'a> {
    printer: &'a Printer,
    policy: Policy,
    history: History,
    started: Timestamp,
    drawn: Option<Instant>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(printer: &'a Printer, policy: Policy) -> Progress<'a> {
        Progress {
            printer,
            policy,
            history: History::default(),
            started: clock::now(),
            drawn: None,
        }
    }

    /// After each round of the engine.
    pub(super) fn show(&mut self, fleet: &Fleet, now: Timestamp, events: &[Event]) {
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

    fn picture(&self, fleet: &Fleet, now: Timestamp) -> Vec<String> {
        let window = self.printer.window();
        view::progress(fleet, &self.policy, now, self.started, &self.history, window)
    }

    /// The last picture stays.
    pub(super) fn finish(self, fleet: &Fleet) {
        let lines = self.picture(fleet, clock::now());
        if self.printer.can_draw() {
            self.printer.draw(&lines);
            self.printer.keep();
        } else if let Some(last) = lines.last() {
            self.printer.say(last);
        }
    }
}
