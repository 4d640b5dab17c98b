//! `results.csv`: RFC 4180, for spreadsheets. A cell that a spreadsheet would run as a formula gets a
//! leading `'`.

use std::collections::BTreeMap;

use super::{Books, Row};
use crate::domain::PhaseName;
use crate::domain::fault::Class;
use crate::domain::verdict::{Decision, Outcome};

const HEAD: [&str; 29] = [
    "set",
    "instance",
    "model",
    "run",
    "task",
    "job",
    "account",
    "verdict",
    "outcome",
    "why",
    "class",
    "fault",
    "attempt",
    "host",
    "phase",
    "how",
    "excerpt",
    "findings",
    "iterations",
    "cost_usd",
    "prompt_tokens",
    "completion_tokens",
    "patch_bytes",
    "image",
    "files",
    "bytes",
    "path",
    "verified",
    "profile",
];

impl Books {
    /// The bytes of `results.csv`: the fields of the rows, then a column `<phase>_ms` for each phase.
    pub fn results_csv(&self) -> String {
        let mut phases: Vec<&PhaseName> = Vec::new();
        for time in self.rows().iter().flat_map(|row| &row.phases) {
            if !phases.contains(&&time.phase) {
                phases.push(&time.phase);
            }
        }
        let mut out = String::new();
        let columns = phases.iter().map(|phase| format!("{phase}_ms"));
        record(&mut out, HEAD.iter().map(ToString::to_string).chain(columns));
        for row in self.rows() {
            let took: BTreeMap<&PhaseName, u64> =
                row.phases.iter().map(|time| (&time.phase, time.took.0)).collect();
            let times = phases
                .iter()
                .map(|phase| took.get(phase).map(ToString::to_string).unwrap_or_default());
            record(&mut out, fields(row).into_iter().chain(times));
        }
        out
    }
}

fn fields(row: &Row) -> [String; HEAD.len()] {
    fn or_empty(value: Option<&impl ToString>) -> String {
        value.map(ToString::to_string).unwrap_or_default()
    }
    let (judgement, effort) = (&row.judgement, &row.effort);
    let word = |word: Option<&'static str>| word.unwrap_or_default().to_owned();
    [
        row.set.to_string(),
        row.instance.to_string(),
        row.model.to_string(),
        row.run.to_string(),
        or_empty(row.task.as_ref()),
        row.job.to_string(),
        row.account.word().to_owned(),
        word(judgement.verdict.map(Decision::word)),
        word(judgement.outcome.map(Outcome::word)),
        or_empty(judgement.why.as_ref()),
        word(judgement.class.map(Class::word)),
        or_empty(judgement.fault.as_ref()),
        or_empty(row.attempt.as_ref()),
        or_empty(row.host.as_ref()),
        or_empty(row.phase.as_ref()),
        or_empty(row.how.as_ref()),
        or_empty(row.excerpt.as_ref()),
        judgement.findings.join(" "),
        or_empty(effort.iterations.as_ref()),
        effort.cost_microusd.map(dollars).unwrap_or_default(),
        or_empty(effort.prompt_tokens.as_ref()),
        or_empty(effort.completion_tokens.as_ref()),
        or_empty(effort.patch_bytes.as_ref()),
        or_empty(judgement.image.as_ref()),
        row.files.to_string(),
        row.bytes.to_string(),
        or_empty(row.path.as_ref()),
        row.verified.to_string(),
        or_empty(row.profile.as_ref()),
    ]
}

fn dollars(micro: u64) -> String {
    format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000)
}

fn record(out: &mut String, cells: impl Iterator<Item = String>) {
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push_str(&quoted(&cell));
    }
    out.push_str("\r\n");
}

fn quoted(cell: &str) -> String {
    // Tab and carriage return too: spreadsheets drop them and then see the formula.
    let tame = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    if tame.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", tame.replace('"', "\"\""))
    } else {
        tame
    }
}
