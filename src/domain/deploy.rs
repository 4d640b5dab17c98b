//! What coordinator and host say to each other of a harness: what lies there, and how a new version comes to be there.

use serde::{Deserialize, Serialize};

use super::digest::Sha256;
use super::id::AttemptId;
use super::tree::Tree;

/// Which files of a harness are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Look {
    /// These, as far as they are there.
    Paths(Vec<String>),
    /// All but what is left out of every tree, and these patterns.
    Whole(Vec<String>),
}

/// What lies at a harness's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Nothing.
    Absent,
    /// A directory that `fleet deploy` did not make.
    Directory,
    /// A version that `fleet deploy` brought.
    Version(Sha256),
    /// A link to somewhere else.
    Link(String),
    /// Neither a directory nor a link.
    Other,
}

/// A harness as its host sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Harness {
    /// What lies there.
    pub place: Place,
    /// The files that were looked at; of a version, those that were sent.
    pub tree: Tree,
    /// Of a version, what has come to lie among them since.
    #[serde(default)]
    pub unknown: Tree,
    /// The versions that are ready, the one that was in use last first.
    pub versions: Vec<Sha256>,
    /// Attempts whose supervisors hold a slot.
    pub held: Vec<AttemptId>,
}

/// Where the files of a new version are to be put.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// An empty directory, relative to the runner's root.
    pub below: String,
    /// A directory beside it that probably has most of the files.
    pub like: Option<String>,
}

/// Makes a version the one in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Install {
    /// The harness's place; `~/` is the home on the host.
    pub at: String,
    /// Which version: the one that was just sent, or one that is ready.
    pub tree: Sha256,
    /// Patterns of what is no part of a tree, beside those that never are.
    pub exclude: Vec<String>,
    /// Run once in a version that was sent, before it is used; program and arguments.
    pub setup: Vec<String>,
    /// How many versions are kept beside the one in use.
    pub keep: u32,
    /// What `fleet deploy` did not put there may be moved aside.
    pub replace: bool,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Installed {
    /// It is the one in use.
    Switched {
        /// Where that is now which was there before, if it was no version.
        aside: Option<String>,
        /// Older versions that were removed.
        removed: Vec<Sha256>,
    },
    /// It is ready, and the other one is still in use: these attempts run.
    Busy(Vec<AttemptId>),
    /// Something lies there that is no version, and may not be moved.
    Occupied(Place),
    /// No whole version of this digest is here.
    NotHere,
    /// Its set-up failed; the other one is still in use.
    SetupFailed(String),
}
