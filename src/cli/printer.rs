//! The door to the terminal. stdout is data, stderr is talk.
//!
//! A reader that closes the pipe (`fleet status | head`) ends us quietly.

use std::cell::Cell;
use std::io::{self, ErrorKind, IsTerminal as _, Write};
use std::process::ExitCode;

use serde::Serialize;

use super::{CommandError, Kind, exit};
use crate::doors::{secrets, terminal};

/// Prints.
#[derive(Debug)]
pub(super) struct Printer {
    quiet: bool,
    terminal_out: bool,
    terminal_err: bool,
    /// How many lines the picture has that may be drawn over.
    drawn: Cell<usize>,
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
            drawn: Cell::new(0),
        }
    }

    /// Data.
    #[expect(clippy::unused_self, reason = "who prints holds the printer")]
    pub(super) fn data(&self, text: &str) -> Result<(), CommandError> {
        let mut out = io::stdout().lock();
        written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// Data for programs.
    pub(super) fn json(&self, value: &impl Serialize) -> Result<(), CommandError> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| CommandError::new(Kind::Internal, error.to_string()))?;
        self.data(&format!("{text}\n"))
    }

    /// A job's own bytes: as they are into a pipe; on a terminal, control characters are made visible.
    pub(super) fn raw(&self, bytes: &[u8]) -> Result<(), CommandError> {
        let mut out = io::stdout().lock();
        let result = if self.terminal_out {
            let text: String = String::from_utf8_lossy(bytes)
                .chars()
                .flat_map(|c| {
                    if c.is_control() && c != '\n' && c != '\t' {
                        c.escape_debug().collect()
                    } else {
                        vec![c]
                    }
                })
                .collect();
            out.write_all(text.as_bytes())
        } else {
            out.write_all(bytes)
        };
        written(result.and_then(|()| out.flush()))
    }

    /// A title between pieces of data, for people only.
    pub(super) fn heading(&self, title: &str) {
        self.say(&format!("── {title}"));
    }

    /// Talk.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            self.wipe();
            talk(&format!("{text}\n"));
        }
    }

    /// What another process of ours has said already.
    #[expect(clippy::unused_self, reason = "who prints holds the printer")]
    pub(super) fn relay(&self, text: &str) {
        talk(text);
    }

    /// An error. Never quiet.
    pub(super) fn error(&self, error: &CommandError) {
        self.wipe();
        talk(&error.render());
    }

    /// Can a picture be drawn on stderr?
    pub(super) fn can_draw(&self) -> bool {
        self.terminal_err && !self.quiet
    }

    /// The last picture stays; what follows goes below it.
    pub(super) fn keep(&self) {
        self.drawn.set(0);
    }

    /// Data that replaces the data shown before, on a terminal; elsewhere it follows.
    pub(super) fn redraw(&self, text: &str) -> Result<(), CommandError> {
        if self.terminal_out {
            return self.data(&format!("\x1b[H\x1b[J{text}"));
        }
        self.data(text)
    }

    /// Draws a picture over the last one. The lines must fit the width.
    pub(super) fn draw(&self, lines: &[String]) {
        self.wipe();
        talk(&format!("{}\n", lines.join("\n")));
        self.drawn.set(lines.len());
    }

    /// Most columns that text for people may have; none into a file or a pipe, unless `COLUMNS` says so.
    pub(super) fn width(&self) -> Option<usize> {
        terminal::width(self.terminal_out || self.terminal_err)
    }

    fn wipe(&self) {
        let lines = self.drawn.replace(0);
        if lines > 0 {
            talk(&format!("\x1b[{lines}A\x1b[J"));
        }
    }
}

fn talk(text: &str) {
    // Whoever closed stderr does not want to hear of it.
    let _ = io::stderr().lock().write_all(secrets::hidden(text).as_bytes());
}

fn written(result: io::Result<()>) -> Result<(), CommandError> {
    match result {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => exit::at_once(exit::OK),
        Err(error) => Err(CommandError::new(Kind::Environment, "cannot write to stdout").caused_by(&error)),
    }
}
