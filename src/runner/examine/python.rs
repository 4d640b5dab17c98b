//! Does the harness's Python work? One start of it tells all.

use std::path::Path;
use std::time::Duration;

use super::super::program::{Asked, Silence};
use super::observation::{bad, good, seen};
use crate::domain::exam::{CheckKind, CheckResult};

/// For Poetry to say its version.
const QUICK: Duration = Duration::from_secs(30);
/// For the imports: the harness's own take many seconds on a cold disk.
const SLOW: Duration = Duration::from_mins(1);

/// What a run of the harness imports.
const MODULES: [&str; 3] = ["openhands.agenthub", "datasets", "pandas"];

/// Each line begins with a word of ours: modules print, too.
const SCRIPT: &str = "import sys
print('fleet-python %d.%d.%d' % sys.version_info[:3])
for name in sys.argv[1:]:
    try:
        __import__(name)
        print('fleet-import %s' % name)
    except BaseException as error:
        text = (str(error).splitlines() or [''])[0][:120]
        print('fleet-missing %s %s: %s' % (name, type(error).__name__, text))
";

/// Poetry, its Python, and what that can import.
pub(super) fn look(at: &Path) -> Vec<CheckResult> {
    match Asked::new("poetry", &["--version"]).user_path().ask(QUICK) {
        Ok(text) => {
            let version = text.lines().last().unwrap_or_default().trim().to_owned();
            let mut all = vec![good(CheckKind::Poetry, version)];
            if at.is_dir() {
                all.extend(imports(at));
            }
            all
        }
        Err(Silence::Missing) => vec![bad(
            CheckKind::Poetry,
            "not found in the PATH, ~/.local/bin or ~/.poetry/bin",
        )],
        Err(Silence::Failed(why)) => vec![bad(CheckKind::Poetry, why)],
    }
}

fn imports(at: &Path) -> Vec<CheckResult> {
    let args = [&["run", "python", "-c", SCRIPT], &MODULES[..]].concat();
    let asked = Asked::new("poetry", &args)
        .at(at)
        .user_path()
        .env("PYTHONPATH", at);
    let text = match asked.ask(SLOW) {
        Ok(text) => text,
        Err(why) => return vec![bad(CheckKind::Imports, why.to_string())],
    };
    let mut all = Vec::new();
    if let Some(version) = text.lines().find_map(|line| line.strip_prefix("fleet-python ")) {
        all.push(seen(CheckKind::Python, is_new(version), version));
    }
    let told = |word: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(word));
        lines.map(|rest| rest.trim().to_owned()).collect()
    };
    let (there, missing) = (told("fleet-import "), told("fleet-missing "));
    all.push(if missing.is_empty() && there.len() == MODULES.len() {
        good(CheckKind::Imports, there.join(", "))
    } else if missing.is_empty() {
        bad(CheckKind::Imports, "its Python ended before all was imported")
    } else {
        bad(CheckKind::Imports, missing.join("; "))
    });
    all
}

/// 3.10 or newer.
fn is_new(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (3, 10)
}

#[cfg(test)]
mod tests {
    use super::is_new;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(["3.10.0", "3.12.1", "4.0"].into_iter().all(is_new));
        assert!(!["3.9.18", "2.7.18", "", "x"].into_iter().any(is_new));
    }
}
