//! What a test command lets one conclude from its exit code and from the number of reports in its log.

/// Programs that may run tests several times, or run what cannot be seen here.
const DRIVERS: &[&str] = &[
    "tox", "nox", "make", "just", "for", "while", "until", "xargs", "parallel", "find", "npm", "npx", "yarn",
    "sh", "bash", "eval", "watch", "hatch", "ninja",
];

/// What is known of a command that runs pytest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Command {
    /// It runs pytest exactly once: its log holds one report of pytest's.
    pub(super) once: bool,
    /// Its exit code is pytest's.
    pub(super) exit: bool,
    /// It asks pytest to say nothing at its end.
    pub(super) silent: bool,
    /// It asks pytest to list the tests that passed at its end.
    pub(super) lists: bool,
    /// It asks pytest to list all tests at its end.
    pub(super) lists_all: bool,
    /// It tells pytest to show nothing of what tests have printed.
    pub(super) bare: bool,
    /// It is left to a program that ends with a code of its own for reasons of its own: an interpreter that is
    /// missing, another environment that failed.
    pub(super) environments: bool,
}

/// Reads a command.
pub(super) fn read(command: &str) -> Command {
    let words: Vec<&str> = command
        .split(|c: char| c.is_whitespace() || ";&|()`$'\"".contains(c))
        .map(|word| word.rsplit('/').next().unwrap_or(word))
        .filter(|word| !word.is_empty())
        .collect();
    let runs = words.iter().filter(|word| is_pytest(word)).count();
    let driven = words.iter().any(|word| DRIVERS.contains(word) || is_script(word));
    let once = runs == 1 && !driven;
    let quiet: usize = words.iter().map(|word| quietness(word)).sum();
    Command {
        once,
        exit: once && ends_in_pytest(command) && !command.contains("--suppress"),
        silent: quiet >= 2,
        lists: words.iter().any(|word| asks_for_passes(word)),
        lists_all: words
            .iter()
            .rfind(|word| word.starts_with("-r") && word.len() > 2)
            .is_some_and(|word| word.contains('A')),
        bare: words.contains(&"--tb=no") && !words.iter().any(|word| matches!(*word, "-s" | "--capture=no")),
        environments: words.iter().any(|word| matches!(*word, "tox" | "nox" | "hatch")),
    }
}

fn is_script(word: &str) -> bool {
    word.rsplit_once('.').is_some_and(|(_, kind)| kind == "sh")
}

fn is_pytest(word: &str) -> bool {
    matches!(word, "pytest" | "py.test" | "pytest3" | "pytest-3")
}

fn quietness(word: &str) -> usize {
    match word.strip_prefix('-') {
        Some(letters) if !letters.is_empty() && letters.chars().all(|c| c == 'q') => letters.len(),
        _ => usize::from(word == "--quiet"),
    }
}

/// `-rA`, `-rp`, `-rfEp`: whatever follows `-r` names kinds of results, and these two are among them.
fn asks_for_passes(word: &str) -> bool {
    word.strip_prefix("-r")
        .is_some_and(|kinds| kinds.contains(['A', 'p', 'P']))
}

/// Is pytest the last command, with nothing after it that could hide its exit code?
fn ends_in_pytest(command: &str) -> bool {
    let command = command.trim_end_matches(|c: char| c.is_whitespace() || c == ';');
    let start = command.rfind(['\n', ';', '&', '|']).map_or(0, |at| at + 1);
    let piped = command[..start].ends_with('|');
    !piped && command[start..].split(['/', ' ', '\t']).any(is_pytest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_of_the_datasets_are_understood() {
        let usual =
            "source /saved/ENV || source /saved/*/ENV && pytest --no-header -rA --tb=no -p no:cacheprovider";
        let known = |once, exit, silent, lists| {
            let command = Command {
                once,
                exit,
                silent,
                lists,
                lists_all: lists,
                bare: false,
                environments: false,
            };
            move |words: &str| Command {
                bare: words.contains("--tb=no"),
                environments: words.contains("tox"),
                ..command
            }
        };
        for (words, expected) in [
            (usual, known(true, true, false, true)),
            ("python -m pytest -rA tests/", known(true, true, false, true)),
            ("/opt/env/bin/pytest -n0 -rA;\n", known(true, true, false, true)),
            ("pytest a -rA; pytest b -rA", known(false, false, false, true)),
            (
                "source /saved/ENV && tox -- pytest -rA",
                known(false, false, false, true),
            ),
            ("pytest -rA | tee log", known(true, false, false, true)),
            ("cat list | pytest -rA", known(true, false, false, true)),
            ("pytest -rA || true", known(true, false, false, true)),
            ("pytest -qq", known(true, true, true, false)),
            ("pytest -q -rA -q", known(true, true, true, true)),
            ("./run_tests.sh pytest", known(false, false, false, false)),
            ("", known(false, false, false, false)),
        ] {
            assert_eq!(read(words), expected(words), "{words}");
        }
        assert!(read("pytest -rap").lists && !read("pytest -rap").lists_all);
        assert!(!read("pytest -rA -rf").lists_all);
    }
}
