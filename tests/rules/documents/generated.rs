//! The parts of README and manual that the code can say itself stand there between marks; here they are compared with
//! what the code says. `FLEET_WRITE_DOCS=1` writes them.

use std::collections::BTreeSet;
use std::fs;

use fleet::blame::advice;

use super::{complain, documents, fleet, root, verbs};

const MANUAL: &str = "src/docs/manual";
const BEGIN: &str = "<!-- generated: ";
const END: &str = "<!-- end -->";

/// The generated parts: the file, the name of the part, its text.
fn parts() -> Vec<(String, &'static str, String)> {
    let page = |name: &str| format!("{MANUAL}/{name}.md");
    vec![
        ("README.md".to_owned(), "groups", groups()),
        (page("verbs"), "exit codes", exit_codes()),
        (page("verbs"), "verbs", help_of_all_verbs()),
        (page("config"), "keys", fleet::config::reference()),
        (page("faults"), "faults", faults()),
    ]
}

/// The verbs in groups, as `fleet --help` shows them.
fn groups() -> String {
    let help = fleet(&["-h"]).ok().stdout;
    let lines = help
        .lines()
        .skip_while(|line| !line.starts_with("Usage:"))
        .skip(1);
    let lines: Vec<&str> = lines.take_while(|line| !line.starts_with("Options:")).collect();
    format!("```text\n{}\n```\n", lines.join("\n").trim())
}

fn exit_codes() -> String {
    let help = fleet(&["--help"]).ok().stdout;
    let mut rows: Vec<(String, String)> = Vec::new();
    for line in help
        .lines()
        .skip_while(|line| !line.starts_with("Exit codes:"))
        .skip(1)
    {
        let (code, rest) = line.trim().split_once(' ').unwrap();
        match (code.parse::<u8>(), rows.last_mut()) {
            (Ok(_), _) => rows.push((code.to_owned(), rest.trim().to_owned())),
            (Err(_), Some((_, meaning))) => *meaning = format!("{meaning} {}", line.trim()),
            (Err(_), None) => panic!("{help}"),
        }
    }
    assert!(rows.len() >= 8, "{help}");
    let rows: Vec<String> = rows
        .into_iter()
        .map(|(code, meaning)| format!("| {code} | {meaning} |\n"))
        .collect();
    format!("| code | meaning |\n|---|---|\n{}", rows.concat())
}

fn help_of_all_verbs() -> String {
    let section = |verb: &String| {
        let help = fleet(&[verb, "--help"]).ok().stdout;
        format!("### fleet {verb}\n\n```text\n{}\n```\n\n", help.trim())
    };
    verbs().iter().map(section).collect()
}

fn faults() -> String {
    let rows: Vec<String> = advice::all()
        .into_iter()
        .map(|(faults, advice)| {
            let names: Vec<String> = faults.iter().map(|name| format!("`{name}`")).collect();
            format!("| {} | {} | {} |\n", names.join(", "), advice.why, advice.what)
        })
        .collect();
    format!("| fault | why | what to do |\n|---|---|---|\n{}", rows.concat())
}

#[test]
fn what_the_code_can_say_itself_is_in_the_documents_as_it_says_it() {
    let write = std::env::var_os("FLEET_WRITE_DOCS").is_some();
    let mut stale = Vec::new();
    for (file, name, text) in parts() {
        let path = root().join(&file);
        let page = fs::read_to_string(&path).unwrap();
        let begin = format!("{BEGIN}{name} -->\n");
        let (before, rest) = page
            .split_once(&begin)
            .unwrap_or_else(|| panic!("{file} has no line {begin}"));
        let (there, after) = rest
            .split_once(END)
            .unwrap_or_else(|| panic!("{file}: {name} has no {END}"));
        let wanted = format!("\n{}\n\n", text.trim());
        if there == wanted {
            continue;
        }
        if write {
            fs::write(&path, format!("{before}{begin}{wanted}{END}{after}")).unwrap();
        } else {
            stale.push(format!(
                "{file}, {name}: should be (FLEET_WRITE_DOCS=1 writes it)\n{wanted}"
            ));
        }
    }
    complain(&stale);
}

#[test]
fn every_part_that_says_it_is_generated_is_compared() {
    let known: BTreeSet<(String, String)> = parts()
        .into_iter()
        .map(|(file, name, _)| (file, name.to_owned()))
        .collect();
    let mut found = BTreeSet::new();
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        let file = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        for part in text.split(BEGIN).skip(1) {
            found.insert((file.clone(), part.split(" -->").next().unwrap().to_owned()));
        }
    }
    assert_eq!(found, known);
}
