//! What the tests do with the dataset's own solution, where that is known: some commands end with another code
//! than 0 though nothing failed, and some suites have two tests of one name.

use std::collections::BTreeSet;

use super::parse::Parser;
use super::{command, reading};
use crate::domain::Instance;
use crate::domain::evidence::Evidence;

/// A run of the tests with the dataset's own solution.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Baseline {
    /// The exit code of the test command.
    pub exit: Option<i32>,
    /// The names of tests of which its log says both that they passed and that they failed.
    pub torn: BTreeSet<String>,
}

impl Baseline {
    /// Of the evidence that this run has left. None where no test ran, or nobody can read the log.
    pub fn of(instance: &Instance, evidence: &Evidence, log: &str) -> Option<Baseline> {
        let parser = Parser::named(&instance.parser)?;
        let tests = evidence.tests.as_ref().filter(|tests| !tests.timed_out)?;
        let reading = if parser.is_pytest() {
            reading::pytest(parser, log, command::read(&instance.test_command))
        } else {
            reading::whole(parser, log)
        };
        Some(Baseline {
            exit: tests.exit,
            torn: reading.torn.into_iter().collect(),
        })
    }
}
