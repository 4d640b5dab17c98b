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
    // Whoever can say that nothing has been dispatched has read the configuration.
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
