//! The trajectory: the agent solves the task and leaves one line, `out/output.jsonl`.
//!
//! Invariant: what the agent left decides, never its exit code; and it is looked for in a directory that
//! was empty when the agent began.

use super::context::{PhaseContext, PhaseOutcome, say};
use super::fault::fault;
use super::line::Line;
use super::{command, openhands, solution};
use crate::artifacts;
use crate::domain::Fault;
use crate::domain::evidence::{FILE, LOG, REPORT, TRAJECTORY};
use crate::domain::fault::{Again, Class, FaultName};
use crate::domain::swe::Agent;
use crate::doors::files;
use crate::doors::secrets;

/// What an earlier try of this phase, or a later phase of it, may have left.
const LEFT: [&str; 9] = [
    "out/agent",
    command::ROW,
    TRAJECTORY,
    "out/metadata.json",
    "out/llm_completions",
    "out/logs",
    FILE,
    LOG,
    REPORT,
];

/// Has the agent solve the task.
pub fn trajectory(context: &PhaseContext<'_>) -> Result<PhaseOutcome, Fault> {
    context.clear(&LEFT)?;
    let (line, how) = match &context.swe.agent {
        Agent::Gold => (solution::gold(context)?, "the dataset's own patch".to_owned()),
        Agent::Noop => (solution::noop(context)?, "no patch, on purpose".to_owned()),
        Agent::Given => (
            solution::given(context)?,
            "a trajectory that was given".to_owned(),
        ),
        Agent::Command { argv, env, cwd } => command::run(context, argv, env, cwd.as_deref())?,
        Agent::OpenHands {
            harness,
            llm,
            class,
            iterations,
            env,
        } => {
            let settings = openhands::Settings {
                harness: context.harness.unwrap_or(harness),
                llm,
                class,
                iterations: *iterations,
                env,
            };
            openhands::run(context, &settings)?
        }
    };
    context.write(TRAJECTORY, format!("{}\n", line.text).as_bytes())?;
    let said = outcome(context, &line)?;
    let note = format!("{how}: {said}");
    say(&note);
    Ok(PhaseOutcome::noted(note))
}

/// Millionths of a dollar that the agent says it has spent, whatever came of it. A trajectory that was given cost
/// nothing now.
pub(in crate::runner) fn spent(context: &PhaseContext<'_>) -> Option<u64> {
    if !context.swe.agent.is_program() {
        return None;
    }
    let bytes = files::read_plain(&context.file(TRAJECTORY), solution::MOST).ok()??;
    let text = std::str::from_utf8(&bytes).ok()?;
    artifacts::trajectory::read(text).ok()?.metrics.cost_microusd
}

/// What the line says of the agent's end. No patch is the model's answer, unless something else stopped it.
fn outcome(context: &PhaseContext<'_>, line: &Line) -> Result<String, Fault> {
    let patch = line.patch.len();
    // It is quoted, in whole or in part.
    match line.error.as_deref().map(secrets::hidden) {
        None if line.patch.trim().is_empty() => Ok("it left no patch".to_owned()),
        None => Ok(format!("a patch of {patch} bytes")),
        Some(error) if line.patch.trim().is_empty() => match (context.explain)(&error) {
            Some(fault) if fault.class == Class::Model => Ok(format!("it left no patch: {fault}")),
            Some(fault) => Err(fault),
            None => Err(fault(
                FaultName::AgentError,
                Again::Anywhere,
                format!("the agent left no patch and says: {error}"),
            )),
        },
        Some(error) => {
            let first = error.lines().next().unwrap_or_default();
            let first = crate::runner::excerpt::plain_line(first);
            Ok(format!("a patch of {patch} bytes, and an error: {first}"))
        }
    }
}
