//! The rules of the house, read off the sources: floors, file sizes, heads, doors, left-overs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may import from this crate, beside itself. `DESIGN` in one table.
const FLOORS: &[(&str, &[&str])] = &[
    ("docs", &[]),
    ("domain", &[]),
    ("doors", &["domain"]),
    ("config", &["domain"]),
    ("plan", &["domain"]),
    ("rehearse", &["domain", "plan", "config"]),
    ("pipeline", &["domain", "config"]),
    ("validate", &["domain", "config"]),
    ("report", &["domain"]),
    ("store", &["domain", "doors"]),
    ("transport", &["domain", "doors"]),
    ("collect", &["domain", "doors", "report"]),
    ("dataset", &["domain", "config", "grade"]),
    ("grade", &["domain"]),
    ("artifacts", &["domain", "grade"]),
    ("blame", &["domain"]),
    ("assign", &["domain"]),
    ("docker", &["domain", "doors"]),
    ("objects", &["domain", "doors"]),
    ("images", &["domain", "doors", "docker"]),
    ("case", &["domain", "grade", "artifacts"]),
    ("harness", &["domain"]),
    (
        "runner",
        &[
            "domain",
            "doors",
            "blame",
            "grade",
            "artifacts",
            "case",
            "docker",
            "images",
            "harness",
        ],
    ),
    (
        "engine",
        &[
            "domain",
            "doors",
            "config",
            "plan",
            "pipeline",
            "store",
            "transport",
            "objects",
        ],
    ),
    ("view", &["domain", "report", "blame", "rehearse", "plan"]),
    (
        "cli",
        &[
            "domain",
            "doors",
            "config",
            "dataset",
            "plan",
            "rehearse",
            "pipeline",
            "validate",
            "report",
            "store",
            "transport",
            "collect",
            "dataset",
            "grade",
            "artifacts",
            "objects",
            "assign",
            "case",
            "harness",
            "runner",
            "engine",
            "view",
        ],
    ),
];

/// Crates that one module alone may know.
const VENDORS: &[(&str, &[&str])] = &[
    ("sqlx", &["store"]),
    ("openssh", &["transport"]),
    ("clap", &["cli"]),
    ("toml", &["config"]),
    ("reqwest", &["images"]),
    ("aws_sdk_s3", &["objects"]),
    ("aws_config", &["objects"]),
    ("aws_smithy_http_client", &["objects"]),
];

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(dir: &Path, all: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, all);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                all.push((path.clone(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut all = Vec::new();
    walk(&root().join("src"), &mut all);
    walk(&root().join("tests"), &mut all);
    all
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The module that a file of `src/` belongs to.
fn module(path: &Path) -> Option<String> {
    let below = path.strip_prefix(root().join("src")).ok()?;
    let first = below.components().next()?.as_os_str().to_str()?.to_owned();
    Some(first.trim_end_matches(".rs").to_owned())
}

fn complain(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn no_file_imports_from_a_higher_floor() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let Some(module) = module(&path).filter(|module| !["lib", "main"].contains(&module.as_str())) else {
            continue;
        };
        let Some((_, allowed)) = FLOORS.iter().find(|(name, _)| *name == module) else {
            faults.push(format!("{}: module `{module}` is on no floor", path.display()));
            continue;
        };
        for (n, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            for rest in line.split("crate::").skip(1) {
                let other: String = rest
                    .chars()
                    .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                    .collect();
                if !other.is_empty() && other != module && !allowed.contains(&other.as_str()) {
                    faults.push(format!(
                        "{}:{}: `{module}` may not know `{other}`",
                        path.display(),
                        n + 1
                    ));
                }
            }
        }
    }
    complain(&faults);
}

#[test]
fn each_vendor_has_one_house() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let Some(module) = module(&path) else { continue };
        for (vendor, houses) in VENDORS {
            let uses = text.lines().any(|line| {
                let line = line.trim_start();
                !line.starts_with("//")
                    && (line.contains(&format!("{vendor}::")) || line.starts_with(&format!("use {vendor}")))
            });
            if uses && !houses.contains(&module.as_str()) {
                faults.push(format!("{}: only {houses:?} may use {vendor}", path.display()));
            }
        }
    }
    complain(&faults);
}

#[test]
fn every_file_says_what_lives_in_it_and_is_short() {
    let mut faults = Vec::new();
    let mut lengths = Vec::new();
    for (path, text) in sources() {
        let lines = text.lines().count();
        if lines > 500 {
            faults.push(format!("{}: {lines} lines; 500 at most", path.display()));
        }
        let head = text.lines().next().unwrap_or_default();
        if !head.starts_with("//!") && !head.starts_with("#![doc") {
            faults.push(format!("{}: the first line is no //!", path.display()));
        }
        if path.starts_with(root().join("src")) {
            lengths.push(lines);
        }
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    if median > 150 {
        faults.push(format!("the median file has {median} lines; 150 at most"));
    }
    complain(&faults);
}

#[test]
fn nothing_is_left_over_and_nothing_says_nothing() {
    // Put together here, so that this file does not find itself.
    let words = [
        ["to", "do!("],
        ["unimple", "mented!"],
        ["dbg", "!("],
        ["FIX", "ME"],
        ["XX", "X"],
        ["#[ign", "ore"],
        ["#[al", "low("],
    ];
    let names = [
        "imp.rs",
        "utils.rs",
        "util.rs",
        "helpers.rs",
        "common.rs",
        "types.rs",
        "misc.rs",
    ];
    let mut faults = Vec::new();
    for (path, text) in sources() {
        for word in words.iter().map(|parts| parts.concat()) {
            if let Some(n) = text.lines().position(|line| line.contains(&word)) {
                faults.push(format!("{}:{}: {word}", path.display(), n + 1));
            }
        }
        if names.iter().any(|name| path.ends_with(name)) {
            faults.push(format!("{}: a name that says nothing", path.display()));
        }
    }
    complain(&faults);
}

#[test]
fn floor_one_is_pure() {
    let pure = [
        "domain",
        "config",
        "dataset",
        "plan",
        "rehearse",
        "pipeline",
        "validate",
        "report",
        "blame",
        "grade",
        "artifacts",
        "assign",
    ];
    let forbidden = [
        "std::fs",
        "std::net",
        "tokio",
        "doors",
        "SystemTime",
        "Instant::",
        "async fn",
        "std::env",
    ];
    let mut faults = Vec::new();
    for (path, text) in sources() {
        if module(&path).is_none_or(|module| !pure.contains(&module.as_str())) {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        if path.file_name().is_some_and(|name| name == "tests.rs") {
            continue;
        }
        for (n, line) in code
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            for word in forbidden {
                if line.contains(word) {
                    faults.push(format!("{}:{}: {word} on floor 1", path.display(), n + 1));
                }
            }
        }
    }
    complain(&faults);
}

#[test]
fn every_verb_has_a_test_and_a_place_in_readme_and_manual() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let manual = fs::read_to_string(root().join("src/docs/manual/verbs.md")).unwrap();
    let tests: String = sources()
        .into_iter()
        .filter(|(path, _)| path.starts_with(root().join("tests")))
        .map(|(_, text)| text)
        .collect();
    let mut faults = Vec::new();
    for verb in verbs() {
        if !readme.contains(&format!("\n  {verb} ")) {
            faults.push(format!("README.md does not list `{verb}`"));
        }
        if !manual.contains(&format!("### fleet {verb}\n")) {
            faults.push(format!("the manual does not explain `fleet {verb}`"));
        }
        if !tests.contains(&format!("\"{verb}\"")) && !tests.contains(&format!("\"{verb} ")) {
            faults.push(format!("no test runs `fleet {verb}`"));
        }
    }
    complain(&faults);
}

/// The verbs, as the binary's own help lists them.
fn verbs() -> BTreeSet<String> {
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_fleet"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let verbs: BTreeSet<String> = help
        .lines()
        .skip_while(|line| !line.starts_with("Usage:"))
        .take_while(|line| !line.starts_with("Manual:"))
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|verb| verb != "help")
        .collect();
    assert!(verbs.len() >= 10, "the help lists too few verbs:\n{help}");
    verbs
}

#[test]
fn no_test_file_is_forgotten() {
    let list = fs::read_to_string(root().join("tests/lib.rs")).unwrap();
    for entry in fs::read_dir(root().join("tests")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = root().join("tests").join(&name);
        let is_module = path.extension().is_some_and(|ext| ext == "rs") || path.join("mod.rs").exists();
        let stem = name.trim_end_matches(".rs");
        if is_module && stem != "lib" {
            assert!(
                list.contains(&format!("mod {stem};")),
                "tests/{name} is in no test binary"
            );
        }
    }
}
