//! The state of reading one dataset, and what it finds.

use std::collections::HashMap;

use crate::config::finding::{Faults, Places};
use crate::domain::Instance;

/// An instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub instance: Instance,
    /// The line of the file that it begins on.
    pub line: u32,
    /// Its normal form: one line of JSON with its newline.
    pub text: String,
}

/// The state of reading one file.
pub(super) struct Reader<'r> {
    pub(super) text: &'r str,
    pub(super) places: &'r Places<'r>,
    pub(super) known_parser: &'r dyn Fn(&str) -> bool,
    pub(super) parsers: &'r [&'r str],
    pub(super) faults: Faults,
    pub(super) found: Vec<Found>,
    /// Where each id was first given. In small letters, because that is how images are called.
    pub(super) seen: HashMap<String, usize>,
}
