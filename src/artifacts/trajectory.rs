//! What an agent leaves: `output.jsonl`, one line for one instance. Untrusted text from end to end.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::line::{Fields, text, without_nan};

/// What counts of a trajectory. The line that it was read from stays behind it: histories are long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trajectory<'a> {
    /// Whose it says it is.
    pub instance_id: Option<String>,
    /// What the agent changed; empty if nothing.
    pub patch: String,
    /// Entries of its history.
    pub history: u64,
    /// Why it stopped, if not because it was done.
    pub error: Option<String>,
    /// What it took.
    pub metrics: Metrics,
    line: Cow<'a, str>,
}

/// What an agent took, as far as it says so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Metrics {
    /// In millionths of a dollar.
    pub cost_microusd: Option<u64>,
    /// Tokens read.
    pub prompt_tokens: Option<u64>,
    /// Tokens written.
    pub completion_tokens: Option<u64>,
    /// Actions of the agent.
    pub iterations: Option<u64>,
    /// The model, as its provider calls it.
    pub model: Option<String>,
}

/// Why a text is no trajectory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTrajectory {
    /// Nothing is there.
    #[error("output.jsonl is empty; the agent ended before it wrote its result")]
    Empty,
    /// No line can be used.
    #[error(
        "output.jsonl has no complete line with an instance_id or a test_result; \
         its last line ({line}) breaks at column {column}: {what}"
    )]
    NoLine {
        /// The last line that is not blank, from 1.
        line: usize,
        /// Where it breaks, in bytes from 1.
        column: usize,
        /// In words.
        what: String,
    },
    /// Taken as empty, it would be held against the model.
    #[error("the patch in output.jsonl ({0}) is not a text; without it nothing can be evaluated")]
    Patch(&'static str),
}

/// The last valid line of an `output.jsonl`, or the one object that the whole file is. A run that was
/// repeated appends; a run that was stopped may leave half a line.
pub fn read(text: &str) -> Result<Trajectory<'_>, BadTrajectory> {
    let text = text.trim_start_matches('\u{feff}');
    let whole = std::iter::once(text);
    let lines = text.lines().rev().filter(|line| !line.trim().is_empty());
    whole
        .chain(lines)
        .find_map(sound)
        .map_or_else(|| Err(complaint(text)), of)
}

/// Actions that the harness does in the agent's name.
const NOT_ITS_OWN: [&str; 3] = ["system", "recall", "condensation"];

/// The line, if it is the object of a trajectory.
fn sound(line: &str) -> Option<Cow<'_, str>> {
    let is_one = |line: &str| {
        Fields::of(line).is_ok_and(|fields| {
            ["instance_id", "test_result"]
                .iter()
                .any(|name| fields.get(name).is_some())
        })
    };
    if is_one(line) {
        return Some(Cow::Borrowed(line));
    }
    match without_nan(line) {
        Cow::Owned(line) if is_one(&line) => Some(Cow::Owned(line)),
        Cow::Owned(_) | Cow::Borrowed(_) => None,
    }
}

fn complaint(text: &str) -> BadTrajectory {
    let lines = text.lines().enumerate();
    let Some((at, line)) = lines.filter(|(_, line)| !line.trim().is_empty()).last() else {
        return BadTrajectory::Empty;
    };
    let (column, what) = match Fields::of(line) {
        Err(error) => (error.column(), error.to_string()),
        Ok(_) => (1, "neither field is there".to_owned()),
    };
    // Line and column of the message are those of the line alone.
    let what = what.split(" at line ").next().unwrap_or_default().to_owned();
    BadTrajectory::NoLine {
        line: at + 1,
        column,
        what,
    }
}

fn of(line: Cow<'_, str>) -> Result<Trajectory<'_>, BadTrajectory> {
    // Checked by `sound`; an error here would say the same.
    let fields = Fields::of(&line).map_err(|_| complaint(&line))?;
    let steps: Steps = fields
        .get("history")
        .and_then(|history| serde_json::from_str(history.get()).ok())
        .unwrap_or_default();
    let metrics = fields.object("metrics");
    let usage = metrics
        .as_ref()
        .and_then(|metrics| metrics.object("accumulated_token_usage"));
    let count = |name| usage.as_ref().and_then(|usage| usage.count(name));
    let configured = || fields.object("metadata")?.object("llm_config")?.text("model");
    let metrics = Metrics {
        cost_microusd: metrics
            .as_ref()
            .and_then(|metrics| metrics.get("accumulated_cost"))
            .and_then(microusd),
        prompt_tokens: count("prompt_tokens"),
        completion_tokens: count("completion_tokens"),
        iterations: (steps.entries > 0).then_some(steps.actions),
        model: usage
            .as_ref()
            .and_then(|usage| usage.text("model"))
            .filter(|model| !model.is_empty())
            .or_else(configured),
    };
    let (instance_id, patch, error) = (id(&fields), patch(&fields)?, error(&fields));
    Ok(Trajectory {
        instance_id,
        patch,
        history: steps.entries,
        error,
        metrics,
        line,
    })
}

/// Numbers are ids, too: not every writer quotes them.
fn id(fields: &Fields<'_>) -> Option<String> {
    let id = fields.get("instance_id")?;
    text(id).or_else(|| {
        serde_json::from_str::<u64>(id.get())
            .ok()
            .map(|id| id.to_string())
    })
}

/// In `test_result`, or where predictions for SWE-bench have it.
fn patch(fields: &Fields<'_>) -> Result<String, BadTrajectory> {
    let result = fields.object("test_result");
    let ours = result.as_ref().and_then(|result| result.get("git_patch"));
    let places = [
        ("test_result.git_patch", ours),
        ("model_patch", fields.get("model_patch")),
    ];
    for (place, value) in places {
        match value {
            Some(value) if value.get() != "null" => return text(value).ok_or(BadTrajectory::Patch(place)),
            _ => {}
        }
    }
    Ok(String::new())
}

fn error(fields: &Fields<'_>) -> Option<String> {
    let error = fields.get("error").filter(|error| error.get() != "null")?;
    let said = text(error).unwrap_or_else(|| error.get().to_owned());
    (!said.trim().is_empty()).then_some(said)
}

fn microusd(cost: &RawValue) -> Option<u64> {
    let dollars: f64 = serde_json::from_str(cost.get()).ok()?;
    // By way of a text: it rounds, and refuses what is negative or too large.
    format!("{:.0}", dollars * 1e6).parse().ok()
}

/// A history, counted without keeping any of it.
#[derive(Default)]
struct Steps {
    entries: u64,
    actions: u64,
}

impl<'de> Deserialize<'de> for Steps {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Steps;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Steps, A::Error> {
                let mut steps = Steps::default();
                while let Some(entry) = list.next_element::<&RawValue>()? {
                    steps.entries += 1;
                    steps.actions += u64::from(is_own_action(entry));
                }
                Ok(steps)
            }
        }
        from.deserialize_seq(List)
    }
}

fn is_own_action(entry: &RawValue) -> bool {
    Fields::of(entry.get()).is_ok_and(|entry| {
        entry.text("source").as_deref() == Some("agent")
            && entry
                .text("action")
                .is_some_and(|action| !NOT_ITS_OWN.contains(&action.as_str()))
    })
}

impl Trajectory<'_> {
    /// Its fields in order, each with its own text, without line breaks.
    pub(super) fn fields(&self) -> Result<Vec<(String, String)>, serde_json::Error> {
        let fields = Fields::of(&self.line)?;
        Ok(fields
            .iter()
            // Strings hold no bare line breaks, so these are layout.
            .map(|(name, value)| (name.to_owned(), value.get().replace(['\n', '\r'], "")))
            .collect())
    }
}
