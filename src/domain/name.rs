//! Names that people choose. Each becomes a directory, an argument and a column of a table, so each
//! is safe as all three by construction: a value of these types never needs quoting or escaping.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing is there.
    #[error("is empty")]
    Empty,
    /// More than a directory entry comfortably holds.
    #[error("is {0} bytes long; 128 at most")]
    Long(usize),
    /// Would be hidden, an option, or a way out of the tree.
    #[error("starts with {0:?}; names start with a letter or a digit")]
    Start(char),
    /// A character that a shell, a path or a terminal could take for something else.
    #[error("contains {0:?}; names consist of letters, digits and . _ - + @ =")]
    Character(char),
}

fn check(text: &str) -> Result<(), BadName> {
    let first = text.chars().next().ok_or(BadName::Empty)?;
    if let Some(bad) = text
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || "._-+@=".contains(*c)))
    {
        return Err(BadName::Character(bad));
    }
    if !first.is_ascii_alphanumeric() {
        return Err(BadName::Start(first));
    }
    if text.len() > 128 {
        return Err(BadName::Long(text.len()));
    }
    Ok(())
}

macro_rules! name {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text of the name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $name {
            type Err = BadName;
            fn from_str(text: &str) -> Result<Self, BadName> {
                check(text).map(|()| $name(Arc::from(text)))
            }
        }
        impl TryFrom<String> for $name {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0.as_ref().to_owned()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    )*};
}

name! {
    /// A host of the fleet, as `fleet.toml` calls it: `eval1`.
    HostName;
    /// A set of jobs: the stem of the assignment file that brought them: `phase8`.
    SetName;
    /// One task of a dataset.
    InstanceId;
    /// A model (or agent) under evaluation.
    ModelName;
    /// A pipeline of `fleet.toml`.
    PipelineName;
    /// One phase of a pipeline.
    PhaseName;
    /// What people call an instance; carried through, never relied on.
    TaskName;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_names_are_names() {
        for text in [
            "1319603449576684",
            "12155_1",
            "owner__repo-123",
            "iterative__dvc_0.92.0_0.92.1",
            "gpt-5.1",
        ] {
            assert_eq!(text.parse::<InstanceId>().map(String::from), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_could_leave_the_tree_or_reach_a_shell_is_no_name() {
        for text in [
            "",
            ".",
            "..",
            "../x",
            "/etc",
            "a/b",
            "a b",
            "a\nb",
            "-rf",
            "$(id)",
            "a;b",
            "`x`",
            "a\0b",
            "é",
            ".hidden",
            "~",
            "a\u{1b}[31m",
        ] {
            assert!(text.parse::<InstanceId>().is_err(), "{text:?}");
        }
        assert!("x".repeat(129).parse::<InstanceId>().is_err());
    }
}
