//! The kinds of values in `fleet.toml`: what a text or number must be to be one.

use crate::domain::memory::UNLIMITED;
use crate::domain::{HostName, Span};

use super::finding::quoted;
use super::value::Value;

/// What a value must be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Safe as a directory, an argument and a column: the domain's law.
    Name,
    /// A path on this machine.
    Path,
    /// The path of a file in the harness.
    Inside,
    /// A path on a host: absolute or below the home there, of plain characters only.
    HostPath,
    /// One line of text.
    Text,
    /// Text of any number of lines.
    Script,
    /// What `ssh` takes as destination.
    Destination,
    /// The name of an environment variable.
    Variable,
    /// A working directory, placeholders allowed.
    Directory,
    /// A whole number between these.
    Count(u32, u32),
    /// Bytes with a unit, between these.
    Bytes(u64, u64),
    /// Bytes with a unit, between these, or no limit.
    Memory(u64, u64),
    /// A length of time, between these seconds.
    Time(u64, u64),
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Program and arguments.
    Run,
    /// `NAME = "value"`.
    Variables,
    /// Any number of these, without repetition.
    List(&'static Kind),
    /// One table.
    Table(&'static [Key]),
    /// `[[…]]`: tables with a unique `name`; how many at least.
    Tables(&'static [Key], usize),
}

/// One key of a table.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) need: Need,
    /// For people; lines of a doc comment.
    pub(super) doc: &'static str,
}

/// What if a key is not there?
#[derive(Debug, Clone, Copy)]
pub(super) enum Need {
    /// A fault.
    Required,
    /// Fine.
    Optional,
    /// As if this had been written.
    Default(&'static str),
}

/// What is wrong with a value, and what would be right.
pub(super) type Fault = (String, Option<String>);

impl Kind {
    /// What a person must write, in words.
    pub(super) fn wanted(self) -> String {
        match self {
            Kind::Name => "a name in quotes".to_owned(),
            Kind::Path | Kind::HostPath | Kind::Directory | Kind::Inside => "a path in quotes".to_owned(),
            Kind::Text => "a text in quotes".to_owned(),
            Kind::Script => "a script in quotes".to_owned(),
            Kind::Destination => "an ssh destination in quotes".to_owned(),
            Kind::Variable => "the name of a variable in quotes".to_owned(),
            Kind::Count(least, most) => format!("a whole number from {least} to {most}"),
            Kind::Bytes(..) => "a size in quotes, like \"8MiB\"".to_owned(),
            Kind::Memory(..) => format!("a size in quotes, like \"8GiB\", or \"{UNLIMITED}\""),
            Kind::Time(..) => "a length of time in quotes, like \"90s\", \"10m\" or \"4h\"".to_owned(),
            Kind::Flag => "true or false, without quotes".to_owned(),
            Kind::Choice(words) => format!("one of \"{}\"", words.join("\", \"")),
            Kind::Run => "a list of program and arguments, like [\"prog\", \"arg\"]".to_owned(),
            Kind::Variables => "a table of variables, like { NAME = \"value\" }".to_owned(),
            Kind::List(_) => "a list, like [\"a\", \"b\"]".to_owned(),
            Kind::Table(_) => "a table, like [name]".to_owned(),
            Kind::Tables(..) => "a list of tables, each headed by [[name]]".to_owned(),
        }
    }

    /// The value that this text stands for: of a string, of the digits of a number, of a default.
    pub(super) fn of_text(self, text: &str) -> Result<Value, Fault> {
        let plain = |fault: String| (format!("{} {fault}", quoted(text)), None);
        let value = || Ok(Value::Text(text.to_owned()));
        match self {
            Kind::Name => match text.parse::<HostName>() {
                Ok(_) => value(),
                Err(bad) => Err(plain(bad.to_string())),
            },
            Kind::Script if text.contains('\0') => Err(("a script cannot contain a NUL".to_owned(), None)),
            Kind::Text if text.is_empty() || text.chars().any(char::is_control) => {
                Err(("write one line of text".to_owned(), None))
            }
            Kind::Script | Kind::Text => value(),
            Kind::Path | Kind::Directory => match path_fault(text) {
                None => value(),
                Some(fault) => Err(plain(fault.to_owned())),
            },
            Kind::Inside if crate::domain::tree::is_inside(text) && !text.chars().any(char::is_control) => {
                value()
            }
            Kind::Inside => Err(plain(
                "is not the path of a file in the harness, like openhands/runtime/builder/docker.py"
                    .to_owned(),
            )),
            Kind::HostPath => match host_path_fault(text) {
                None => value(),
                Some(fault) => Err(plain(fault)),
            },
            Kind::Destination => match destination_fault(text) {
                None => value(),
                Some(fault) => Err(plain(fault)),
            },
            Kind::Variable => match variable_fault(text) {
                None => value(),
                Some(fault) => Err(plain(fault.to_owned())),
            },
            Kind::Choice(words) if words.contains(&text) => value(),
            Kind::Choice(words) => Err((
                format!("{} is none of the choices", quoted(text)),
                Some(super::finding::suggestion(text, words.iter().copied())),
            )),
            Kind::Count(least, most) => text
                .parse()
                .ok()
                .filter(|n| (u64::from(least)..=u64::from(most)).contains(n))
                .map(Value::Number)
                .ok_or_else(|| (format!("{text} is not {}", self.wanted()), None)),
            Kind::Memory(..) if text == UNLIMITED => value(),
            Kind::Bytes(least, most) | Kind::Memory(least, most) => {
                let bytes = bytes(text).ok_or_else(|| plain(format!("is not {}", self.wanted())))?;
                if !(least..=most).contains(&bytes) {
                    return Err(plain(format!("is not between {least} and {most} bytes")));
                }
                Ok(Value::Number(bytes))
            }
            Kind::Time(least, most) => {
                let span: Span = text.parse().map_err(|_: String| {
                    plain("is not a length of time; write 250ms, 90s, 10m, 2h or 1d".into())
                })?;
                let (least, most) = (Span::seconds(least), Span::seconds(most));
                if !(least..=most).contains(&span) {
                    return Err(plain(format!("is not between {least} and {most}")));
                }
                Ok(Value::Number(span.0))
            }
            Kind::Flag if text == "true" || text == "false" => Ok(Value::Flag(text == "true")),
            Kind::Flag | Kind::Run | Kind::Variables | Kind::List(_) | Kind::Table(_) | Kind::Tables(..) => {
                Err((format!("this must be {}", self.wanted()), None))
            }
        }
    }

    /// Are its values written as TOML strings?
    pub(super) fn is_text(self) -> bool {
        !matches!(
            self,
            Kind::Count(..)
                | Kind::Flag
                | Kind::Run
                | Kind::Variables
                | Kind::List(_)
                | Kind::Table(_)
                | Kind::Tables(..)
        )
    }
}

/// What keeps a text from being a path of this machine.
pub(crate) fn path_fault(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("is empty; write a path")
    } else if text.chars().any(char::is_control) {
        Some("contains a control character, which no path needs")
    } else if text.len() > 4000 {
        Some("is longer than any path can be")
    } else {
        None
    }
}

/// What keeps a text from being the name of an environment variable that a user may pass or set.
pub(crate) fn variable_fault(text: &str) -> Option<&'static str> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.is_empty() || text.len() > 128 || text.starts_with(|c: char| c.is_ascii_digit()) {
        Some("is not the name of a variable, like OPENAI_API_KEY")
    } else if text.contains('=') {
        Some("is not a name; write the name only, never its value")
    } else if !text.chars().all(good) {
        Some("is not the name of a variable; these consist of letters, digits and _")
    } else if text.starts_with("FLEET_") {
        Some("begins with FLEET_; fleet sets those itself")
    } else {
        None
    }
}

fn host_path_fault(text: &str) -> Option<String> {
    // The path becomes part of what the host's login shell is asked to run.
    let Some(below) = text.strip_prefix("~/").or_else(|| text.strip_prefix('/')) else {
        return Some("does not begin with / or ~/; a host has no other place to start from".to_owned());
    };
    if below
        .split('/')
        .any(|part| part.is_empty() || part == "." || part == "..")
    {
        return Some("has an empty, `.` or `..` part".to_owned());
    }
    if below.len() > 1000 {
        return Some("is longer than fits".to_owned());
    }
    let bad = below
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || "._-+@=/".contains(*c)))?;
    Some(format!(
        "contains {bad:?}; paths on hosts consist of letters, digits and . _ - + @ = /"
    ))
}

fn destination_fault(text: &str) -> Option<String> {
    if !text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '[') || text.len() > 500 {
        return Some("is not an ssh destination, like `user@host` or a Host of ~/.ssh/config".to_owned());
    }
    let bad = text
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || "._-+@=:/[]%".contains(*c)))?;
    Some(format!("contains {bad:?}, which no ssh destination has"))
}

/// The units of sizes.
pub(super) const UNITS: [(&str, u64); 7] = [
    ("B", 1),
    ("kB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

fn bytes(text: &str) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (_, size) = UNITS.iter().find(|(unit, _)| *unit == &text[digits..])?;
    text[..digits].parse::<u64>().ok()?.checked_mul(*size)
}
