//! Floor 1: from the log of a test run to a verdict. Pure: text in, values out.

pub mod parse;
