//! `fleet man`: the manual, made from the same words as the help.

use std::process::Command;

use crate::support::Ran;

fn man(args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleet"));
    command.arg("man").args(args).output().unwrap().into()
}

#[test]
fn the_page_names_every_verb_and_the_exit_codes() {
    let page = man(&[]).ok().stdout;
    assert!(page.contains(".TH fleet 1"), "{page}");
    for word in ["dispatch", "collect", "status", "130"] {
        assert!(page.contains(word), "no {word}");
    }
}

#[test]
fn one_page_for_each_verb_is_written_into_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("share/man1");
    man(&["--to", to.to_str().unwrap()]).ok();
    for page in [
        "fleet.1",
        "fleet-dispatch.1",
        "fleet-collect.1",
        "fleet-host-gone.1",
    ] {
        assert!(to.join(page).is_file(), "{page}");
    }
    std::fs::write(dir.path().join("file"), "").unwrap();
    man(&["--to", dir.path().join("file/x").to_str().unwrap()])
        .code(6)
        .says("cannot write the manual");
}
