//! What `fleet doctor` has a host look at, beside its [`Facts`](super::wire::Facts), and what it saw. The host looks; what
//! is to be done about it is said at home.

use serde::{Deserialize, Serialize};

/// What is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Inspect {
    /// The harness that jobs use, if some do.
    pub harness: Option<Subject>,
    /// Jobs start containers.
    pub containers: bool,
    /// What is safe to mend is mended.
    pub mend: bool,
}

/// A harness to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Where it lies; `~/` is the home on the host.
    pub at: String,
    /// The files without which it is worth nothing, relative to it.
    pub critical: Vec<String>,
    /// The sections of its `config.toml` that models use.
    pub sections: Vec<Section>,
    /// It is the agent's, so that its Python must work.
    pub python: bool,
}

/// A section of the harness's `config.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// `llm.gpt`.
    pub name: String,
    /// It needs no key of its own: the model's jobs get one in their environment.
    pub keyless: bool,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// What.
    pub what: CheckKind,
    /// Is it as it should be?
    pub ok: bool,
    /// How it is. Untrusted.
    pub found: String,
    /// What can safely be done about it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safe: Option<String>,
    /// Was that done?
    #[serde(default)]
    pub done: bool,
}

/// What a host is looked at for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckKind {
    /// The file system of the runner's root: its locks are real, and this machine's alone.
    Locks,
    /// Room on the disk of the home.
    Home,
    /// Docker has addresses left for networks.
    Networks,
    /// Containers of attempts that have ended.
    Leftovers,
    /// Runs of the harness that no attempt started.
    Strays,
    /// The harness and its critical files.
    Harness,
    /// A commit that the harness can name.
    Commit,
    /// Poetry.
    Poetry,
    /// The Python that Poetry runs.
    Python,
    /// What the harness imports.
    Imports,
    /// The sections of its `config.toml`, and their keys.
    Llm,
    /// Who may read the keys.
    Private,
    /// What logout does to jobs.
    Logout,
}

impl CheckKind {
    /// One word for tables.
    pub fn word(self) -> &'static str {
        match self {
            CheckKind::Locks => "locks",
            CheckKind::Home => "home",
            CheckKind::Networks => "networks",
            CheckKind::Leftovers => "leftovers",
            CheckKind::Strays => "strays",
            CheckKind::Harness => "harness",
            CheckKind::Commit => "commit",
            CheckKind::Poetry => "poetry",
            CheckKind::Python => "python",
            CheckKind::Imports => "imports",
            CheckKind::Llm => "llm",
            CheckKind::Private => "private",
            CheckKind::Logout => "logout",
        }
    }
}
