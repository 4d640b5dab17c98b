//! What becomes of secrets on a host: who has them, and where they are quoted.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use fleet::domain::conclusion::Conclusion;
use fleet::domain::fault::FaultName;
use fleet::domain::journal::Entry;
use fleet::domain::spec::Spec;
use fleet::domain::swe::{IMAGE_URL, Task};
use fleet::domain::wire::{Answer, Ask};
use serde_json::json;

use crate::link::{Link, capsule, eventually, log, spec, start};

/// Of the kind that everything encodes.
const KEY: &str = "k3y/+&\"=\\ 5cc1e0a2";
const URL: &str = "https://store.example/bucket/x.tar?X-Amz-Date=20260101&X-Amz-Signature=5ec3e7b0";

/// A trajectory by an agent that runs this script, with a key and a signed address.
fn trajectory(script: &str) -> (Spec, Ask) {
    let mut spec = spec("calc-1", 1, &[""]);
    spec.steps[0].task = Some(Task::Trajectory);
    spec.secrets = vec!["KEY".to_owned(), IMAGE_URL.to_owned()];
    let base = "0123456789012345678901234567890123456789";
    let swe = json!({
        "image": {
            "source": { "engine": "lab/calc:1" }, "tags": ["lab/calc:1"], "base_commit": base,
            "repo_path": "/app/repo", "platform": "linux/amd64",
        },
        "agent": { "command": { "argv": ["sh", "-euc", script], "env": {}, "cwd": null } },
        "evaluation": { "tests": 60_000, "network": "none", "processes": 256, "log_cap": 1 << 20 },
    });
    spec.swe = Some(Box::new(serde_json::from_value(swe).unwrap()));
    let mut start = start(&spec);
    let instance = json!({
        "instance_id": "calc-1", "repo": "lab/calc", "base_commit": base, "FAIL_TO_PASS": [], "PASS_TO_PASS": [],
        "test_command": "true", "test_output_parser": "python/parse_log_pytest_v3",
    });
    start.dataset = Some(format!("{instance}\n"));
    start.secrets = [("KEY", KEY), (IMAGE_URL, URL)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    (spec, Ask::Start(Box::new(start)))
}

/// Every file below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

fn has(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}

/// How the trajectory ended: its excerpt, and what it says. Nothing that we wrote has the key.
fn ends(script: &str) -> (Option<String>, Conclusion) {
    let (spec, ask) = trajectory(script);
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    assert_eq!(link.ask(ask), Answer::Done);
    let lines = link.journal(spec.id());
    let written = log(dir.path(), &spec, "p0");
    let home = capsule(dir.path(), &spec);
    for file in files(dir.path()) {
        // What the agent printed and left is the agent's.
        let its = [
            home.join("log"),
            home.join("out/agent"),
            home.join("out/output.jsonl"),
        ];
        let bytes = std::fs::read(&file).unwrap();
        if !its.iter().any(|its| file.starts_with(its)) {
            for part in ["5cc1e0a2", "5ec3e7b0"] {
                assert!(!has(&bytes, part), "{} has {part}", file.display());
            }
        }
    }
    for line in written.lines().filter(|line| line.starts_with("fleet: ")) {
        assert!(!line.contains("5cc1e0a2"), "{line}");
    }
    lines
        .into_iter()
        .find_map(|line| match line {
            Entry::PhaseEnded {
                excerpt, conclusion, ..
            } => Some((excerpt, *conclusion.unwrap())),
            _ => None,
        })
        .unwrap()
}

#[test]
fn what_an_agent_says_of_its_key_is_quoted_nowhere() {
    // Nothing is left, and the last words are a URL.
    let (excerpt, said) = ends("echo \"fatal: https://user:$KEY@host/?api_key=$KEY is denied\"; exit 1");
    assert_eq!(said.fault.unwrap().name, FaultName::AgentFailed);
    assert!(excerpt.is_some());
    // The catalogue quotes the line that it knows.
    let (_, said) = ends(
        "echo \"litellm.AuthenticationError: Error code: 401 - bad key $KEY at https://u:$KEY@h\"; exit 1",
    );
    let fault = said.fault.unwrap();
    assert!(
        fault.name != FaultName::AgentFailed && fault.what.contains("[KEY]"),
        "{fault}"
    );
    // A trajectory without a patch is explained by its own error, and one with a patch mentions it.
    let code: Vec<String> = KEY.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let code = code.concat();
    for error in [
        format!("odd: {KEY}"),
        format!("odd: {}", json!({ "k": KEY })),
        format!("odd: http://h/?q={code}"),
        format!(
            "odd: {}",
            base64::engine::general_purpose::STANDARD.encode(format!("user:{KEY}"))
        ),
    ] {
        let aside = tempfile::tempdir().unwrap();
        let leave = |patch: &str| {
            let line =
                json!({ "instance_id": "calc-1", "test_result": { "git_patch": patch }, "error": error });
            let path = aside.path().join("line");
            std::fs::write(&path, line.to_string()).unwrap();
            format!("cp {} \"$FLEET_OUT/output.jsonl\"", path.display())
        };
        let (_, said) = ends(&leave(""));
        let fault = said.fault.unwrap();
        assert!(fault.what.contains("[KEY]"), "{error}: {fault}");
        let (_, said) = ends(&leave("diff --git a/x b/x\n"));
        assert!(
            said.fault.is_none() && said.note.contains("[KEY]"),
            "{error}: {said:?}"
        );
    }
}

#[test]
fn no_process_but_the_agents_own_has_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let gate = dir.path().join("gate");
    nix::unistd::mkfifo(&gate, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let (spec, ask) = trajectory(&format!(
        "touch \"$FLEET_OUT/here\"; read -r _ < {}; [ -z \"${{FLEET_IMAGE_URL-}}\" ]; printf %s \"$KEY\" > \"$FLEET_OUT/seen\"; : > \"$FLEET_OUT/patch.diff\"",
        gate.display()
    ));
    let mut link = Link::open(dir.path());
    assert_eq!(link.ask(ask), Answer::Done);
    let out = capsule(dir.path(), &spec).join("out/agent");
    eventually("the agent runs", || out.join("here").exists());
    let mut have = 0;
    for entry in std::fs::read_dir("/proc").unwrap() {
        let proc = entry.unwrap().path();
        let read = |name: &str| std::fs::read(proc.join(name)).unwrap_or_default();
        let (argv, environ) = (read("cmdline"), read("environ"));
        let words = String::from_utf8_lossy(&argv).replace('\0', " ");
        for bytes in [&argv, &environ] {
            assert!(!has(bytes, URL), "{words}: it has the signed address");
        }
        assert!(!has(&argv, KEY), "{words}");
        if has(&environ, KEY) {
            assert!(words.starts_with("sh -euc touch"), "{words}: it has the key");
            have += 1;
        }
    }
    assert!(have > 0, "the agent has its key");
    std::fs::write(&gate, "\n").unwrap();
    link.journal(spec.id());
    assert_eq!(std::fs::read_to_string(out.join("seen")).unwrap(), KEY);
}

#[test]
fn the_whole_instance_is_among_the_results_only_once_the_agent_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let (spec, ask) =
        trajectory("find \"$FLEET_OUT/..\" -type f > \"$FLEET_OUT/seen\"; : > \"$FLEET_OUT/patch.diff\"");
    let mut link = Link::open(dir.path());
    assert_eq!(link.ask(ask), Answer::Done);
    link.journal(spec.id());
    let out = capsule(dir.path(), &spec).join("out");
    let seen = std::fs::read_to_string(out.join("agent/seen")).unwrap();
    assert!(
        seen.contains("seen") && !seen.contains("instance.jsonl"),
        "{seen}"
    );
    assert!(out.join("instance.jsonl").exists());
}

/// Without the rights of root to look into everything; others have none.
fn unprivileged() -> &'static str {
    if nix::unistd::getuid().is_root() {
        "setpriv --bounding-set -all"
    } else {
        "env"
    }
}

/// Can a program of the same user see the environment of this process?
fn shows_itself(proc: &Path) -> bool {
    #[expect(clippy::disallowed_methods, reason = "a test looks as an agent could")]
    let mut look = Command::new("sh");
    let script = format!("exec {} cat {}/environ", unprivileged(), proc.display());
    look.args(["-c", &script]).output().unwrap().status.success()
}

#[test]
fn no_process_of_ours_lets_programs_of_its_user_look_into_it() {
    let dir = tempfile::tempdir().unwrap();
    let gate = dir.path().join("gate");
    nix::unistd::mkfifo(&gate, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let parent = dir.path().join("parent");
    let text = format!(
        "#!/bin/sh\nexec {} {} \"$@\"\n",
        unprivileged(),
        env!("CARGO_BIN_EXE_fleet")
    );
    std::fs::write(&parent, text).unwrap();
    std::fs::set_permissions(&parent, std::fs::Permissions::from_mode(0o755)).unwrap();
    let root = dir.path().join("root");
    let (spec, ask) = trajectory(&format!(
        "touch \"$FLEET_OUT/here\"; read -r _ < {}; : > \"$FLEET_OUT/patch.diff\"",
        gate.display()
    ));
    let mut link = Link::of(&parent, &root);
    assert_eq!(link.ask(ask), Answer::Done);
    let out = capsule(&root, &spec).join("out/agent");
    eventually("the agent runs", || out.join("here").exists());
    let mut ours = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap() {
        let proc = entry.unwrap().path();
        let argv = std::fs::read(proc.join("cmdline")).unwrap_or_default();
        if !has(&argv, dir.path().to_str().unwrap()) {
            continue;
        }
        let words = String::from_utf8_lossy(&argv).replace('\0', " ");
        if words.starts_with("sh -euc touch") {
            assert!(shows_itself(&proc), "the agent's own does");
        } else {
            assert!(!shows_itself(&proc), "{words}");
            ours.push(words.split_whitespace().nth(2).unwrap_or_default().to_owned());
        }
    }
    ours.sort();
    std::fs::write(&gate, "\n").unwrap();
    link.journal(spec.id());
    assert_eq!(ours, ["serve", "step", "supervise"]);
}
