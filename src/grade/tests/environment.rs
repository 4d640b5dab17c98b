//! What a shell says.

use super::*;

#[test]
fn a_shell_that_cannot_start_the_tests_is_the_environments_failure() {
    for line in [
        "bash: line 1: cd: /app/repo: No such file or directory",
        "/bin/sh: 1: cd: can't cd to /app/repo",
        "bash: line 1: cd: /app/repo-of-old: No such file or directory",
        "bash: line 1: pytest: command not found",
        "/bin/bash: pytest: command not found",
        "/bin/sh: 1: tox: not found",
        "bash: line 1: /opt/env/bin/pytest: No such file or directory",
        "bash: /saved/ENV: Permission denied",
        "/usr/bin/env: 'pytest': No such file or directory",
        "/usr/bin/python3: No module named pytest",
        "OCI runtime exec failed: exec failed: unable to start container process",
    ] {
        assert!(speaks_of_environment(line, "/app/repo"), "{line}");
    }
}

#[test]
fn what_lies_in_the_repository_may_be_gone_by_the_models_doing() {
    for line in [
        "bash: line 1: ./run_tests.sh: No such file or directory",
        "bash: line 1: /app/repo/run.sh: No such file or directory",
        "bash: line 1: cd: /app/repo/sub: No such file or directory",
        "bash: line 1: cd: sub: No such file or directory",
        "./run.sh: line 3: thing: command not found",
        "ModuleNotFoundError: No module named 'mypkg'",
        "/usr/bin/python3: No module named mypkg",
        "FileNotFoundError: [Errno 2] No such file or directory: '/x'",
        "make: *** [test] Error 127",
    ] {
        assert!(!speaks_of_environment(line, "/app/repo"), "{line}");
    }
}

#[test]
fn what_follows_the_shells_words_counts_too() {
    let tests = |exit| Tests {
        exit: Some(exit),
        timed_out: false,
        took: crate::domain::time::Span::seconds(1),
        output: 0,
        cut: false,
        stdout: None,
        network: None,
        memory: None,
        out_of_memory: false,
    };
    let failed = |log: &str, exit| failure(log, &Believed::default(), &tests(exit), "/app/repo").is_some();
    assert!(failed(
        "warming up\nbash: line 1: pytest: command not found\n\n",
        127
    ));
    assert!(failed("bash: line 1: pytest: command not found\ngoodbye\n", 127));
    assert!(!failed("bash: line 1: pytest: command not found\ngoodbye\n", 1));
    assert!(!failed(
        "== test session starts ==\nbash: line 1: pytest: command not found\n",
        127
    ));
    let spoken = Believed {
        ended: true,
        ..Believed::default()
    };
    assert!(
        failure(
            "bash: line 1: x: command not found",
            &spoken,
            &tests(127),
            "/app/repo"
        )
        .is_none()
    );
}
