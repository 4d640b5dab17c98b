//! What a host has of attempts, as its runner tells it on a link.

use serde::{Deserialize, Serialize};

use super::id::{AttemptId, Epoch};
use super::job::Job;
use super::journal::Outcome;

/// What is on a host: capsules, and what else must be known before the absence of one means anything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "InventoryForm", into = "InventoryForm")]
pub struct Inventory {
    /// Every capsule that could be read.
    pub capsules: Vec<Capsule>,
    /// Every attempt that is there and about which nothing can be said yet.
    pub unreadable: Vec<Unreadable>,
    /// Every attempt whose supervisor holds a slot, whether or not its capsule is there.
    pub held: Vec<AttemptId>,
}

/// An attempt that is on the host and could not be looked into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// Which attempt.
    pub attempt: AttemptId,
    /// Why not. Quotes the host.
    pub why: String,
    /// Its job as it was dispatched, if asked for, where that much can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Job>,
}

impl Inventory {
    /// Every attempt that it tells of.
    pub fn attempts(&self) -> impl Iterator<Item = AttemptId> {
        let read = self.capsules.iter().map(|capsule| capsule.attempt);
        read.chain(self.hidden().map(|(attempt, _)| attempt))
    }

    /// Every attempt that is there and about which it cannot say more, and why.
    pub fn hidden(&self) -> impl Iterator<Item = (AttemptId, &str)> {
        let read = |held: &&AttemptId| !self.capsules.iter().any(|capsule| capsule.attempt == **held);
        let told = |held: &&AttemptId| !self.unreadable.iter().any(|one| one.attempt == **held);
        let gone = "its supervisor lives, and its directory is gone";
        let held = self.held.iter().filter(read).filter(told);
        let unreadable = self.unreadable.iter().map(|one| (one.attempt, one.why.as_str()));
        unreadable.chain(held.map(move |held| (*held, gone)))
    }
}

/// How an inventory is written: as in protocol 1, a bare list, where there is nothing to say beside the capsules.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum InventoryForm {
    Capsules(Vec<Capsule>),
    Whole {
        capsules: Vec<Capsule>,
        #[serde(default)]
        unreadable: Vec<Unreadable>,
        #[serde(default)]
        held: Vec<AttemptId>,
    },
}

impl From<InventoryForm> for Inventory {
    fn from(form: InventoryForm) -> Inventory {
        match form {
            InventoryForm::Capsules(capsules) => Inventory {
                capsules,
                ..Inventory::default()
            },
            InventoryForm::Whole {
                capsules,
                unreadable,
                held,
            } => Inventory {
                capsules,
                unreadable,
                held,
            },
        }
    }
}

impl From<Inventory> for InventoryForm {
    fn from(inventory: Inventory) -> InventoryForm {
        let Inventory {
            capsules,
            unreadable,
            held,
        } = inventory;
        if unreadable.is_empty() && held.is_empty() {
            InventoryForm::Capsules(capsules)
        } else {
            InventoryForm::Whole {
                capsules,
                unreadable,
                held,
            }
        }
    }
}

/// One capsule of an inventory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capsule {
    /// Which attempt.
    pub attempt: AttemptId,
    /// The coordinator that had asked for it.
    pub epoch: Epoch,
    /// How it ended; none if it is alive.
    pub outcome: Option<Outcome>,
    /// The length of its journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<u64>,
    /// The job as it was dispatched, if asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Job>,
}
