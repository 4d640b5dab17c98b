//! A host that lies: its sshd runs everything behind a program that alters what the runner says.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;

use fleet::domain::JobId;
use nix::sys::signal::Signal;

use super::faults::Undo;
use super::judge::Deed;
use super::lab::{self, Lab, now};
use super::run::Run;

/// What a liar may say.
const LIES: [&str; 7] = ["claims", "offsets", "times", "twice", "noise", "mute", "refuses"];

/// Run by sshd in place of every command.
const WRAPPER: &str = r#"#!/bin/sh
case $SSH_ORIGINAL_COMMAND in
*'runner serve'*) sh -c "$SSH_ORIGINAL_COMMAND" | perl /var/tmp/liar.pl ;;
*) exec sh -c "$SSH_ORIGINAL_COMMAND" ;;
esac
"#;
const KEYS: &str = "/home/ubuntu/.ssh/authorized_keys";

/// From now on this host can lie, and speaks the truth unless it is told to.
pub(crate) fn prepare(lab: &Lab, at: usize) -> io::Result<()> {
    let wrapper = lab.path(at, "/var/tmp/liar");
    fs::write(&wrapper, WRAPPER)?;
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755))?;
    fs::write(lab.path(at, "/var/tmp/liar.pl"), include_str!("liar.pl"))?;
    let keys = lab.path(at, KEYS);
    let honest = fs::read_to_string(&keys)?;
    fs::write(keys, format!("command=\"/var/tmp/liar\" {honest}"))
}

/// The last host lies for a while.
pub(crate) fn lies(run: &mut Run) -> io::Result<Option<String>> {
    let at = run.lab.hosts.len() - 1;
    let file = run.lab.path(at, "/var/tmp/lie");
    if run.lab.hosts[at].state == lab::State::Down || file.exists() {
        return Ok(None);
    }
    let lie = LIES[run.dice.below(LIES.len())];
    let text = match lie {
        "claims" => format!("{lie} {}", claims(run)),
        _ => lie.to_owned(),
    };
    // What the last host itself does may not be known for sure as long as it lies.
    let deed = run.case.deeds.len();
    run.case.deeds.push(Deed {
        host: run.lab.hosts[at].name.to_owned(),
        attempt: None,
        from: now(),
        to: u64::MAX,
    });
    fs::write(&file, text)?;
    again(&run.lab, at);
    let span = run.soon(12_000);
    run.later(span, Undo::Truth(at, deed));
    Ok(Some(run.on(at, &format!("{lie} for {} ms", span.as_millis()))))
}

/// It speaks the truth again.
pub(crate) fn truth(run: &mut Run, at: usize, deed: usize) {
    // After a crash the file is still there, and so is this.
    let _ = fs::remove_file(run.lab.path(at, "/var/tmp/lie"));
    run.case.deeds[deed].to = now();
    again(&run.lab, at);
}

/// A new link, which begins with a new inventory.
fn again(lab: &Lab, at: usize) {
    for (pid, _) in lab.processes(at, &["runner", "serve"]) {
        lab::signal(pid, Signal::SIGKILL);
    }
}

/// Claims to run some of the newest jobs.
fn claims(run: &mut Run) -> String {
    let mut claims = Vec::new();
    for _ in 0..4 {
        let Some(job) = run.any_job().as_deref().and_then(id) else {
            continue;
        };
        let n: u32 = [1, 1, 7, u32::MAX][run.dice.below(4)];
        let epoch: u64 = [0, 1, 99, u64::MAX][run.dice.below(4)];
        claims.push(
            serde_json::json!({ "attempt": { "job": job, "n": n }, "epoch": epoch, "outcome": null })
                .to_string(),
        );
    }
    claims.join(",")
}

fn id(who: &str) -> Option<String> {
    let (set, instance) = who.split_once('/')?;
    let id = JobId::derive(&set.parse().ok()?, &instance.parse().ok()?, &"m".parse().ok()?, 1);
    Some(id.to_string())
}
