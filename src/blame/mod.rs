//! Floor 1: blame. What a failure's text says of its cause: the catalogue of all that went wrong in years of
//! runs, as data, and the few functions that read it.
//!
//! What the model did is never laid on others, and the other way round. Where nothing is known, nothing is said.

pub mod advice;
mod agent;
mod catalogue;
mod pressure;
mod signature;

pub use agent::of_agent;
pub use catalogue::catalogue;
pub use pressure::{Pressure, may_hold_pressure, pressure};
pub use signature::{Signature, State};

use crate::domain::fault::{Fault, FaultName};
use crate::domain::program_exit::ProgramExit;
use crate::domain::swe::Task;

/// Of a long text so much is read, from its end: that is where failures speak.
const READ: usize = 256 * 1024;

/// What this text says of the failure that it tells of, in whatever phase.
pub fn explain(text: &str) -> Option<Fault> {
    first(text, |_| true)
}

/// The same, where the phase is known: what only other phases can fail of is passed over.
pub fn explain_in(phase: Task, text: &str) -> Option<Fault> {
    first(text, |signature| signature.phases.contains(&phase))
}

/// What the exit code of a container or of a harness says by itself.
pub fn of_exit(code: i32) -> Option<Fault> {
    let name = match ProgramExit::of(code) {
        ProgramExit::Killed => FaultName::OutOfMemory,
        ProgramExit::Crashed => FaultName::WrongArchitecture,
        ProgramExit::NoResource => FaultName::DockerResources,
        ProgramExit::Done
        | ProgramExit::CannotStart
        | ProgramExit::NotFound
        | ProgramExit::NoConnection
        | ProgramExit::Other(_) => return None,
    };
    let signature = catalogue().find(|signature| signature.name == name)?;
    Some(signature.fault(&format!("exit code {code}: {}", signature.means)))
}

/// What is said by a state that no text tells of.
pub fn of_state(state: State) -> Option<Fault> {
    let signature = catalogue().find(|signature| signature.state == Some(state))?;
    Some(signature.fault(signature.means))
}

fn first(text: &str, applies: impl Fn(&Signature) -> bool) -> Option<Fault> {
    let text = tail(text);
    // Once for all: docker and the kernel do not agree on capitals.
    let lower = text.to_ascii_lowercase();
    let lines: Vec<(&str, &str)> = text
        .lines()
        .zip(lower.lines())
        .filter(|(_, line)| {
            !catalogue::HARMLESS
                .iter()
                .any(|marks| marks.iter().all(|mark| line.contains(mark)))
        })
        .collect();
    catalogue()
        .filter(|signature| applies(signature))
        .find_map(|signature| {
            let (line, _) = lines.iter().rev().find(|(_, line)| signature.is_told_by(line))?;
            Some(signature.fault(line))
        })
}

fn tail(text: &str) -> &str {
    let from = text.len().saturating_sub(READ);
    let from = (from..=text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len());
    &text[from..]
}

#[cfg(test)]
mod tests;
