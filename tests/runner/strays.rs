//! What outlives a supervisor that was killed: found whatever it does, or else the attempt stays open.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use fleet::domain::journal::{Entry, Outcome};
use fleet::domain::wire::Ask;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::link::{Link, capsule, eventually, is_alive, spec, supervisor};

/// Says who it is, and stays.
const EVADER: &str = "echo $$ > pid.new; mv pid.new pid; exec sleep 1000";

/// How it is started, so that each way of finding it but some fails: the script is `$1`.
const EVASIONS: &[(&str, &str)] = &[
    (
        "a clean environment, in a session of its own",
        r#"env -i setsid sh -c "$1" &"#,
    ),
    (
        "twice forked out of a session of its own, with none of our descriptors",
        r#"(env -i setsid sh -c '(sh -c "$1" &)' sh "$1" </dev/null >/dev/null 2>&1 &)"#,
    ),
    (
        "twice forked in our session, with none of our descriptors",
        r#"(env -i sh -c '(sh -c "$1" &)' sh "$1" </dev/null >/dev/null 2>&1 &)"#,
    ),
];

/// The id of the process that says it in `pid`.
fn evader(out: &Path) -> i32 {
    eventually("it runs", || out.join("pid").exists());
    let text = std::fs::read_to_string(out.join("pid")).unwrap();
    text.trim().parse().unwrap()
}

#[test]
fn no_process_of_a_killed_supervisor_evades_its_end() {
    for (what, evasion) in EVASIONS {
        let dir = tempfile::tempdir().unwrap();
        let mut link = Link::open(dir.path());
        let mut spec = spec("a", 1, &[""]);
        let script = format!("{evasion}\nsleep 1000");
        spec.steps[0].argv = ["/bin/sh", "-c", &script, "sh", EVADER]
            .map(str::to_owned)
            .to_vec();
        link.start(&spec);
        let capsule = capsule(dir.path(), &spec);
        let pid = evader(&capsule.join("out"));
        eventually("the supervisor has written it down", || {
            let text = std::fs::read_to_string(capsule.join("processes.json")).unwrap_or_default();
            text.contains(&format!("\"pid\":{pid},"))
        });
        kill(supervisor(dir.path()), Signal::SIGKILL).unwrap();
        let lines = link.journal(spec.id());
        assert!(
            matches!(
                lines.last(),
                Some(Entry::Ended {
                    outcome: Outcome::Lost { .. },
                    ..
                })
            ),
            "{lines:?}"
        );
        assert!(
            !is_alive(pid),
            "{what}: alive, although the attempt counts as lost"
        );
    }
}

/// The program, run by a user who is not root and so may not look into everything.
fn unprivileged(dir: &Path) -> PathBuf {
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o777)).unwrap();
    let program = dir.join("fleet");
    std::fs::copy(env!("CARGO_BIN_EXE_fleet"), &program).unwrap();
    if !nix::unistd::geteuid().is_root() {
        return program;
    }
    let wrapper = dir.join("as-nobody");
    let text = format!(
        "#!/bin/sh\ncd /\nexec setpriv --reuid 65534 --regid 65534 --clear-groups '{}' \"$@\"\n",
        program.display()
    );
    std::fs::write(&wrapper, text).unwrap();
    std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).unwrap();
    wrapper
}

#[test]
fn what_does_not_let_us_look_keeps_the_attempt_open_until_it_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    let mut link = Link::of(&unprivileged(dir.path()), &root);
    // The agent makes itself impossible to look into, and its parent does not wait for it.
    let script = "(setsid env -i ssh-agent -D -a $PWD/agent </dev/null >/dev/null 2>&1 & echo $! > pid.new)
        while [ ! -e agent ]; do sleep 0.01; done; mv pid.new pid; sleep 1000";
    let spec = spec("a", 1, &[script]);
    link.start(&spec);
    let capsule = capsule(&root, &spec);
    let pid = evader(&capsule.join("out"));
    let supervisor = supervisor(&root);
    eventually("the supervisor has written it down", || {
        let text = std::fs::read_to_string(capsule.join("processes.json")).unwrap_or_default();
        text.contains(&format!("\"pid\":{pid},"))
    });
    // As if it had been started in the supervisor's last moment.
    kill(supervisor, Signal::SIGSTOP).unwrap();
    let path = capsule.join("processes.json");
    let mut known: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    known["processes"] = serde_json::json!([]);
    known["sessions"] = serde_json::json!([supervisor.as_raw()]);
    known["home"] = "".into();
    known.as_object_mut().unwrap().remove("group");
    std::fs::write(&path, known.to_string()).unwrap();
    kill(supervisor, Signal::SIGKILL).unwrap();
    let free = || std::fs::metadata(format!("/proc/{supervisor}/stat")).is_err();
    eventually("the supervisor is gone", free);
    // An inventory closes what is dead before it answers.
    link.ask(Ask::Inventory { jobs: false });
    let journal = std::fs::read_to_string(capsule.join("journal.jsonl")).unwrap();
    assert!(!journal.contains("\"ended\""), "{journal}");
    assert!(is_alive(pid), "what is not proved to be ours is not ended");
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    let lines = link.journal(spec.id());
    assert!(
        matches!(
            lines.last(),
            Some(Entry::Ended {
                outcome: Outcome::Lost { .. },
                ..
            })
        ),
        "{lines:?}"
    );
}
