//! Commands that install, and set-ups that fail.

use super::world::{evidence, fleet, instance, pytest};
use crate::domain::evidence::Evidence;
use crate::domain::fault::{Again, Class};
use crate::domain::verdict::{Decision, Outcome};
use crate::grade::setup::{failure, installs};

/// What tox 4 says where there is no network.
const TOX: &str = "py39: install_deps> python -I -m pip install pytest\n\
WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConnectionError(...)': /simple/pytest/\n\
ERROR: Could not find a version that satisfies the requirement pytest (from versions: none)\n\
ERROR: No matching distribution found for pytest\n\
py39: exit 1 (15.62 seconds) /app/repo> python -I -m pip install pytest pid=31\n  \
py39: FAIL code 1 (16.02 seconds)\n  evaluation failed :( (16.06 seconds)\n";

/// And nox.
const NOX: &str = "nox > Running session tests\nnox > python -m pip install pytest\n\
nox > Command python -m pip install pytest failed with exit code 1:\nnox > Session tests failed.\n";

fn without_network(exit: i32) -> Evidence {
    let mut seen = evidence(exit);
    if let Some(tests) = &mut seen.tests {
        tests.network = Some("none".to_owned());
    }
    seen
}

#[test]
fn a_set_up_that_fails_before_any_session_is_the_environments_failure() {
    let mut task = instance(&["t.py::a"], &["t.py::b"]);
    "tox".clone_into(&mut task.test_command);
    "python/parse_log_tox".clone_into(&mut task.parser);
    for log in [TOX, NOX] {
        let graded = fleet(&task, &without_network(1), log);
        assert_eq!(graded.verdict.decision, Decision::Undecided, "{graded:?}");
        assert_eq!(graded.verdict.outcome, Outcome::InfraFailed);
        let fault = graded.verdict.fault.unwrap();
        assert_eq!(
            (fault.class, fault.name.as_str(), fault.again),
            (Class::Image, "environment-broken", Again::Never),
            "{fault}"
        );
        assert!(fault.what.contains("`network` is none"), "{fault}");
    }
    // With a network, it may be another host's luck.
    let fault = fleet(&task, &evidence(1), TOX).verdict.fault.unwrap();
    assert_eq!(fault.again, Again::Elsewhere);
    assert!(!fault.what.contains("network` is none"), "{fault}");
}

#[test]
fn once_a_session_has_begun_the_words_of_a_set_up_are_a_tests() {
    let task = instance(&["t.py::a"], &["t.py::b"]);
    let log = pytest(
        TOX,
        &["FAILED t.py::a - x", "PASSED t.py::b"],
        "1 failed, 1 passed",
    );
    let graded = fleet(&task, &without_network(1), &log);
    assert_eq!(graded.verdict.decision, Decision::Unresolved, "{graded:?}");
    let broken_off = format!("===== test session starts =====\n{TOX}");
    let graded = fleet(&task, &without_network(1), &broken_off);
    assert_eq!(graded.verdict.decision, Decision::Unresolved, "{graded:?}");
}

#[test]
fn a_set_up_that_only_the_patch_breaks_is_the_models() {
    let task = instance(&["t.py::a"], &["t.py::b"]);
    let seen = Evidence {
        sound: true,
        ..without_network(1)
    };
    let graded = fleet(&task, &seen, TOX);
    assert_eq!(graded.verdict.decision, Decision::Unresolved, "{graded:?}");
    assert_eq!(graded.verdict.fault, None);
}

#[test]
fn the_words_of_every_installer_are_known_from_their_beginning() {
    for line in [
        "  ERROR: No matching distribution found for pytest",
        ".pkg: exit 1 (2.10 seconds) /app/repo> python -I -m pip install setuptools wheel pid=9",
        "py37: skipped because could not find python interpreter with spec(s): py37",
        "ERROR: InterpreterNotFound: python3.6",
        "nox > Session tests-3.7 skipped: Python interpreter 3.7 not found.",
        "npm ERR! code EAI_AGAIN",
        "npm error code ENOTFOUND",
        "error An unexpected error occurred: \"https://registry.yarnpkg.com/x: getaddrinfo EAI_AGAIN\".",
        "Could not reach host index.rubygems.org. Check your network connection and try again.",
        "error: failed to get `serde` as a dependency of package `x v0.1.0 (/app/repo)`",
        "[ERROR] Failed to execute goal on project x: Could not resolve dependencies for project a:b:jar:1",
        "go: github.com/x/y@v1.0.0: Get \"https://proxy.golang.org/x\": dial tcp: lookup proxy.golang.org: no such host",
    ] {
        for log in [
            format!("before\n{line}\nafter"),
            format!("before\n\x1b[35m\x1b[1;2m{line}\x1b[0m\nafter"),
        ] {
            assert_eq!(failure(&log).as_deref(), Some(line.trim()), "{line}");
        }
    }
    for line in [
        "print: ERROR: No matching distribution found for pytest",
        "npm ERR! code ELIFECYCLE",
        "npm ERR! Test failed.  See above for more details.",
        "py39: exit 1 (3.10 seconds) /app/repo> pytest tests pid=31",
        "py39: exit 0 (3.10 seconds) /app/repo> python -I -m pip install x pid=31",
        "nox > Command pytest failed with exit code 1",
        "error: test failed, to rerun pass `--lib`",
        "ConnectionError: dial tcp: lookup example.org: no such host",
    ] {
        assert_eq!(failure(line), None, "{line}");
    }
}

#[test]
fn a_command_that_installs_is_known_by_its_program() {
    for (command, by) in [
        ("source /saved/ENV && tox -e py39 -- -rA", Some("tox")),
        ("python3 -m nox -s tests", Some("nox")),
        ("/opt/env/bin/tox", Some("tox")),
        ("pip install -e . && pytest -rA", Some("pip install")),
        ("python -m pip -q install x; pytest", Some("pip install")),
        ("npm ci && npm test", Some("npm ci")),
        ("cd web && CI=1 npm install", Some("npm install")),
        ("bundle install --jobs 4", Some("bundle install")),
        ("cargo fetch && cargo test --offline", Some("cargo fetch")),
        ("./mvnw test", Some("mvnw")),
        ("mvn -B test", Some("mvn")),
        ("go mod download && go test ./...", Some("go mod download")),
        ("timeout 600 tox", Some("tox")),
        ("pytest -rA", None),
        ("pytest tests/test_tox.py -k 'tox or nox'", None),
        ("mvn -o test", None),
        ("npm test", None),
        ("npm run install-check", None),
        ("pip install --no-index -e . && pytest", None),
        ("tox --skip-env-install", None),
        ("echo tox", None),
        ("", None),
    ] {
        assert_eq!(installs(command).as_deref(), by, "{command}");
    }
}
