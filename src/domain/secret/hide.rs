//! Types that hold texts which other programs wrote: here secrets are hidden in those texts. Names, ids and numbers are
//! not searched.

use super::Redactor;
use crate::domain::conclusion::Conclusion;
use crate::domain::deploy::Installed;
use crate::domain::event::{Event, Refusal};
use crate::domain::evidence::{Evidence, Golden};
use crate::domain::exam::CheckResult;
use crate::domain::fault::Fault;
use crate::domain::journal::{Ending, Entry, Outcome};
use crate::domain::verdict::Verdict;
use crate::domain::wire::{Answer, Capsule, Inventory};

/// Something with texts that may quote a secret.
pub trait Hide {
    /// Takes every secret out of them.
    fn hide(&mut self, redactor: &Redactor);
}

impl Hide for String {
    fn hide(&mut self, redactor: &Redactor) {
        *self = redactor.hidden(self);
    }
}

impl<T: Hide> Hide for Option<T> {
    fn hide(&mut self, redactor: &Redactor) {
        if let Some(one) = self {
            one.hide(redactor);
        }
    }
}

impl<T: Hide> Hide for Box<T> {
    fn hide(&mut self, redactor: &Redactor) {
        self.as_mut().hide(redactor);
    }
}

impl<T: Hide> Hide for Vec<T> {
    fn hide(&mut self, redactor: &Redactor) {
        for one in self {
            one.hide(redactor);
        }
    }
}

impl Hide for Fault {
    fn hide(&mut self, redactor: &Redactor) {
        let Fault {
            class: _,
            name: _,
            what,
            again: _,
        } = self;
        what.hide(redactor);
    }
}

impl Hide for Verdict {
    fn hide(&mut self, redactor: &Redactor) {
        let Verdict {
            decision: _,
            outcome: _,
            why,
            fault,
            fail_to_pass: _,
            pass_to_pass: _,
            key: _,
            // Numbers, and names that the dataset has.
            shown: _,
        } = self;
        why.hide(redactor);
        fault.hide(redactor);
    }
}

impl Hide for Conclusion {
    fn hide(&mut self, redactor: &Redactor) {
        self.note.hide(redactor);
        self.fault.hide(redactor);
        self.verdict.hide(redactor);
    }
}

impl Hide for Evidence {
    fn hide(&mut self, redactor: &Redactor) {
        self.patch.said.hide(redactor);
        self.golden.hide(redactor);
        self.fault.hide(redactor);
    }
}

impl Hide for Golden {
    fn hide(&mut self, redactor: &Redactor) {
        self.said.hide(redactor);
    }
}

impl Hide for Ending {
    fn hide(&mut self, redactor: &Redactor) {
        match self {
            Ending::Exit(_) | Ending::Signal(_) | Ending::Deadline | Ending::Stall | Ending::Cancelled => {}
            Ending::NotStarted(why) | Ending::HostFault(why) => why.hide(redactor),
        }
    }
}

impl Hide for Outcome {
    fn hide(&mut self, redactor: &Redactor) {
        match self {
            Outcome::Succeeded | Outcome::Cancelled => {}
            Outcome::Failed { phase: _, ending } => ending.hide(redactor),
            Outcome::Lost { proof } => proof.hide(redactor),
        }
    }
}

impl Hide for Entry {
    fn hide(&mut self, redactor: &Redactor) {
        match self {
            Entry::Opened { .. }
            | Entry::PhaseStarted { .. }
            | Entry::Pressed { .. }
            | Entry::PhaseKept { .. } => {}
            Entry::PhaseEnded {
                phase: _,
                ending,
                took: _,
                output: _,
                excerpt,
                conclusion,
            } => {
                ending.hide(redactor);
                excerpt.hide(redactor);
                conclusion.hide(redactor);
            }
            Entry::Ended { outcome, seal: _ } => outcome.hide(redactor),
        }
    }
}

impl Hide for Refusal {
    fn hide(&mut self, redactor: &Redactor) {
        match self {
            Refusal::SlotsTaken(_) | Refusal::JobAlive(_) | Refusal::Fenced(_) => {}
            Refusal::HostFault(why) => why.hide(redactor),
        }
    }
}

impl Hide for Event {
    fn hide(&mut self, redactor: &Redactor) {
        match self {
            Event::JobAdded(_)
            | Event::Intended { .. }
            | Event::Found { .. }
            | Event::CancelAsked { .. }
            | Event::LinkUp { .. }
            | Event::Stocked { .. } => {}
            Event::Journaled { line, .. } => line.entry.hide(redactor),
            Event::Refused { why, .. } => why.hide(redactor),
            Event::Unfit { fault, .. } => fault.hide(redactor),
            Event::Lost { proof, .. } => proof.hide(redactor),
            Event::Graded { verdict, .. } => verdict.hide(redactor),
            Event::LinkDown { reason, .. } => reason.hide(redactor),
            Event::HostGone { word, .. } => word.hide(redactor),
            Event::Doubted { why, .. } => why.hide(redactor),
            Event::GaveUp { why, .. }
            | Event::Held { why, .. }
            | Event::Released { why, .. }
            | Event::Reopened { why, .. }
            | Event::Suspected { why, .. } => why.hide(redactor),
            Event::Cleaned { what, .. } => what.hide(redactor),
        }
    }
}

impl Hide for Capsule {
    fn hide(&mut self, redactor: &Redactor) {
        self.outcome.hide(redactor);
    }
}

impl Hide for Inventory {
    fn hide(&mut self, redactor: &Redactor) {
        let Inventory {
            capsules,
            unreadable,
            held: _,
        } = self;
        capsules.hide(redactor);
        for one in unreadable {
            one.why.hide(redactor);
        }
    }
}

impl Hide for CheckResult {
    fn hide(&mut self, redactor: &Redactor) {
        self.found.hide(redactor);
        self.safe.hide(redactor);
    }
}

impl Hide for Answer {
    fn hide(&mut self, redactor: &Redactor) {
        match self {
            // Pieces of files are as they are in the files.
            Answer::Done
            | Answer::Bytes { .. }
            | Answer::Has(_)
            | Answer::Lacks(_)
            | Answer::Facts(_)
            | Answer::Images(_)
            | Answer::Cleaned(_)
            | Answer::Harness(_)
            | Answer::Room(_) => {}
            Answer::Refused(why) => why.hide(redactor),
            Answer::Inventory(inventory) => inventory.hide(redactor),
            Answer::Fault(fault) => fault.hide(redactor),
            Answer::Installed(installed) => match installed {
                Installed::Switched { .. }
                | Installed::Busy(_)
                | Installed::Occupied(_)
                | Installed::NotHere => {}
                Installed::SetupFailed(why) => why.hide(redactor),
            },
            Answer::Observations(seen) => seen.hide(redactor),
            Answer::Failed(why) => why.hide(redactor),
        }
    }
}
