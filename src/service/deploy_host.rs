//! One host of a deployment: what has to be done there, done, and how it went.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::{Project, harness};
use crate::collect::{Origin, Parcel, send};
use crate::config::Harness as Settings;
use crate::domain::deploy::{Harness, Install, Installed, Look, Place, Room};
use crate::domain::host::HostConfig;
use crate::domain::tree::{Tree, short};
use crate::domain::wire::{Answer, Ask};
use crate::domain::{AttemptId, Sha256, Span};
use crate::report::words;
use crate::transport::Call;

/// What is to be in use on every host.
pub struct Deployment<'a> {
    /// The version.
    pub tree: Sha256,
    /// Where it lies here, and what is in it; none where hosts must have it.
    pub source: Option<(&'a Path, &'a Tree)>,
    /// What `fleet.toml` says of harnesses.
    pub settings: &'a Settings,
    /// Move aside a harness that was not brought by `fleet`.
    pub replace: bool,
    /// Versions kept beside the one in use.
    pub keep: u32,
    /// Only find out.
    pub dry_run: bool,
    /// A transfer is dead that is silent for so long.
    pub silence: Span,
}

/// How it went on one host.
#[derive(Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum DeployOutcome {
    /// It was in use already.
    Current {
        /// Files there that were not sent.
        unknown: usize,
    },
    /// It is in use now.
    Switched {
        /// Files that were compared after they were sent.
        sent: usize,
        /// Where what was there lies now.
        #[serde(skip_serializing_if = "Option::is_none")]
        aside: Option<String>,
        /// Versions that are not kept any more.
        removed: Vec<Sha256>,
    },
    /// It would be.
    WouldSwitch {
        /// What is there.
        place: Place,
        /// Files that differ.
        differing: usize,
    },
    /// It is ready; these attempts run under another one.
    Busy {
        /// Which.
        attempts: Vec<AttemptId>,
    },
    /// Something lies there that `fleet` did not bring.
    Occupied {
        /// What.
        place: Place,
    },
    /// It failed, and the harness in use is what it was.
    Failed {
        /// The cause.
        why: String,
    },
}

impl Deployment<'_> {
    /// Does what is to be done on this host.
    pub async fn deploy_to(&self, project: &Project, host: &HostConfig) -> DeployOutcome {
        let mut call = match harness::open_call(project, host).await {
            Ok(call) => call,
            Err(why) => return DeployOutcome::Failed { why },
        };
        let outcome = self.converse(&mut call, host).await;
        call.hang_up().await;
        outcome.unwrap_or_else(|why| DeployOutcome::Failed { why })
    }

    async fn converse(&self, call: &mut Call, host: &HostConfig) -> Result<DeployOutcome, String> {
        let look = Look::Whole(self.settings.exclude.clone());
        let found = harness::inspect_harness(call, host, look).await?;
        if found.place == Place::Version(self.tree) && found.tree.digest() == self.tree {
            return Ok(DeployOutcome::Current {
                unknown: found.unknown.0.len(),
            });
        }
        let ours = matches!(found.place, Place::Absent | Place::Version(_));
        if found.place == Place::Other || !(ours || self.replace) {
            return Ok(DeployOutcome::Occupied { place: found.place });
        }
        if self.dry_run {
            return self.would(found);
        }
        let mut sent = 0;
        if !found.versions.contains(&self.tree) {
            sent = self.send(call, host).await?;
        }
        let mut installed = self.install(call, host).await?;
        if installed == Installed::NotHere && sent == 0 && self.source.is_some() {
            // What it kept is not whole any more.
            sent = self.send(call, host).await?;
            installed = self.install(call, host).await?;
        }
        match installed {
            Installed::Switched { aside, removed } => Ok(DeployOutcome::Switched { sent, aside, removed }),
            Installed::Busy(attempts) => Ok(DeployOutcome::Busy { attempts }),
            Installed::Occupied(place) => Ok(DeployOutcome::Occupied { place }),
            Installed::NotHere if self.source.is_some() => {
                Err("what arrived is not what was read here; did the tree change meanwhile?".to_owned())
            }
            Installed::NotHere => Err(format!("it keeps no whole version {}", short(self.tree))),
            Installed::SetupFailed(why) => Err(format!("the set-up failed: {why}")),
        }
    }

    fn would(&self, found: Harness) -> Result<DeployOutcome, String> {
        if !found.held.is_empty() {
            return Ok(DeployOutcome::Busy { attempts: found.held });
        }
        let differing = match self.source {
            Some((_, tree)) => tree.drift(&found.tree).len(),
            None if !found.versions.contains(&self.tree) => {
                return Err(format!("it keeps no version {}", short(self.tree)));
            }
            None => 0,
        };
        Ok(DeployOutcome::WouldSwitch {
            place: found.place,
            differing,
        })
    }

    /// Sends all files; how many there are.
    async fn send(&self, call: &mut Call, host: &HostConfig) -> Result<usize, String> {
        let Some((from, tree)) = self.source else {
            return Ok(0);
        };
        let room: Room = match call.ask(Ask::Receive).await {
            Ok(Answer::Room(room)) => room,
            Ok(Answer::Failed(why)) => return Err(why),
            Ok(other) => return Err(format!("unexpected answer {other:?}")),
            Err(error) => return Err(error.bare().to_string()),
        };
        let to = Origin {
            host: host.name.clone(),
            rsh: call.origin.rsh.clone(),
            base: call.origin.base.clone(),
        };
        let files: Vec<&str> = tree.0.keys().map(String::as_str).collect();
        let parcel = Parcel {
            from,
            files: &files,
            below: &room.below,
            like: room.like.as_deref(),
            silence: self.silence,
        };
        send(&to, &parcel).await.map_err(|error| error.to_string())?;
        Ok(files.len())
    }

    async fn install(&self, call: &mut Call, host: &HostConfig) -> Result<Installed, String> {
        let wish = Install {
            at: host.harness.clone().unwrap_or_default(),
            tree: self.tree,
            exclude: self.settings.exclude.clone(),
            setup: self.settings.setup.clone(),
            keep: self.keep,
            replace: self.replace,
        };
        match call.ask(Ask::Install(Box::new(wish))).await {
            Ok(Answer::Installed(installed)) => Ok(installed),
            Ok(Answer::Failed(why)) => Err(why),
            Ok(other) => Err(format!("unexpected answer {other:?}")),
            Err(error) => Err(error.bare().to_string()),
        }
    }
}

impl DeployOutcome {
    /// How it went, for people.
    pub fn describe(&self) -> String {
        match self {
            DeployOutcome::Current { unknown: 0 } => "has it already".to_owned(),
            DeployOutcome::Current { unknown } => format!(
                "has it already, and {} that nobody sent",
                words::count(*unknown, "file", "files")
            ),
            DeployOutcome::Switched { sent, aside, removed } => {
                let mut text = match sent {
                    0 => "switched to a version that it kept".to_owned(),
                    n => format!("switched; {} compared", words::count(*n, "file", "files")),
                };
                // Writing to a String cannot fail.
                if let Some(aside) = aside {
                    let _ = write!(text, "; what was there is {aside} now");
                }
                if !removed.is_empty() {
                    let removed = words::count(removed.len(), "old version", "old versions");
                    let _ = write!(text, "; {removed} removed");
                }
                text
            }
            DeployOutcome::WouldSwitch { place, differing } => {
                let files = words::count(*differing, "file differs", "files differ");
                format!("would switch from {}; {files}", what(place))
            }
            DeployOutcome::Busy { attempts } => {
                let names: Vec<String> = attempts.iter().map(ToString::to_string).collect();
                format!("busy with {}; the harness in use stays", names.join(", "))
            }
            DeployOutcome::Occupied { place } => format!("has {}, which fleet did not bring", what(place)),
            DeployOutcome::Failed { why } => why.clone(),
        }
    }

    /// Does the host have it now, or would it?
    pub fn is_there(&self) -> bool {
        !matches!(
            self,
            DeployOutcome::Occupied { .. } | DeployOutcome::Failed { .. }
        )
    }

    /// What to do about it.
    pub fn way_out(&self) -> Option<&'static str> {
        match self {
            DeployOutcome::Busy { .. } => Some("run it again when the host is idle"),
            DeployOutcome::Occupied { place: Place::Other } => Some("look at it by hand, and move it away"),
            DeployOutcome::Occupied { .. } => {
                Some("`fleet deploy --replace` moves it aside; its config.toml is taken over")
            }
            DeployOutcome::Failed { .. } => {
                Some("mend it and run the same command again; `fleet doctor` may tell more")
            }
            DeployOutcome::Current { .. }
            | DeployOutcome::Switched { .. }
            | DeployOutcome::WouldSwitch { .. } => None,
        }
    }
}

fn what(place: &Place) -> String {
    match place {
        Place::Absent => "nothing".to_owned(),
        Place::Directory => "a directory".to_owned(),
        Place::Version(tree) => format!("version {}", short(*tree)),
        Place::Link(target) => format!("a link to {target}"),
        Place::Other => "something that is no directory".to_owned(),
    }
}
