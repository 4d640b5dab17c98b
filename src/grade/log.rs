//! What the test command printed: stdout, then stderr, and where the one ends.
//!
//! A framework tells its results on one stream. What the code under test prints on the other one is no result, whatever
//! it looks like. Logs of which it is not known where stderr begins are read as one text, as they always were.

use std::string::FromUtf8Error;

use super::parse::{self, Parser, Sign, Stream};

/// A log, and where stderr begins in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Printed {
    text: String,
    stderr: Option<usize>,
}

impl Printed {
    /// From the bytes that were kept, of which so many are stdout. Tests may print anything: what is no text is replaced.
    pub fn read(bytes: Vec<u8>, stdout: Option<u64>) -> Printed {
        let at = stdout.and_then(|at| usize::try_from(at).ok());
        let at = at.filter(|at| *at <= bytes.len());
        match (String::from_utf8(bytes), at) {
            (Ok(text), at) if at.is_none_or(|at| text.is_char_boundary(at)) => Printed { text, stderr: at },
            (text, at) => {
                let bytes = text.map_or_else(FromUtf8Error::into_bytes, String::into_bytes);
                let (stdout, stderr) = bytes.split_at(at.unwrap_or(bytes.len()));
                let mut text = String::from_utf8_lossy(stdout).into_owned();
                let stderr_at = at.map(|_| text.len());
                text.push_str(&String::from_utf8_lossy(stderr));
                Printed {
                    text,
                    stderr: stderr_at,
                }
            }
        }
    }

    /// All of it, stdout first.
    pub fn whole(&self) -> &str {
        &self.text
    }
}

/// The same, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct Log<'a> {
    text: &'a str,
    stderr: Option<usize>,
}

impl<'a> Log<'a> {
    /// All of it, stdout first.
    pub(super) fn whole(self) -> &'a str {
        self.text
    }

    /// The stream on which the framework speaks. A command may lead it to the other one (`2>&1`): so that one is taken
    /// where the framework says nothing on its own.
    pub(super) fn spoken(self, parser: Parser) -> &'a str {
        let Some((stdout, stderr)) = self.stderr.and_then(|at| self.text.split_at_checked(at)) else {
            return self.text;
        };
        let (own, other) = match parse::stream(parser) {
            Stream::Stdout => (stdout, stderr),
            Stream::Stderr => (stderr, stdout),
        };
        if !speaks(parser, own) && speaks(parser, other) {
            other
        } else {
            own
        }
    }
}

fn speaks(parser: Parser, text: &str) -> bool {
    matches!(parse::sign(parser, text), Sign::Ended { .. }) || !parse::parse(parser, text).tests.is_empty()
}

impl<'a> From<&'a Printed> for Log<'a> {
    fn from(printed: &'a Printed) -> Log<'a> {
        Log {
            text: &printed.text,
            stderr: printed.stderr,
        }
    }
}

impl<'a> From<&'a str> for Log<'a> {
    fn from(text: &'a str) -> Log<'a> {
        Log { text, stderr: None }
    }
}

impl<'a> From<&'a String> for Log<'a> {
    fn from(text: &'a String) -> Log<'a> {
        Log::from(text.as_str())
    }
}
