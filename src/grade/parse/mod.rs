//! Test logs, read by the parser that a dataset names.
//!
//! [`parse`] gives each test's status, [`sign()`] says whether the framework itself came to its end, and
//! [`report_range`] where in the log the framework speaks. The names of tests are those of the client's
//! reference parsers, because datasets contain these; [`Parser::head`] reads as the public harness does.
//!
//! Invariant: a log is untrusted. Whatever stands in it, every function here ends after a time that grows
//! with its length and no faster, and none of them panics.

mod status;
mod stream;
mod results;
mod scan;
mod sign;
mod registry;
mod failures;
mod pytest;
mod session;
mod unittest;
mod legacy;
mod go;
mod rust;
mod javascript;
mod browser;
mod java;
mod php;
mod minitest;
mod rspec;
mod check;
mod cpp;
mod c_sign;
mod ctest;
mod gtest;
mod tap;
mod xml;
mod make;
mod swelancer;

pub use failures::{Failures, failures};
pub use registry::{Flavour, Parser};
pub use results::{Counts, Results, Whole};
pub use session::Kinds;
pub use sign::Sign;
pub use status::Status;
pub use stream::{Stream, stream};

use std::ops::Range;

use registry::Grammar;

/// What became of each test that the log tells of: in the order in which they first appear; for one named
/// twice the last status holds.
pub fn parse(parser: Parser, log: &str) -> Results {
    let head = parser.flavour() == Flavour::VeloraHead;
    let uncoloured = if head { log.into() } else { scan::uncoloured(log) };
    let log = uncoloured.as_ref();
    match parser.grammar() {
        Grammar::Pytest => pytest::plain(log),
        Grammar::PytestV2 => pytest::v2(log),
        Grammar::PytestV3 => pytest::v3(log, parser.flavour()),
        Grammar::PytestOptions => pytest::options(log),
        Grammar::PytestSwesmith => pytest::swesmith(log),
        Grammar::Matplotlib => legacy::matplotlib(log),
        Grammar::Seaborn => legacy::seaborn(log),
        Grammar::Paramiko => legacy::paramiko(log),
        Grammar::Autograd => legacy::autograd(log),
        Grammar::Mypy => legacy::mypy(log),
        Grammar::Django => legacy::django(log),
        Grammar::Slugify => legacy::slugify(log),
        Grammar::Tornado => legacy::tornado(log),
        Grammar::Sympy => legacy::sympy(log),
        Grammar::Unittest if head => unittest::one_line(log),
        Grammar::Unittest => unittest::verbose(log),
        Grammar::Junit => java::junit(log),
        Grammar::Maven => java::maven(log),
        Grammar::Jest => javascript::jest(log),
        Grammar::JestJson => javascript::jest_json(log),
        Grammar::MochaJson => javascript::mocha_json(log),
        Grammar::GoJson => go::json(log),
        Grammar::Go => go::text(log),
        Grammar::CargoTest => rust::cargo_test(log),
        Grammar::Cargo => rust::cargo(log),
        Grammar::Check => check::parse(log),
        Grammar::Cpp => cpp::parse(log),
        Grammar::Meson => make::meson(log),
        Grammar::Make => make::make(log),
        Grammar::Phpunit => php::parse(log, parser.flavour()),
        Grammar::Minitest => minitest::parse(log),
        Grammar::Rspec | Grammar::RspecJson => rspec::parse(log),
        Grammar::Swelancer => swelancer::parse(log, parser.flavour()),
        Grammar::Vitest => browser::vitest(log),
        Grammar::Karma => browser::karma(log),
        Grammar::Tap => tap::numbered_lines(log),
        Grammar::Gradle => java::gradle(log),
        Grammar::Ant => java::ant(log),
        Grammar::Googletest => gtest::parse(log),
    }
}

/// Whether the framework itself says that it has run to its end, apart from the lines on single tests.
pub fn sign(parser: Parser, log: &str) -> Sign {
    let plainly = |read: fn(&str) -> Sign| read(&scan::uncoloured(log));
    match parser.grammar() {
        Grammar::Pytest
        | Grammar::PytestV2
        | Grammar::PytestV3
        | Grammar::PytestOptions
        | Grammar::PytestSwesmith
        | Grammar::Matplotlib
        | Grammar::Seaborn
        | Grammar::Paramiko
        | Grammar::Autograd
        // Its sign is the last of all lines: the colours of the others need not be taken off.
        | Grammar::Mypy => session::sign(log),
        Grammar::Unittest | Grammar::Django | Grammar::Slugify | Grammar::Tornado => plainly(unittest::sign),
        Grammar::Sympy => plainly(legacy::sympy_sign),
        Grammar::Junit | Grammar::JestJson => Sign::NotTold,
        Grammar::Maven => plainly(java::maven_sign),
        Grammar::Jest => plainly(javascript::jest_sign),
        Grammar::MochaJson => plainly(javascript::mocha_sign),
        Grammar::GoJson => plainly(go::json_sign),
        Grammar::Go => plainly(go::text_sign),
        Grammar::CargoTest | Grammar::Cargo => plainly(rust::sign),
        Grammar::Check | Grammar::Cpp | Grammar::Googletest => plainly(c_sign::sign),
        Grammar::Meson => plainly(make::meson_sign),
        Grammar::Make => plainly(make::make_sign),
        Grammar::Phpunit => plainly(php::sign),
        Grammar::Minitest => plainly(minitest::sign),
        Grammar::Rspec => plainly(rspec::sign),
        Grammar::RspecJson => plainly(rspec::sign).or_not_told(),
        Grammar::Swelancer => plainly(swelancer::sign),
        Grammar::Vitest => plainly(browser::vitest_sign),
        Grammar::Karma => plainly(browser::karma_sign),
        Grammar::Tap => plainly(tap::sign),
        Grammar::Gradle | Grammar::Ant => plainly(java::build_sign),
    }
}

/// The lists of all reports that pytest has left in a log, first to last.
pub fn lists(log: &str) -> Vec<Range<usize>> {
    session::lists(log)
}

/// How many lines of each kind one of pytest's lists has.
pub fn kinds(list: &str) -> Kinds {
    session::kinds(list)
}

/// Does one of pytest's lists have lines that pytest does not write there?
pub fn is_interrupted(list: &str) -> bool {
    session::is_interrupted(list)
}

/// Does the text hold the end of one of pytest's sessions, or the head of a section?
pub fn parts_sections(text: &str) -> bool {
    session::parts_sections(text)
}

/// Where in the log the framework itself reports, in bytes, so that lines printed by the code under test
/// can be told from it. The whole log where it cannot be told.
pub fn report_range(parser: Parser, log: &str) -> Range<usize> {
    match parser.grammar() {
        Grammar::Pytest
        | Grammar::PytestV2
        | Grammar::PytestV3
        | Grammar::PytestOptions
        | Grammar::PytestSwesmith
        | Grammar::Matplotlib
        | Grammar::Seaborn
        | Grammar::Paramiko => session::report_range(log),
        Grammar::Unittest | Grammar::Django | Grammar::Slugify | Grammar::Tornado => {
            unittest::report_range(log)
        }
        _ => 0..log.len(),
    }
}

#[cfg(test)]
mod tests;
