//! What is written is true: shipped files load, commands in documents exist, links lead somewhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Ran, files};

mod generated;

/// Most bytes of the README: what a stranger reads in three minutes.
const README_MOST: usize = 12_000;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn fleet(args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleet"));
    command.args(args).current_dir(root()).env_remove("FLEET_CONFIG");
    command.env("COLUMNS", "100");
    command.output().unwrap().into()
}

/// Every markdown file of the project.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut dirs = vec![root().to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && !name.starts_with('.') && name != "target" {
                dirs.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                found.push(path);
            }
        }
    }
    assert!(found.len() >= 3, "{found:?}");
    found
}

#[test]
fn every_shipped_assignment_is_without_fault_for_the_fleet_of_the_lab() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("fleet.toml");
    let told = Command::new(root().join("tests/lab/lab"))
        .arg("config")
        .output()
        .unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    fs::write(&config, told.stdout).unwrap();
    let mut files = 0;
    for entry in fs::read_dir(root().join("assignments")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "json") {
            let config = config.to_str().unwrap();
            fleet(&["--config", config, "check", path.to_str().unwrap()])
                .ok()
                .says("no fault in 1 file");
            files += 1;
        }
    }
    assert!(files > 0);
}

/// README and manual, by name.
fn readme_and_manual() -> Vec<(String, String)> {
    let mut paths = vec![root().join("README.md")];
    for entry in fs::read_dir(root().join("src/docs/manual")).unwrap() {
        paths.push(entry.unwrap().path());
    }
    paths.sort();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths
        .iter()
        .map(|path| (name(path), fs::read_to_string(path).unwrap()))
        .collect()
}

#[test]
fn the_readme_is_read_in_three_minutes() {
    let bytes = fs::read(root().join("README.md")).unwrap().len();
    assert!(
        bytes <= README_MOST,
        "README.md has {bytes} bytes; {README_MOST} are the most"
    );
}

#[test]
fn every_command_in_readme_and_manual_exists_with_its_flags() {
    let mut shown = Vec::new();
    let mut named = Vec::new();
    for (_, text) in readme_and_manual() {
        shown.extend(commands(&text));
        named.extend(inline_commands(&text));
    }
    assert!(shown.len() >= 50, "there are too few commands: {shown:?}");
    assert!(named.len() >= 50, "the text names too few commands: {named:?}");
    complain(&faults(&shown));
    complain(&faults(&named));
}

#[test]
fn every_page_of_the_manual_is_printed_named_in_the_readme_and_in_the_documentation_of_the_code() {
    let modules = fs::read_to_string(root().join("src/docs/mod.rs")).unwrap();
    let pages = readme_and_manual();
    let readme = &pages.iter().find(|(name, _)| name == "README.md").unwrap().1;
    let mut faults = Vec::new();
    for (file, text) in pages.iter().filter(|(name, _)| name != "README.md") {
        let topic = file.strip_suffix(".md").unwrap();
        let title = text.lines().next().unwrap().trim_start_matches("# ");
        let told = fleet(&["help", topic]);
        if !told.status.success() || !told.stdout.contains(title) {
            faults.push(format!("`fleet help {topic}` does not print {file}"));
        }
        if !readme.contains(&format!("[{topic}](src/docs/manual/{file})")) {
            faults.push(format!("README.md does not name {file}"));
        }
        if !modules.contains(&format!("manual/{file}")) {
            faults.push(format!("src/docs/mod.rs does not include {file}"));
        }
    }
    complain(&faults);
}

#[test]
fn help_knows_verbs_pages_and_what_was_meant() {
    let alone = fleet(&["help"]).ok().stdout;
    assert_eq!(alone, fleet(&["--help"]).ok().stdout);
    assert!(
        alone.contains("assignments") && alone.contains("Exit codes:"),
        "{alone}"
    );
    assert_eq!(
        fleet(&["help", "dispatch"]).ok().stdout,
        fleet(&["dispatch", "--help"]).ok().stdout
    );
    assert_eq!(
        fleet(&["help", "host", "gone"]).ok().stdout,
        fleet(&["host", "gone", "--help"]).ok().stdout
    );
    // A word that is both: the verb first, then the page.
    let both = fleet(&["help", "images"]).ok().stdout;
    let verb = fleet(&["images", "--help"]).ok().stdout;
    assert!(both.starts_with(verb.trim_end()), "{both}");
    assert!(both.contains("\nImages\n======\n"), "{both}");
    let near = fleet(&["help", "datsets"]);
    near.code(2)
        .says("did you mean `datasets`?")
        .says("pages: ")
        .says("verbs: ");
    fleet(&["help", "submit"])
        .code(2)
        .says("did you mean `dispatch`?");
    fleet(&["help", "weather"]).code(2).says("pages: verbs, config");
}

#[test]
fn every_finding_is_told_in_the_manual() {
    let grading = fs::read_to_string(root().join("src/docs/manual/grading.md")).unwrap();
    let mut names: Vec<String> = Vec::new();
    for (path, bytes) in files::regular(&root().join("src")) {
        let text = String::from_utf8(bytes).unwrap_or_default();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let is_quality = path.ends_with("quality.rs");
        for line in code.lines().map(str::trim) {
            let is_finding = line.starts_with("Finding::") && line.contains("=> \"");
            if !(is_finding || is_quality) || line.starts_with('#') || line.starts_with("//") {
                continue;
            }
            let words = line.split('"').skip(1).step_by(2);
            let is_name =
                |word: &&str| word.contains('-') && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
            names.extend(words.filter(is_name).map(str::to_owned));
        }
    }
    assert!(names.len() >= 30, "{names:?}");
    let untold: Vec<String> = names
        .into_iter()
        .filter(|name| !grading.contains(&format!("`{name}`")))
        .collect();
    complain(&untold);
}

#[test]
fn every_example_in_the_help_exists_with_its_flags() {
    let mut examples = Vec::new();
    for verb in verbs() {
        let help = fleet(&[&verb, "--help"]).ok().stdout;
        let shown: Vec<String> = help
            .lines()
            .map(str::trim)
            .filter(|line| line.starts_with("fleet "))
            .map(str::to_owned)
            .collect();
        assert!(!shown.is_empty(), "`fleet {verb} --help` shows no example");
        examples.extend(shown);
    }
    complain(&faults(&examples));
}

#[test]
fn help_is_plain_english() {
    // Words that were there once, and said little to those who did not write them.
    let riddles = [
        "machine-readable",
        "anew",
        "where chance",
        "the doing of",
        "whose doing",
        "whoever",
        "somebody",
        "nobody",
        "polite",
        "deadly",
        "for those who wonder",
        "what sort of",
        "goes on on",
        "go on on",
        "are weighed",
        "very functions",
    ];
    let mut faults = Vec::new();
    for verb in verbs() {
        let help = fleet(&[&verb, "--help"]).ok().stdout;
        let lower = help.to_lowercase();
        for riddle in riddles.iter().filter(|riddle| lower.contains(*riddle)) {
            faults.push(format!("`fleet {verb} --help` says {riddle:?}"));
        }
    }
    complain(&faults);
}

#[test]
fn the_manual_explains_the_words_that_every_verb_uses() {
    let page = fs::read_to_string(root().join("src/docs/manual/verbs.md")).unwrap();
    let glossary = page.split("## Words").nth(1).unwrap();
    let glossary = glossary.split("## Examples").next().unwrap();
    for word in ["set", "job", "run", "attempt", "account", "class", "held"] {
        let rows = glossary
            .lines()
            .filter(|line| line.starts_with(&format!("| {word} | ")));
        assert_eq!(rows.count(), 1, "the row of {word}");
    }
}

#[test]
fn the_heads_of_all_tables_are_in_one_case() {
    let mut faults = Vec::new();
    for (path, bytes) in files::regular(&root().join("src")) {
        let makes_tables = ["cli", "view", "report"]
            .iter()
            .any(|module| path.starts_with(module));
        if !makes_tables {
            continue;
        }
        if path.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        let text = String::from_utf8(bytes).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for maker in ["left(\"", "right(\"", "prose(\"", "name(\"", "count(\""] {
            for rest in code.split(maker).skip(1) {
                let head = rest.split('"').next().unwrap();
                let is_shout = head.len() > 1 && head.chars().all(|c| c.is_uppercase() || !c.is_alphabetic());
                if is_shout && !["UTC", "P50", "P90", "95 %"].contains(&head) {
                    faults.push(format!("{}: {head}", path.display()));
                }
            }
        }
    }
    complain(&faults);
}

#[test]
fn every_command_that_is_advised_exists_with_its_flags() {
    let advised = fleet::blame::advice::all()
        .into_iter()
        .flat_map(|(_, advice)| advice.run);
    let commands: Vec<String> = advised.map(|command| (*command).to_owned()).collect();
    assert!(!commands.is_empty());
    complain(&faults(&commands));
}

/// The verbs, as the groups of the help list them.
fn verbs() -> Vec<String> {
    let help = fleet(&["-h"]).ok().stdout;
    let groups = help.lines().skip_while(|line| !line.starts_with("Usage:"));
    let lines = groups.take_while(|line| !line.starts_with("Manual:"));
    let verbs: Vec<String> = lines
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|verb| verb != "help")
        .collect();
    assert!(verbs.len() >= 25, "{help}");
    verbs
}

fn complain(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// The lines of `sh` blocks that call `fleet`.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("```") {
            inside = !inside && matches!(line, "```sh" | "```console" | "```bash");
        } else if inside {
            let line = line.strip_prefix("$ ").unwrap_or(line);
            if line.starts_with("fleet ") {
                found.push(line.to_owned());
            }
        }
    }
    found
}

/// Commands that stand within the text: `fleet VERB …`. Words in capitals stand for others.
fn inline_commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside = false;
    for paragraph in text.split("\n\n") {
        let mut prose = String::new();
        for line in paragraph.lines() {
            if line.trim().starts_with("```") {
                inside = !inside;
            } else if !inside {
                prose.push_str(line);
                prose.push(' ');
            }
        }
        for span in prose.split('`').skip(1).step_by(2) {
            let verb = span.strip_prefix("fleet ").unwrap_or_default().trim();
            if verb.starts_with(|c: char| c.is_ascii_lowercase()) {
                found.push(format!("fleet {verb}"));
            }
        }
    }
    found
}

/// What is wrong with command lines: words that are no verbs, flags that their verbs do not have.
fn faults(lines: &[String]) -> Vec<String> {
    let mut helps: BTreeMap<Vec<String>, Ran> = BTreeMap::new();
    let mut faults = Vec::new();
    for line in lines {
        let line = line.split(" #").next().unwrap_or_default();
        for command in line.split("&&").flat_map(|part| part.split('|')) {
            let words: Vec<&str> = command.split_whitespace().collect();
            if words.first() != Some(&"fleet") {
                continue;
            }
            let plain = |word: &&&str| !word.starts_with('-');
            let mut verb: Vec<String> = words[1..]
                .iter()
                .filter(plain)
                .take(1)
                .map(|word| (*word).to_owned())
                .collect();
            let next = words.get(2).filter(|word| !word.starts_with('-'));
            if verb == ["host"] || verb == ["help"] {
                let topic = next.filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()));
                verb.extend(topic.map(|word| (*word).to_owned()));
            }
            let help = helps.entry(verb.clone()).or_insert_with(|| {
                let mut args: Vec<&str> = verb.iter().map(String::as_str).collect();
                if verb.first().is_none_or(|verb| verb != "help") {
                    args.push("--help");
                }
                fleet(&args)
            });
            if !help.status.success() {
                faults.push(format!("`{line}`: there is no `fleet {}`", verb.join(" ")));
            }
            for flag in words
                .iter()
                .filter(|word| word.starts_with("--") && word.len() > 2)
            {
                let flag = flag.split('=').next().unwrap_or_default();
                if !help.stdout.contains(flag) {
                    faults.push(format!("`{line}`: `fleet {}` has no {flag}", verb.join(" ")));
                }
            }
        }
    }
    faults
}

#[test]
fn the_check_of_commands_finds_what_does_not_exist() {
    let text = "```sh\nfleet dispatch --detach x.json\nfleet dispatch --fast x.json && fleet fly\n```\n```text\nfleet sing\n```\n";
    let found = faults(&commands(text));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("has no --fast") && found[1].contains("no `fleet fly`"));
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut faults = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            let elsewhere =
                file.is_empty() || file.contains("://") || file.contains("::") || file.starts_with("mailto:");
            if !elsewhere && !document.parent().unwrap().join(file).exists() {
                faults.push(format!("{}: {target} is not there", document.display()));
            }
        }
    }
    complain(&faults);
}

#[test]
fn each_promise_names_tests_that_exist() {
    let page = fs::read_to_string(root().join("src/docs/architecture.md")).unwrap();
    let sources: String = ["src", "tests"]
        .iter()
        .flat_map(|dir| files::regular(&root().join(dir)))
        .filter(|(path, _)| path.extension().is_some_and(|ending| ending == "rs"))
        .map(|(_, text)| String::from_utf8(text).unwrap())
        .collect();
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit())
        .collect();
    assert_eq!(rows.len(), 11, "eleven promises");
    let mut faults = Vec::new();
    for row in rows {
        let tests: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        if tests.is_empty() {
            faults.push(format!("no test speaks for: {row}"));
        }
        faults.extend(
            tests
                .iter()
                .filter(|test| !sources.contains(&format!("fn {test}(")))
                .map(|test| format!("there is no test {test}")),
        );
    }
    complain(&faults);
}
