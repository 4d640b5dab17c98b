//! What an evaluation leaves: the files that people know, by their names and in their shapes.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

use super::Trajectory;
use super::excerpt::{ends_of_bytes, ends_of_chars, first_chars};
use super::shape::{Details, Facts, Report, Summary, names};
use crate::domain::Instance;
use crate::domain::evidence::{Applied, Evidence, Part};
use crate::grade::{Compat, Grading};

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOut {
    /// Where, below the directory of the results; only names that are safe, joined by `/`.
    pub path: String,
    /// All of it.
    pub bytes: Vec<u8>,
    /// Mode 0755 in place of 0644?
    pub executable: bool,
}

/// Most characters of the field `test_output`.
const FIELD: usize = 50_000;
/// Most bytes of `test_output.txt`; the compressed log beside it is whole.
const TEXT: usize = 8 << 20;

/// The files of the report phase, sorted by path. `log` is what the test command printed, and `how` the rules
/// that it was graded by.
pub fn tree(
    instance: &Instance,
    trajectory: &Trajectory<'_>,
    evidence: &Evidence,
    log: &str,
    grading: &Grading,
    how: Compat,
) -> Result<Vec<FileOut>, serde_json::Error> {
    let facts = Facts {
        instance,
        trajectory,
        evidence,
        grading,
    };
    let field = match how {
        // The summary of the tests is at the end, so the middle goes.
        Compat::Fleet => ends_of_chars(log, FIELD),
        Compat::VeloraHead => first_chars(log, FIELD).to_owned(),
    };
    let report = indented(&Report::of(&facts), b"    ")?;
    let own = |name: &str| format!("eval_outputs/{}/{name}", instance.id);
    let file = |path: String, bytes: Vec<u8>| FileOut {
        path,
        bytes,
        executable: false,
    };
    let mut files = vec![
        file(
            "eval_pilot2_output.jsonl".to_owned(),
            result_line(&facts, &field)?,
        ),
        file(
            "eval_summary.json".to_owned(),
            indented(&Summary::of(&facts), b"  ")?,
        ),
        file("eval_outputs/report.json".to_owned(), report.clone()),
        file(own("report.json"), report),
        file(own("patch.diff"), trajectory.patch.clone().into_bytes()),
        file(own("test_output.txt"), ends_of_bytes(log, TEXT).into_bytes()),
        file(own("run_instance.log"), account(&facts, &field).into_bytes()),
        FileOut {
            path: own("eval.sh"),
            bytes: script(instance).into_bytes(),
            executable: true,
        },
    ];
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The trajectory as it is, and after it what became of it.
fn result_line(facts: &Facts<'_>, test_output: &str) -> Result<Vec<u8>, serde_json::Error> {
    let details = serde_json::to_string(&Details::of(facts, test_output))?;
    let mut fields = facts.trajectory.fields()?;
    // A trajectory that was evaluated before has these already.
    fields.retain(|(name, _)| !["pilot2_eval_details", "resolved"].contains(&name.as_str()));
    fields.push(("pilot2_eval_details".to_owned(), details));
    fields.push(("resolved".to_owned(), facts.resolved().to_string()));
    let mut line = String::new();
    for (name, value) in fields {
        line.push(if line.is_empty() { '{' } else { ',' });
        line.push_str(&serde_json::to_string(&name)?);
        line.push(':');
        line.push_str(&value);
    }
    line.push_str("}\n");
    Ok(line.into_bytes())
}

fn indented(value: &impl Serialize, indent: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::new();
    value.serialize(&mut Serializer::with_formatter(
        &mut out,
        PrettyFormatter::with_indent(indent),
    ))?;
    out.push(b'\n');
    Ok(out)
}

/// `run_instance.log`: the evaluation in words, then what the tests printed.
fn account(facts: &Facts<'_>, test_output: &str) -> String {
    let (evidence, grading) = (facts.evidence, facts.grading);
    let patch = &evidence.patch;
    let counts = &grading.counts;
    let tests = evidence.tests.as_ref();
    let mut out = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{name:<24}  {value}");
    };
    line("instance", facts.instance.id.as_str());
    line("image", evidence.image.as_deref().unwrap_or("unknown"));
    if let Some(place) = &evidence.repo_path {
        line("repository", &format!("found at {place}"));
    }
    line("outcome", grading.verdict.outcome.word());
    line("verdict", grading.verdict.decision.word());
    line("resolved", &facts.resolved().to_string());
    if let Some(why) = &grading.verdict.why {
        line("why", why);
    }
    if let Some(fault) = facts.fault() {
        line("fault", &fault.to_string());
    }
    let applied = format!(
        "{}, {} of {} bytes",
        word(patch.state),
        patch.applied_bytes,
        patch.bytes
    );
    line("patch", &applied);
    line(
        "failed_apply_patch",
        &(patch.state == Applied::Failed).to_string(),
    );
    line(
        "failed_apply_test_patch",
        &(facts.failed_golden() > 0).to_string(),
    );
    for golden in &evidence.golden {
        line(
            "test patch",
            &format!("{}, {}", word(golden.state), golden.paths.join(" ")),
        );
    }
    for file in &evidence.put_back {
        let what = match file.what {
            Part::Whole => "put back",
            Part::Sections => "the runner's sections put back",
            Part::Removed => "removed",
            Part::Left => "left as the patch has it",
        };
        line("steers the tests", &format!("{what}, {}", file.path));
    }
    line("error_eval", &facts.is_error().to_string());
    line("test_timeout", &facts.timed_out().to_string());
    if let Some(tests) = tests {
        let exit = tests
            .exit
            .map_or("stopped".to_owned(), |code| format!("exit code {code}"));
        line("test command", &format!("{exit}, after {}", tests.took));
    }
    line("parser", &grading.parser);
    line("tests_passed", &counts.tests_passed.to_string());
    line("tests_failed", &counts.tests_failed.to_string());
    line("tests_error", &counts.tests_error.to_string());
    for (list, judged) in [
        ("fail_to_pass", &grading.fail_to_pass),
        ("pass_to_pass", &grading.pass_to_pass),
    ] {
        for (half, passed) in [("success", true), ("failed", false)] {
            let names = names(judged, passed);
            line(&format!("{list}_{half}"), &names.len().to_string());
            for name in names {
                line("", name);
            }
        }
    }
    out.push_str("\ntest output\n");
    out.push_str(test_output);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

fn word(applied: Applied) -> &'static str {
    match applied {
        Applied::Nothing => "none",
        Applied::Git => "applied by git",
        Applied::Fuzzy => "applied with fuzz",
        Applied::Failed => "does not apply",
        Applied::NotTried => "not tried",
    }
}

/// `eval.sh`: the tests, for a person who runs them by hand in the image.
fn script(instance: &Instance) -> String {
    let (id, path) = (&instance.id, instance.repo_path.replace('\'', r"'\''"));
    let command = instance.test_command.trim_end();
    format!("#!/bin/bash\n# The tests of {id}, as its dataset has them.\ncd '{path}' || exit 1\n{command}\n")
}
