//! `fleet completions`: a script for each shell.

use std::process::Command;

use crate::support::Ran;

fn completions(shell: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleet"));
    command.args(["completions", shell]).output().unwrap().into()
}

#[test]
fn every_shell_gets_a_script_that_knows_the_verbs_and_flags() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = completions(shell).ok().stdout;
        for word in ["dispatch", "collect", "doctor", "detach"] {
            assert!(script.contains(word), "{shell}: no {word}");
        }
    }
    completions("tcsh").code(2).says("bash").says("zsh");
}

#[test]
fn bash_can_read_its_script() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("fleet.bash");
    std::fs::write(&path, completions("bash").ok().stdout).unwrap();
    let bash = Command::new("bash").arg("-n").arg(&path).output().unwrap();
    assert!(bash.status.success(), "{}", String::from_utf8_lossy(&bash.stderr));
}
