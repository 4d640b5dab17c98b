//! The parsers on logs as they really look.

mod golden;
mod python;
mod others;
mod native;
mod signs;
mod registry;
mod swebench;

use super::{Parser, Results};

/// What the parser of this id makes of the log: `name STATUS`, one a line.
fn read(id: &str, log: &str) -> Vec<String> {
    let parser = Parser::named(id).unwrap_or_else(|| panic!("{id} is unknown"));
    shown(&super::parse(parser, log))
}

/// The same as the public harness reads it.
fn head(id: &str, log: &str) -> Vec<String> {
    shown(&super::parse(Parser::head(id), log))
}

fn shown(results: &Results) -> Vec<String> {
    results
        .tests
        .iter()
        .map(|(name, status)| format!("{name} {}", status.word()))
        .collect()
}
