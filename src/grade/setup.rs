//! Test commands that make the environment of their tests first: which ones are known to, and the words in which
//! their tools say that they could not.
//!
//! Invariant: only a tool's own line counts, from its beginning. Whether it was the tool that printed it is not
//! decided here: a fault is believed only if it comes without the model's patch, too.

use std::borrow::Cow;

/// What a command is known to install by: the first words of it, and the options that keep it from asking the network.
struct Installer {
    words: &'static [&'static str],
    /// With one of these it uses what is there.
    offline: &'static [&'static str],
}

const fn installer(words: &'static [&'static str], offline: &'static [&'static str]) -> Installer {
    Installer { words, offline }
}

const INSTALLERS: &[Installer] = &[
    installer(&["tox"], &["--skip-env-install", "--current-env"]),
    installer(&["nox"], &["--no-install", "-R", "--no-venv"]),
    installer(&["hatch"], &[]),
    installer(&["pip", "install"], &["--no-index"]),
    installer(&["pip3", "install"], &["--no-index"]),
    installer(&["uv", "sync"], &["--offline"]),
    installer(&["pipenv", "install"], &[]),
    installer(&["poetry", "install"], &[]),
    installer(&["conda", "install"], &["--offline"]),
    installer(&["apt-get", "install"], &[]),
    installer(&["apt", "install"], &[]),
    installer(&["npm", "ci"], &["--offline"]),
    installer(&["npm", "i"], &["--offline"]),
    installer(&["npm", "install"], &["--offline"]),
    installer(&["pnpm", "install"], &["--offline"]),
    installer(&["yarn", "install"], &["--offline"]),
    installer(&["bundle", "install"], &["--local"]),
    installer(&["gem", "install"], &["--local", "-l"]),
    installer(&["composer", "install"], &[]),
    installer(&["cargo", "fetch"], &["--offline", "--frozen"]),
    installer(&["cargo", "install"], &["--offline", "--frozen"]),
    installer(&["go", "mod", "download"], &[]),
    installer(&["go", "get"], &[]),
    installer(&["mvn"], &["-o", "--offline"]),
    installer(&["mvnw"], &["-o", "--offline"]),
    installer(&["gradle"], &["--offline"]),
    installer(&["gradlew"], &["--offline"]),
];

/// What a test command is known to install by, as it says it: `tox`, `pip install`. None where nothing is known.
pub fn installs(command: &str) -> Option<String> {
    let parts = command.split(['\n', ';', '&', '|', '(', ')']);
    parts.into_iter().find_map(installs_in)
}

fn installs_in(part: &str) -> Option<String> {
    let words: Vec<&str> = part
        .split(|c: char| c.is_whitespace() || "'\"`".contains(c))
        .map(|word| word.rsplit('/').next().unwrap_or(word))
        .filter(|word| !word.is_empty())
        .collect();
    let said = |installer: &&Installer| {
        words.iter().enumerate().any(|(at, word)| {
            *word == installer.words[0]
                && is_program(&words[..at])
                && follow(&words[at + 1..], &installer.words[1..])
        })
    };
    let offline = |installer: &&Installer| words.iter().any(|word| installer.offline.contains(word));
    let found = INSTALLERS
        .iter()
        .find(|installer| said(installer) && !offline(installer))?;
    Some(found.words.join(" "))
}

/// Do only words stand before it that start another program? `python -m tox`, `A=1 env tox`, `cd x`.
fn is_program(before: &[&str]) -> bool {
    before.iter().all(|word| {
        word.contains('=')
            || word.starts_with('-')
            || word.starts_with("python")
            || matches!(
                *word,
                "env"
                    | "exec"
                    | "sudo"
                    | "time"
                    | "timeout"
                    | "nice"
                    | "xvfb-run"
                    | "uv"
                    | "run"
                    | "bash"
                    | "sh"
                    | "then"
                    | "do"
                    | "else"
                    | "if"
                    | "!"
            )
            || word.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Do these come, with nothing but options between?
fn follow(words: &[&str], wanted: &[&str]) -> bool {
    let mut rest = words.iter().filter(|word| !word.starts_with('-'));
    wanted.iter().all(|one| rest.next() == Some(one))
}

/// The line in which a tool says that it could not set up the environment of the tests; the first one, since those
/// below it follow from it.
pub(super) fn failure(log: &str) -> Option<String> {
    let mut lines = log.lines().map(plain);
    let found = lines.find(|line| is_failure(line.trim()))?;
    Some(found.trim().to_owned())
}

/// A line without the colours that some tools give theirs wherever they print.
fn plain(line: &str) -> Cow<'_, str> {
    let mut parts = line.split("\x1b[");
    let first = parts.next().unwrap_or_default();
    if first.len() == line.len() {
        return Cow::Borrowed(line);
    }
    let rest = parts.map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';'));
    let rest = rest.map(|part| part.strip_prefix('m').unwrap_or(part));
    Cow::Owned(std::iter::once(first).chain(rest).collect())
}

/// How such lines begin.
const BEGINNINGS: &[&str] = &[
    // pip, whichever program calls it
    "ERROR: Could not find a version that satisfies the requirement ",
    "ERROR: No matching distribution found for ",
    "ERROR: Could not install packages due to an OSError",
    // tox 3
    "ERROR: could not install deps ",
    "ERROR: InterpreterNotFound: ",
    // uv, poetry, conda, apt
    "error: Failed to fetch: `http",
    "All attempts to connect to pypi.org failed",
    "CondaHTTPError: HTTP 000 CONNECTION FAILED",
    "E: Failed to fetch http",
    // yarn, pnpm
    "error An unexpected error occurred: \"http",
    "ERR_PNPM_META_FETCH_FAIL",
    // bundler
    "Could not reach host ",
    "Could not fetch specs from http",
    "Bundler::HTTPError",
    // cargo
    "error: failed to download from `http",
    "error: failed to get `",
    // maven, gradle
    "[ERROR] Non-resolvable parent POM",
    "Exception in thread \"main\" java.net.UnknownHostException: services.gradle.org",
    "> Could not GET 'http",
];

/// What npm says of a network that is not there.
const NPM_CODES: &[&str] = &[
    "EAI_AGAIN",
    "ENOTFOUND",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "ENETUNREACH",
    "ENOTCACHED",
];

fn is_failure(line: &str) -> bool {
    BEGINNINGS.iter().any(|words| line.starts_with(words))
        || npm(line)
        || tox(line)
        || nox(line)
        || maven(line)
        || go(line)
}

fn npm(line: &str) -> bool {
    let code = line
        .strip_prefix("npm ERR! code ")
        .or_else(|| line.strip_prefix("npm error code "));
    code.is_some_and(|code| NPM_CODES.contains(&code.trim()))
}

/// `py39: exit 1 (15.62 seconds) /app/repo> python -I -m pip install pytest pid=7`, and an interpreter that is not there.
fn tox(line: &str) -> bool {
    let Some((env, said)) = line.split_once(": ") else {
        return false;
    };
    if env.is_empty() || env.contains(char::is_whitespace) {
        return false;
    }
    let ended = said.strip_prefix("exit ").and_then(|rest| rest.split_once(" ("));
    match ended {
        Some((code, rest)) => {
            code != "0"
                && rest.contains(" seconds) ")
                && (rest.contains(" pip install ") || rest.contains(" uv pip install "))
        }
        None => said.starts_with("skipped because could not find python interpreter"),
    }
}

/// `nox > Command python -m pip install pytest failed with exit code 1:`
fn nox(line: &str) -> bool {
    let Some(said) = line.strip_prefix("nox > ") else {
        return false;
    };
    let install = said.starts_with("Command ")
        && said.contains(" install ")
        && said.contains(" failed with exit code ");
    install || said.starts_with("Session ") && said.contains(" skipped: Python interpreter ")
}

fn maven(line: &str) -> bool {
    line.starts_with("[ERROR] ")
        && (line.contains("Could not resolve dependencies for project")
            || line.contains("or one of its dependencies could not be resolved"))
}

/// `go: x@v1: Get "https://proxy.golang.org/…": dial tcp: lookup proxy.golang.org: no such host`
fn go(line: &str) -> bool {
    (line.starts_with("go: ") || line.contains(".go:")) && line.contains(": dial tcp: lookup ")
}
