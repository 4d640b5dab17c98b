//! What is written is true: shipped files load, commands in documents exist, links lead somewhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Ran, files};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn fleet(args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleet"));
    command.args(args).current_dir(root()).env_remove("FLEET_CONFIG");
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

#[test]
fn every_command_in_the_readme_exists_with_its_flags() {
    let readme = fs::read_to_string(root().join("README.md")).expect("there is a README.md");
    let commands = commands(&readme);
    assert!(
        commands.len() >= 5,
        "the README shows too few commands: {commands:?}"
    );
    complain(&faults(&commands));
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
fn the_readme_explains_the_words_that_every_verb_uses() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let glossary = readme.split("The words that all of them use:").nth(1).unwrap();
    let glossary = glossary.split("Some examples:").next().unwrap();
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

fn verbs() -> Vec<String> {
    let help = fleet(&["--help"]).ok().stdout;
    let list = help.lines().skip_while(|line| !line.starts_with("Commands:"));
    let lines = list.skip(1).take_while(|line| line.starts_with("  "));
    lines
        .filter(|line| !line.starts_with("    "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|verb| verb != "help")
        .collect()
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
            if verb == ["host"] {
                verb.extend(words.get(2).map(|word| (*word).to_owned()));
            }
            let help = helps.entry(verb.clone()).or_insert_with(|| {
                let mut args: Vec<&str> = verb.iter().map(String::as_str).collect();
                args.push("--help");
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
