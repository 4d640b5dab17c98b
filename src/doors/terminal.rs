//! How wide the terminal is.

use super::env;

/// What `COLUMNS` says; else, if asked for, what the terminal says. A width that no text fits is none.
pub fn width(ask: bool) -> Option<usize> {
    let said = env::get("COLUMNS").and_then(|text| text.parse().ok());
    let asked = || {
        terminal_size::terminal_size()
            .filter(|_| ask)
            .map(|(width, _)| usize::from(width.0))
    };
    said.or_else(asked).filter(|width| *width >= 20)
}
