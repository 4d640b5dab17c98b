//! The stream on which a framework tells its results.

use super::Parser;
use super::registry::Grammar;

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Most of them.
    Stdout,
    /// Python's unittest and what is built on it, and jest's reporters.
    Stderr,
}

/// Where the framework of this parser speaks, unless the command leads it elsewhere.
pub fn stream(parser: Parser) -> Stream {
    match parser.grammar() {
        Grammar::Unittest | Grammar::Django | Grammar::Slugify | Grammar::Tornado | Grammar::Jest => {
            Stream::Stderr
        }
        _ => Stream::Stdout,
    }
}
