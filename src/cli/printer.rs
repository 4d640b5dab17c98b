//! The door to the terminal. stdout is data, stderr is talk.
//!
//! Invariant: text that a terminal shows is [safe](crate::text), whatever the caller has put into it.
//! A reader that closes the pipe (`fleet status | head`) ends us quietly.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind, IsTerminal as _, Write};
use std::process::ExitCode;

use serde::Serialize;

use super::{exit, render};
use crate::doors::{secrets, terminal};
use crate::report::text::width;
use crate::service::{NoteSink, Problem, ProblemKind};
use crate::text::{sanitize_line, sanitize_text};
use crate::view::Window;

/// Prints.
#[derive(Debug)]
pub(super) struct Printer {
    quiet: bool,
    terminal_out: bool,
    terminal_err: bool,
    /// How wide each line is of the picture that may be drawn over.
    drawn: RefCell<Vec<usize>>,
    /// The last byte of a job's own was not the end of a line.
    within_line: Cell<bool>,
}

/// What clap has to say: help and version are data, the rest is an error.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    // Nothing can be said of a closed pipe.
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::from(exit::INPUT)
    } else {
        ExitCode::from(exit::OK)
    }
}

impl Printer {
    pub(super) fn new(quiet: bool) -> Printer {
        Printer {
            quiet,
            terminal_out: io::stdout().is_terminal(),
            terminal_err: io::stderr().is_terminal(),
            drawn: RefCell::new(Vec::new()),
            within_line: Cell::new(false),
        }
    }

    /// Data.
    pub(super) fn data(&self, text: &str) -> Result<(), Problem> {
        print(&self.shown(text))
    }

    /// As it is into a pipe; on a terminal, what could steer it is made visible.
    fn shown<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.terminal_out {
            sanitize_text(text)
        } else {
            Cow::Borrowed(text)
        }
    }

    /// Data for programs.
    pub(super) fn json(&self, value: &impl Serialize) -> Result<(), Problem> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| Problem::new(ProblemKind::Internal, error.to_string()))?;
        self.data(&format!("{text}\n"))
    }

    /// A job's own bytes: as they are into a pipe; on a terminal, what could steer it is made visible.
    pub(super) fn raw(&self, bytes: &[u8]) -> Result<(), Problem> {
        if let Some(last) = bytes.last() {
            self.within_line.set(*last != b'\n');
        }
        let mut out = io::stdout().lock();
        let result = if self.terminal_out {
            out.write_all(sanitize_text(&String::from_utf8_lossy(bytes)).as_bytes())
        } else {
            out.write_all(bytes)
        };
        written(result.and_then(|()| out.flush()))
    }

    /// A title between pieces of a job's own output: data, as they are, on a line of its own.
    pub(super) fn heading(&self, title: &str) -> Result<(), Problem> {
        let end = if self.within_line.replace(false) { "\n" } else { "" };
        self.data(&format!("{end}── {title}\n"))
    }

    /// Talk.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            talk(&format!("{}{}\n", self.wipe(), sanitize_text(text)));
        }
    }

    /// What another process of ours has said already.
    #[expect(clippy::unused_self, reason = "who prints holds the printer")]
    pub(super) fn relay(&self, text: &str) {
        talk(&sanitize_text(text));
    }

    /// An error. Never quiet.
    pub(super) fn error(&self, error: &Problem) {
        talk(&format!("{}{}", self.wipe(), render::problem_text(error)));
    }

    /// Can a picture be drawn on stderr?
    pub(super) fn can_draw(&self) -> bool {
        self.terminal_err && !self.quiet
    }

    /// The last picture stays; what follows goes below it.
    pub(super) fn keep(&self) {
        self.drawn.borrow_mut().clear();
    }

    /// Data that replaces the data shown before, on a terminal; elsewhere it follows.
    pub(super) fn redraw(&self, text: &str) -> Result<(), Problem> {
        if self.terminal_out {
            return print(&format!("\x1b[H\x1b[J{}", self.shown(text)));
        }
        self.data(text)
    }

    /// Draws a picture over the last one. The lines must fit the [window](Self::window).
    pub(super) fn draw(&self, lines: &[String]) {
        let lines: Vec<Cow<'_, str>> = lines.iter().map(|line| sanitize_line(line)).collect();
        // In one piece, so that the gap between two pictures is not seen.
        talk(&format!("{}{}\n", self.wipe(), lines.join("\n")));
        *self.drawn.borrow_mut() = lines.iter().map(|line| width(line)).collect();
    }

    /// Most columns that data for people may have; none into a file or a pipe, unless `COLUMNS` says so.
    pub(super) fn width(&self) -> Option<usize> {
        terminal::width(self.terminal_out)
    }

    /// The room for a picture on the terminal.
    pub(super) fn window(&self) -> Window {
        if !self.terminal_err {
            return Window::default();
        }
        let (wide, high) = terminal::window();
        Window {
            // A terminal may begin the next line as soon as one is full; below the picture stands the cursor.
            wide: wide.map(|wide| wide - 1),
            high: high.map(|high| high.saturating_sub(1).max(1)),
        }
    }

    /// What takes the picture away that may be drawn over.
    fn wipe(&self) -> String {
        let drawn = std::mem::take(&mut *self.drawn.borrow_mut());
        let (wide, high) = terminal::window();
        over(&drawn, wide, high)
    }
}

impl NoteSink for Printer {
    fn note(&self, text: &str) {
        self.say(text);
    }
}

/// Moves the cursor to where these lines began, and clears all below. The window may have become narrower since, so that
/// one line takes several rows; and the terminal shows a Ctrl-C where the cursor is.
fn over(drawn: &[usize], wide: Option<usize>, high: Option<usize>) -> String {
    if drawn.is_empty() {
        return String::new();
    }
    let rows = |columns: &usize| wide.map_or(1, |wide| columns.div_ceil(wide.max(1)).max(1));
    let up: usize = drawn.iter().map(rows).sum();
    let up = high.map_or(up, |high| up.min(high.saturating_sub(1))).max(1);
    format!("\r\x1b[{up}A\x1b[J")
}

/// Ends the line that the terminal's cursor is on.
pub(super) fn end_line() {
    if io::stderr().is_terminal() {
        talk("\n");
    }
}

fn print(text: &str) -> Result<(), Problem> {
    let mut out = io::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

fn talk(text: &str) {
    // A closed stderr is no reason to stop.
    let _ = io::stderr().lock().write_all(secrets::hidden(text).as_bytes());
}

fn written(result: io::Result<()>) -> Result<(), Problem> {
    match result {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => exit::at_once(exit::OK),
        Err(error) => Err(Problem::new(ProblemKind::Environment, "cannot write to stdout").caused_by(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::over;

    #[test]
    fn a_picture_is_drawn_over_from_the_first_column_by_as_many_rows_as_it_takes_now() {
        assert_eq!(over(&[], Some(80), Some(24)), "");
        assert_eq!(over(&[60, 0, 79], Some(80), Some(24)), "\r\x1b[3A\x1b[J");
        // The window is half as wide by now.
        assert_eq!(over(&[60, 0, 79], Some(40), Some(24)), "\r\x1b[5A\x1b[J");
        // What has left the window cannot be reached.
        assert_eq!(over(&[60, 60, 60], Some(40), Some(4)), "\r\x1b[3A\x1b[J");
    }
}
