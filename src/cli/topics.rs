//! `fleet help`: the verbs in groups, the help of one verb, or a page of the manual.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};

use clap::CommandFactory as _;

use super::printer::Printer;
use super::{Cli, exit};
use crate::config::finding::suggestion;
use crate::doors::terminal;
use crate::service::{Problem, ProblemKind};
use crate::view;

/// The verbs, by what they are for. Each is in one group.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "Before a run",
        &["check", "assign", "plan", "rehearse", "calibrate"],
    ),
    (
        "Run",
        &["dispatch", "cancel", "retry", "pause", "resume", "drain"],
    ),
    ("Watch", &["status", "explain", "history", "failures", "logs"]),
    ("Results", &["collect", "regrade"]),
    ("Hosts", &["hosts", "host", "images", "deploy", "verify", "adopt"]),
    ("Set up", &["init", "doctor", "schema", "completions", "man"]),
];

/// The pages of the manual.
const TOPICS: &[(&str, &str)] = &[
    ("verbs", include_str!("../docs/manual/verbs.md")),
    ("config", include_str!("../docs/manual/config.md")),
    ("assignments", include_str!("../docs/manual/assignments.md")),
    ("datasets", include_str!("../docs/manual/datasets.md")),
    ("images", include_str!("../docs/manual/images.md")),
    ("agents", include_str!("../docs/manual/agents.md")),
    ("harness", include_str!("../docs/manual/harness.md")),
    ("grading", include_str!("../docs/manual/grading.md")),
    ("accounts", include_str!("../docs/manual/accounts.md")),
    ("planning", include_str!("../docs/manual/planning.md")),
    ("operating", include_str!("../docs/manual/operating.md")),
    ("faults", include_str!("../docs/manual/faults.md")),
    ("formats", include_str!("../docs/manual/formats.md")),
    ("promises", include_str!("../docs/manual/promises.md")),
    ("development", include_str!("../docs/manual/development.md")),
];

/// What stands in the list of verbs for clap's own one.
const HELP: (&str, &str) = ("help", "Print this, the help of a verb, or a page of the manual");
/// Nothing in the help is wider.
const WIDEST: usize = 100;
/// Where the text beside a verb begins.
const INDENT: usize = 15;

/// Columns for text.
fn columns() -> usize {
    let told = terminal::width(io::stdout().is_terminal());
    told.unwrap_or(WIDEST).min(WIDEST)
}

/// The command line, with a help that lists the verbs in groups.
pub(super) fn command() -> clap::Command {
    let command = Cli::command();
    let template = template(&command, columns());
    command.help_template(template)
}

fn template(command: &clap::Command, columns: usize) -> String {
    let styles = command.get_styles();
    let (head, verb) = (styles.get_header(), styles.get_literal());
    let mut text = "{before-help}{about-with-newline}\n{usage-heading} {usage}\n".to_owned();
    let row = |text: &mut String, name: &str, about: &str| {
        let lines = view::filled(about, columns.saturating_sub(INDENT));
        for (n, line) in lines.iter().enumerate() {
            let name = if n == 0 { name } else { "" };
            let gap = INDENT.saturating_sub(2 + name.len());
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {verb}{name}{verb:#}{:gap$}{line}", "");
        }
    };
    for (group, verbs) in GROUPS {
        let _ = writeln!(text, "\n{head}{group}:{head:#}");
        for name in *verbs {
            let about = command.find_subcommand(name).and_then(clap::Command::get_about);
            row(
                &mut text,
                name,
                &about.map(ToString::to_string).unwrap_or_default(),
            );
        }
    }
    row(&mut text, HELP.0, HELP.1);
    let _ = writeln!(text, "\n{head}Manual:{head:#} `fleet help TOPIC` prints a page");
    let names: Vec<&str> = TOPICS.iter().map(|(name, _)| *name).collect();
    for line in view::filled(&names.join(", "), columns.saturating_sub(2)) {
        let _ = writeln!(text, "  {line}");
    }
    let _ = write!(text, "\n{head}Options:{head:#}\n{{options}}{{after-help}}");
    text
}

/// Answers `fleet help WORD`, where WORD is a page of the manual, or nothing that there is. All else is clap's business.
pub(super) fn help(words: &[OsString], printer: &Printer) -> Option<Result<exit::VerbExit, Problem>> {
    let [help, word] = words else { return None };
    let word = word.to_str().filter(|word| !word.starts_with('-'))?;
    if help != "help" {
        return None;
    }
    let mut command = command();
    let topic = TOPICS.iter().find(|(name, _)| *name == word);
    // clap makes its own `help` once it has parsed something.
    let is_verb = word == HELP.0 || command.find_subcommand(word).is_some();
    match (is_verb, topic) {
        (true, None) => None,
        (true, Some((_, page))) => {
            let help = command
                .try_get_matches_from_mut(["fleet", word, "--help"])
                .err()?;
            let page = view::page(page, columns());
            Some(said(printer, &format!("{}\n{page}", help.render())))
        }
        (false, Some((_, page))) => Some(said(printer, &view::page(page, columns()))),
        (false, None) => Some(Err(unknown(word, &command))),
    }
}

fn said(printer: &Printer, text: &str) -> Result<exit::VerbExit, Problem> {
    printer.data(text)?;
    Ok(exit::OK)
}

fn unknown(word: &str, command: &clap::Command) -> Problem {
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    let verbs: Vec<&str> = verbs.map(clap::Command::get_name).collect();
    let topics: Vec<&str> = TOPICS.iter().map(|(name, _)| *name).collect();
    let error = Problem::new(
        ProblemKind::Input,
        format!("there is neither a verb nor a page of the manual that is called `{word}`"),
    );
    let other = super::verb_of_another_tool(word).map(|verb| format!("did you mean `{verb}`?"));
    let near = || suggestion(word, topics.iter().chain(&verbs).copied());
    let near = other.unwrap_or_else(near);
    let error = if near.starts_with("did you mean") {
        error.hint(near)
    } else {
        error
    };
    error
        .hint(format!("pages: {}", topics.join(", ")))
        .hint(format!("verbs: {}", verbs.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verb_is_in_one_group() {
        let command = Cli::command();
        let shown = command.get_subcommands().filter(|verb| !verb.is_hide_set());
        let mut verbs: Vec<&str> = shown.map(clap::Command::get_name).collect();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, verbs)| *verbs).copied().collect();
        verbs.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(verbs, grouped);
    }

    #[test]
    fn every_page_begins_with_its_title_and_is_listed_in_the_help() {
        let help = command().render_long_help().to_string();
        for (name, page) in TOPICS {
            assert!(page.starts_with("# "), "{name}");
            assert!(help.contains(name), "{name}");
        }
    }
}
