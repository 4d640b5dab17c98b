//! What a runner is born with does not matter.

use std::os::unix::fs::PermissionsExt as _;

use fleet::domain::journal::{Entry, Outcome};

use crate::link::{Link, capsule, log, spec};

/// Starts the program with signals ignored and blocked, few open files, short files, no stderr, and a umask that takes
/// all rights from what it creates.
const PARENT: &str = r#"#!/bin/sh
ulimit -S -n 24; ulimit -S -f 16; umask 0777
exec env --ignore-signal=CHLD --ignore-signal=TERM --block-signal=CHLD --block-signal=TERM "$PROGRAM" "$@" 2>&-
"#;

#[test]
fn how_a_runner_is_born_matters_neither_to_it_nor_to_its_supervisors_and_steps() {
    let dir = tempfile::tempdir().unwrap();
    let parent = dir.path().join("parent");
    let text = PARENT.replace("$PROGRAM", env!("CARGO_BIN_EXE_fleet"));
    std::fs::write(&parent, text).unwrap();
    std::fs::set_permissions(&parent, std::fs::Permissions::from_mode(0o755)).unwrap();
    let root = dir.path().join("root");
    let mut link = Link::of(&parent, &root);
    // Above the first 28 signals, libc has some of its own.
    let script =
        "sed -nE 's/^(Sig(Blk|Ign)).*(.{7})$/\\1 \\3/p' /proc/self/status; umask; touch made; stat -c %a made
        [ $(ulimit -n) -gt 24 ] && echo files; [ $(ulimit -c) = 0 ] && echo core
        head -c 100000 /dev/zero > long && echo long; (exit 7); echo $?";
    let spec = spec("a", 1, &[script, "true"]);
    link.start(&spec);
    let lines = link.journal(spec.id());
    assert!(
        matches!(
            lines.last(),
            Some(Entry::Ended {
                outcome: Outcome::Succeeded,
                ..
            })
        ),
        "{lines:?}"
    );
    let said = log(&root, &spec, "p0");
    assert_eq!(
        said,
        "SigBlk 0000000\nSigIgn 0000000\n0022\n644\nfiles\ncore\nlong\n7\n"
    );
    assert!(capsule(&root, &spec).join("manifest.json").exists());
    // It asks programs of the host for their versions, and is told how they ended.
    let facts = link.ask(fleet::domain::wire::Ask::Probe);
    let fleet::domain::wire::Answer::Facts(facts) = facts else {
        panic!("{facts:?}")
    };
    assert!(
        matches!(facts.rsync, fleet::domain::wire::Program::Version(_)),
        "{:?}",
        facts.rsync
    );
    link.close();
}
