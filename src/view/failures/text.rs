//! The failures as text: a block for each group, no wider than asked for. What failed programs say is never cut: its end
//! is often the half that matters. It goes on on the next line; without a width it is one line.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fmt::Write as _;

use super::{Failures, Group};
use crate::report::text::{clip, fitting, width};
use crate::report::words;
use crate::text::sanitize_line;

/// As wide as text gets, on however wide a terminal.
const WIDEST: usize = 80;
/// What stands before the lines of a block.
const INDENT: &str = "  ";
/// How wide the labels of these lines are.
const LABEL: usize = 8;

/// The failures in at most `most` columns, and 80 at most. Without a width, what others said is one line, however long.
pub fn failures_text(failures: &Failures, most: Option<usize>) -> String {
    let quoted = most.map(|most| most.min(WIDEST));
    let most = quoted.unwrap_or(WIDEST);
    let mut blocks: Vec<String> = failures
        .failures
        .iter()
        .map(|group| block(group, most, quoted))
        .collect();
    if !failures.results.is_empty() {
        let head = "what models did: results, not failures, and never tried again";
        let mut text = String::new();
        wrap(&mut text, "", INDENT.len(), head, most);
        text.extend(failures.results.iter().map(|group| result(group, most, quoted)));
        blocks.push(text);
    }
    blocks.join("\n")
}

fn block(group: &Group, most: usize, quoted: Option<usize>) -> String {
    let stands = [
        (group.failed, "without result"),
        (group.open, "to be tried again"),
        (group.otherwise, "failed of something else in the end"),
        (group.recovered, "recovered"),
        (group.cancelled, "cancelled"),
    ];
    let stands: Vec<String> = stands
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{n} {what}"))
        .collect();
    let head = format!(
        "{} {}: {} ({}), {}",
        group.class.word(),
        sanitize_line(group.fault.as_str()),
        words::jobs(group.jobs),
        stands.join(", "),
        words::count(group.attempts, "attempt", "attempts"),
    );
    let mut out = String::new();
    wrap(&mut out, "", 2 * INDENT.len(), &head, most);
    if !group.hosts.is_empty() {
        labelled(&mut out, "on", &counts(&group.hosts), most);
    }
    labelled(&mut out, "models", &counts(&group.models), most);
    quote(&mut out, "says", &group.line, quoted);
    for (label, text) in [("why", group.why), ("do", group.what)] {
        if let Some(text) = text {
            labelled(&mut out, label, text, most);
        }
    }
    for command in &group.run {
        // A command is never clipped: half of one would be another.
        let _ = writeln!(out, "{INDENT}        {}", sanitize_line(command));
    }
    for (i, example) in group.examples.iter().enumerate() {
        let label = if i == 0 { "jobs" } else { "" };
        quote(
            &mut out,
            label,
            &format!("{}  {}", example.job, example.name),
            quoted,
        );
    }
    out
}

/// A model's own: how many, and what it says.
fn result(group: &Group, most: usize, quoted: Option<usize>) -> String {
    let (fault, jobs) = (sanitize_line(group.fault.as_str()), words::jobs(group.jobs));
    let text = format!("{fault}: {jobs}, {}", counts(&group.models));
    let mut out = String::new();
    wrap(&mut out, INDENT, 2 * INDENT.len(), &text, most);
    quote(&mut out, "  says", &group.line, quoted);
    out
}

/// A line of a block, and those below it where it has to go on.
fn labelled(out: &mut String, label: &str, text: &str, most: usize) {
    let first = format!("{INDENT}{label:LABEL$}");
    wrap(out, &first, width(&first), text, most);
}

/// `eval1, eval3 ×2`.
fn counts<K: Display>(counts: &BTreeMap<K, usize>) -> String {
    let parts = counts.iter().map(|(name, n)| match n {
        1 => name.to_string(),
        n => format!("{name} ×{n}"),
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// Words of others, whole and as they are: what does not fit goes on on the next line.
fn quote(out: &mut String, label: &str, text: &str, most: Option<usize>) {
    let text = sanitize_line(text);
    let first = format!("{INDENT}{label:LABEL$}");
    let room = most.map_or(usize::MAX, |most| most.saturating_sub(width(&first)).max(1));
    let mut begins = first.clone();
    let mut rest = text.as_ref();
    loop {
        let mut taken = fitting(rest, room);
        if taken < rest.len()
            && let Some(blank) = rest[..taken].rfind(' ').filter(|blank| *blank * 2 > taken)
        {
            // Rather between two words, unless most of the line would stay empty.
            taken = blank + 1;
        }
        let (line, after) = rest.split_at(taken);
        let _ = writeln!(out, "{begins}{}", line.trim_end());
        if after.is_empty() {
            return;
        }
        begins = " ".repeat(width(&first));
        rest = after;
    }
}

/// Adds the words of a text below each other: the first line behind `first`, the others as far in as `rest` says.
fn wrap(out: &mut String, first: &str, rest: usize, text: &str, most: usize) {
    let mut line = first.to_owned();
    let mut fresh = true;
    for word in text.split_whitespace() {
        if !fresh && width(&line) + 1 + width(word) > most {
            out.push_str(&line);
            out.push('\n');
            line = " ".repeat(rest);
            fresh = true;
        }
        if !fresh {
            line.push(' ');
        }
        line.push_str(&clip(word, most.saturating_sub(width(&line))));
        fresh = false;
    }
    out.push_str(&line);
    out.push('\n');
}
