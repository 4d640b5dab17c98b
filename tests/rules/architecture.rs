//! The rules of the house, read off the sources: floors, file sizes, heads, doors, left-overs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may import from this crate, beside itself. `DESIGN` in one table.
const FLOORS: &[(&str, &[&str])] = &[
    ("docs", &[]),
    ("domain", &[]),
    ("text", &[]),
    ("doors", &["domain"]),
    ("config", &["domain"]),
    ("schedule", &["domain"]),
    ("plan", &["domain", "schedule"]),
    ("rehearse", &["domain", "schedule", "plan", "config"]),
    ("pipeline", &["domain", "config"]),
    ("validate", &["domain", "config"]),
    ("report", &["domain", "schedule", "text", "blame"]),
    ("store", &["domain", "schedule", "doors"]),
    ("transport", &["domain", "doors"]),
    ("collect", &["domain", "text", "doors", "report"]),
    ("dataset", &["domain", "config", "grade"]),
    ("grade", &["domain", "text"]),
    ("artifacts", &["domain", "grade"]),
    ("blame", &["domain", "text"]),
    ("assign", &["domain"]),
    ("docker", &["domain", "text", "doors"]),
    ("objects", &["domain", "text", "doors"]),
    ("images", &["domain", "text", "doors", "docker"]),
    ("case", &["domain", "doors", "grade", "artifacts"]),
    ("harness", &["domain", "doors"]),
    (
        "runner",
        &[
            "domain",
            "text",
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
            "schedule",
            "doors",
            "config",
            "plan",
            "pipeline",
            "store",
            "transport",
            "objects",
        ],
    ),
    (
        "service",
        &[
            "domain",
            "schedule",
            "text",
            "doors",
            "config",
            "plan",
            "rehearse",
            "pipeline",
            "validate",
            "dataset",
            "grade",
            "artifacts",
            "assign",
            "report",
            "store",
            "transport",
            "collect",
            "case",
            "harness",
            "objects",
            "engine",
        ],
    ),
    (
        "view",
        &[
            "domain", "schedule", "text", "report", "blame", "rehearse", "plan",
        ],
    ),
    (
        "cli",
        &[
            "domain",
            "schedule",
            "text",
            "doors",
            "config",
            "plan",
            "rehearse",
            "validate",
            "assign",
            "report",
            "transport",
            "runner",
            "engine",
            "service",
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

/// Every source, with its text.
pub(crate) fn sources() -> Vec<(PathBuf, String)> {
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

/// The directory of the crate.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The module that a file of `src/` belongs to.
fn module(path: &Path) -> Option<String> {
    let below = path.strip_prefix(root().join("src")).ok()?;
    let first = below.components().next()?.as_os_str().to_str()?.to_owned();
    Some(first.trim_end_matches(".rs").to_owned())
}

/// Fails with all faults at once.
pub(crate) fn complain(faults: &[String]) {
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
        "text",
        "schedule",
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

/// Files outside of `text` that ask for control characters, all of them to refuse an input.
const REFUSE_CONTROLS: &[&str] = &[
    "config/kind.rs",
    "dataset/value.rs",
    "domain/image.rs",
    "runner/native/named/reading.rs",
    "transport/shell.rs",
];

/// Fails where a source outside of the exempt places has one of these words in code that is no test.
fn only_here(words: &[&str], is_exempt: impl Fn(&Path) -> bool, belongs: &str) {
    let src = root().join("src");
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let Ok(below) = path.strip_prefix(&src) else {
            continue;
        };
        if is_exempt(below) || below.iter().any(|part| part == "tests" || part == "tests.rs") {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (n, line) in code.lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.contains(*word)) {
                faults.push(format!("{}:{}: {word}: {belongs}", path.display(), n + 1));
            }
        }
    }
    complain(&faults);
}

#[test]
fn only_text_makes_foreign_text_safe() {
    only_here(
        &[
            "is_control",
            "escape_default",
            "escape_unicode",
            "202e",
            "202E",
            "2066",
            "200b",
            "200B",
        ],
        |file| file.starts_with("text") || REFUSE_CONTROLS.iter().any(|path| file == Path::new(path)),
        "`text` makes foreign text safe (`sanitize_line`, …)",
    );
}

#[test]
fn links_locks_and_replacements_have_one_door() {
    only_here(
        &[
            "O_NOFOLLOW",
            ".try_lock()",
            "Flock",
            "with_extension(\"new\")",
            "create_new(true)",
        ],
        |file| file.starts_with("doors/files"),
        "`doors::files` opens, locks and replaces",
    );
}

#[test]
fn services_know_no_terminal_and_no_end_of_the_process() {
    let forbidden = [
        "stdout()",
        "stderr()",
        "print!",
        "println!",
        "terminal",
        "ExitCode",
        "process::exit",
        "signal::",
    ];
    let mut faults = Vec::new();
    for (path, text) in sources() {
        if module(&path).is_none_or(|module| module != "service") {
            continue;
        }
        let code = text.lines().enumerate();
        for (n, line) in code.filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for word in forbidden.iter().filter(|word| line.contains(**word)) {
                faults.push(format!("{}:{}: {word} in a service", path.display(), n + 1));
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
    for (kind, list) in [
        ("", "lib.rs"),
        ("verbs", "mod.rs"),
        ("promises", "mod.rs"),
        ("parts", "mod.rs"),
        ("rules", "mod.rs"),
    ] {
        let dir = root().join("tests").join(kind);
        let declared = fs::read_to_string(dir.join(list)).unwrap();
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            let is_module = path.extension().is_some_and(|ext| ext == "rs") || path.join("mod.rs").exists();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            assert!(
                !is_module || path.ends_with(list) || declared.contains(&format!("mod {stem};")),
                "{} is in no test binary",
                path.display()
            );
        }
    }
}
