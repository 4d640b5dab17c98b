//! A hold: what keeps jobs from starting, and why. One word for all of it: a host that a person drains or pauses,
//! one that `plan` has put in quarantine, a model whose provider refuses, a set that is to wait.
//!
//! A hold never touches what runs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::name::{HostName, ModelName, SetName};
use super::time::Timestamp;

/// Whose jobs wait.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// Nothing new starts on this host.
    Host(HostName),
    /// No job of this model starts.
    Model(ModelName),
    /// No job of this set starts.
    Set(SetName),
    /// No job that needs this image starts.
    Image(String),
    /// Nothing starts anywhere: what this host remembers is not known, and it may be running any job that waits.
    Memory(HostName),
}

/// What kind of hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A person has paused it: nothing starts.
    Paused,
    /// A person wants the host empty: it finishes its jobs, with all of their phases, and takes no new ones.
    Draining,
    /// What runs there fails, and the same works elsewhere. Ends after a while.
    Quarantined,
    /// The host itself says what is wrong with it. Ends as soon as it says otherwise.
    Ailing,
    /// Its provider refuses it; or its image is no good on any host. Ends when a person says so.
    Refused,
    /// The database is older than what hosts have done since, and this one was not heard. Ends when it is, or when
    /// a person says that it is gone.
    Unheard,
}

/// One hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// What kind.
    pub kind: Kind,
    /// Why, with the evidence.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
    /// When it ends by itself, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// What is remembered of a subject: whether it is held now, and what came before.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HoldRecord {
    /// The hold that is on it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// How often it was in quarantine since a person last vouched for it: each one lasts longer.
    #[serde(default)]
    pub strikes: u32,
    /// When it was last let go: evidence from before counts no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freed: Option<Timestamp>,
}

impl Kind {
    /// One word for tables.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Paused => "paused",
            Kind::Draining => "draining",
            Kind::Quarantined => "quarantined",
            Kind::Ailing => "ailing",
            Kind::Refused => "stopped",
            Kind::Unheard => "unheard",
        }
    }

    /// Did a person ask for it? `plan` does not overrule that.
    pub fn is_a_persons(self) -> bool {
        matches!(self, Kind::Paused | Kind::Draining)
    }
}

impl Subject {
    /// What sort of thing, and its name.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Subject::Host(name) => ("host", name.as_str()),
            Subject::Model(name) => ("model", name.as_str()),
            Subject::Set(name) => ("set", name.as_str()),
            Subject::Image(source) => ("image", source),
            Subject::Memory(host) => ("memory", host.as_str()),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sort, name) = self.parts();
        write!(f, "{sort} {name}")
    }
}

impl FromStr for Subject {
    type Err = String;

    fn from_str(text: &str) -> Result<Subject, String> {
        let (sort, name) = text.split_once(' ').unwrap_or((text, ""));
        let bad = |error: super::name::BadName| format!("`{}` {error}", name.escape_debug());
        match sort {
            "host" => name.parse().map(Subject::Host).map_err(bad),
            "model" => name.parse().map(Subject::Model).map_err(bad),
            "set" => name.parse().map(Subject::Set).map_err(bad),
            "image" if !name.is_empty() => Ok(Subject::Image(name.to_owned())),
            "memory" => name.parse().map(Subject::Memory).map_err(bad),
            _ => Err(format!(
                "`{}` is neither host, model, set nor image",
                text.escape_debug()
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_read_as_it_is_shown() {
        for text in [
            "host eval3",
            "model gpt",
            "set phase8",
            "image s3://b/k-1.tar",
            "memory eval3",
        ] {
            assert_eq!(text.parse::<Subject>().unwrap().to_string(), text);
        }
        for text in ["eval3", "host", "host a b", "image ", "slot 1"] {
            assert!(text.parse::<Subject>().is_err(), "{text}");
        }
    }
}
