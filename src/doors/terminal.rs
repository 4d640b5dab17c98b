//! How large the terminal is.

use super::env;

/// Columns for data: what `COLUMNS` says; else, if asked for, what the terminal says. A width that no text fits is none.
pub fn width(ask: bool) -> Option<usize> {
    let asked = || terminal_size::terminal_size_of(std::io::stdout()).filter(|_| ask);
    told()
        .or_else(|| asked().map(|(width, _)| usize::from(width.0)))
        .filter(|width| is_usable(*width))
}

/// Columns and lines of the terminal that stderr goes to. `COLUMNS` may ask for less than it has, never for more: what
/// wraps cannot be drawn over.
pub fn window() -> (Option<usize>, Option<usize>) {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    let asked = size
        .map(|(width, _)| usize::from(width.0))
        .filter(|width| *width > 0);
    let told = told().filter(|width| is_usable(*width));
    let wide = match (told, asked) {
        (Some(told), Some(asked)) => Some(told.min(asked)),
        (told, asked) => told.or(asked),
    };
    let high = size
        .map(|(_, height)| usize::from(height.0))
        .filter(|height| *height > 0);
    (wide, high)
}

fn told() -> Option<usize> {
    env::get("COLUMNS").and_then(|text| text.parse().ok())
}

fn is_usable(width: usize) -> bool {
    width >= 20
}
