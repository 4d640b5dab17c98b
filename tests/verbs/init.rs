//! `fleet init`: a commented `fleet.toml` to begin with.

use std::fs;
use std::process::Command;

fn fleet(dir: &std::path::Path, args: &[&str]) -> crate::support::Ran {
    Command::new(env!("CARGO_BIN_EXE_fleet"))
        .args(args)
        .current_dir(dir)
        .env_remove("FLEET_CONFIG")
        .output()
        .unwrap()
        .into()
}

#[test]
fn what_it_writes_is_a_whole_configuration() {
    let dir = tempfile::tempdir().unwrap();
    fleet(dir.path(), &["init"]).ok().says("wrote fleet.toml");
    // `status` says that nothing has been dispatched only after it has read the configuration.
    fleet(dir.path(), &["status"])
        .code(2)
        .says("nothing has been dispatched");
    fs::create_dir(dir.path().join("staging")).unwrap();
    fleet(dir.path(), &["init", "staging/fleet.toml"]).ok();
    fleet(dir.path(), &["--config", "staging/fleet.toml", "status"])
        .code(2)
        .says("staging/.fleet/fleet.sqlite");
}

#[test]
fn its_only_host_is_a_placeholder_and_it_still_explains_every_key() {
    let text = fleet::config::starter();
    assert_eq!(text.matches("\n[[host]]\n").count(), 1, "{text}");
    assert!(
        !text.contains("aws-instance-eval1\"") && !text.contains("lancer"),
        "{text}"
    );
    assert!(!text.contains("\n\n\n"), "no hole is left");
    let config = fleet::config::Config::parse(&text, "fleet.toml").unwrap();
    assert_eq!(config.hosts.len(), 1);
    for key in ["slots", "quarantine", "[images]", "[[pipeline.phase]]"] {
        assert!(text.contains(key), "{key}");
    }
}

#[test]
fn a_local_one_runs_at_once_without_docker_and_ssh() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| -> crate::support::Ran {
        Command::new(env!("CARGO_BIN_EXE_fleet"))
            .args(args)
            .current_dir(dir.path())
            .env("HOME", dir.path())
            .env_remove("FLEET_CONFIG")
            .output()
            .unwrap()
            .into()
    };
    run(&["init", "--local"])
        .ok()
        .says("run `fleet dispatch assignments/hello.json`");
    run(&["doctor"]).ok().says("all is well");
    run(&["dispatch", "assignments/hello.json"]).ok();
    run(&["logs", "hello/tides/shell"])
        .ok()
        .prints("shell works on tides on here");
    run(&["collect"]).ok().says("2 at home");
    run(&["init", "--local"])
        .code(5)
        .says("fleet.toml is there already");
}

#[test]
fn an_unknown_verb_leads_to_one_of_ours_and_never_to_a_hidden_one() {
    let dir = tempfile::tempdir().unwrap();
    for (typed, meant) in [
        ("run", "dispatch"),
        ("ps", "status"),
        ("dispach", "dispatch"),
        ("stop", "cancel"),
    ] {
        let ran = fleet(dir.path(), &[typed]).code(2);
        assert!(ran.stderr.contains(&format!("'{meant}'")), "{}", ran.stderr);
        assert!(!ran.stderr.contains("runner"), "{}", ran.stderr);
    }
    assert!(!fleet(dir.path(), &["runne"]).code(2).stderr.contains("'runner'"));
}

#[test]
fn it_overwrites_nothing() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("fleet.toml"), "mine").unwrap();
    fleet(dir.path(), &["init"])
        .code(5)
        .says("fleet.toml is there already");
    assert_eq!(fs::read_to_string(dir.path().join("fleet.toml")).unwrap(), "mine");
    fleet(dir.path(), &["init", "no/such/dir.toml"])
        .code(6)
        .says("cannot write");
}
