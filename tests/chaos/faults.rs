//! What can go wrong, how often, and how it is done and undone.

#![expect(clippy::unnecessary_wraps, reason = "all faults have one form")]

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::judge::Deed;
use super::lab::{self, Capsule, State, now};
use super::liar;
use super::run::Run;

/// A kind of fault: its name, how often it happens beside the others, and what does it. That gives what was done, or
/// none if there was nothing to do it to.
pub(crate) struct Fault {
    /// For the table, and for `--only` and `--without`.
    pub(crate) name: &'static str,
    /// So often.
    pub(crate) weight: usize,
    /// Does it.
    pub(crate) act: fn(&mut Run) -> io::Result<Option<String>>,
}

const fn fault(name: &'static str, weight: usize, act: fn(&mut Run) -> io::Result<Option<String>>) -> Fault {
    Fault { name, weight, act }
}

/// All of them.
pub(crate) const FAULTS: &[Fault] = &[
    fault("coordinator-killed", 10, coordinator_killed),
    fault("coordinator-stopped", 4, coordinator_stopped),
    fault("coordinator-interrupted", 3, coordinator_interrupted),
    fault("second-coordinator", 2, second_coordinator),
    fault("supervisor-killed", 10, supervisor_killed),
    fault("runner-killed", 4, runner_killed),
    fault("frozen", 5, |run| trouble(run, State::Frozen)),
    fault("cut", 5, |run| trouble(run, State::Cut)),
    fault("crashed", 3, |run| trouble(run, State::Down)),
    fault("rebooted", 3, rebooted),
    fault("sshd-restarted", 4, sshd_restarted),
    fault("disk-full", 3, disk_full),
    fault("garbage-live", 4, |run| damage(run, Whose::Live, false)),
    fault("garbage-dead", 2, |run| damage(run, Whose::Dead, false)),
    fault("byte-live", 2, |run| damage(run, Whose::Live, true)),
    fault("byte-dead", 2, |run| damage(run, Whose::Dead, true)),
    fault("garbage-and-killed", 2, garbage_and_killed),
    fault("capsule-deleted-live", 3, |run| deleted(run, Whose::Live)),
    fault("capsule-deleted-dead", 2, |run| deleted(run, Whose::Dead)),
    fault("capsule-unreadable", 4, unreadable),
    fault("database-copied", 4, database_copied),
    fault("database-put-back", 2, database_put_back),
    fault("database-deleted", 1, database_deleted),
    fault("job-cancelled", 2, job_cancelled),
    fault("jobs-retried", 3, jobs_retried),
    fault("paused", 2, paused),
    fault("drained", 1, drained),
    fault("collected", 2, collected),
    fault("lies", 3, liar::lies),
];

/// Which capsules.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// Those with a living supervisor.
    Live,
    /// The others.
    Dead,
}

/// What ends by itself after a while.
#[derive(Debug)]
pub(crate) enum Undo {
    /// The coordinator goes on.
    Continue,
    /// The host is as before.
    Up(usize),
    /// Its disk has room; what was remembered as done to it ends.
    Room(usize, usize),
    /// It speaks the truth; likewise.
    Truth(usize, usize),
    /// The capsule at this path there has its rights again.
    Rights(usize, String, u32),
    /// What was paused goes on.
    Resume(Vec<String>),
}

impl Undo {
    /// The host that must run for it.
    pub(crate) fn needs(&self) -> Option<usize> {
        match self {
            Undo::Room(at, _) | Undo::Truth(at, _) | Undo::Rights(at, _, _) => Some(*at),
            Undo::Continue | Undo::Up(_) | Undo::Resume(_) => None,
        }
    }

    /// Does it.
    pub(crate) fn act(&self, run: &mut Run) -> io::Result<()> {
        match self {
            Undo::Continue => drop(run.desk.signal(Signal::SIGCONT)),
            Undo::Up(at) => run.lab.set(*at, State::Up)?,
            Undo::Room(at, deed) => {
                run.lab.fill(*at, false)?;
                run.case.deeds[*deed].to = now();
            }
            Undo::Truth(at, deed) => liar::truth(run, *at, *deed),
            Undo::Rights(at, path, mode) => {
                // It may have been deleted meanwhile.
                let _ = fs::set_permissions(run.lab.path(*at, path), fs::Permissions::from_mode(*mode));
            }
            Undo::Resume(names) => {
                let args: Vec<&str> = names.iter().map(String::as_str).collect();
                run.desk.beside(&[&["resume"], &args[..]].concat())?;
            }
        }
        Ok(())
    }
}

/// Some die young, but not all: otherwise nothing would ever start.
fn is_old_enough(run: &mut Run) -> bool {
    let age = Duration::from_millis(run.dice.below(10_000) as u64);
    run.desk.age().is_some_and(|lived| lived >= age)
}

fn coordinator_killed(run: &mut Run) -> io::Result<Option<String>> {
    if !is_old_enough(run) || !run.desk.kill()? {
        return Ok(None);
    }
    run.start = Instant::now() + run.pause();
    Ok(Some(String::new()))
}

fn coordinator_stopped(run: &mut Run) -> io::Result<Option<String>> {
    if run.desk.stopped || !run.desk.signal(Signal::SIGSTOP) {
        return Ok(None);
    }
    let span = run.soon(9000);
    run.later(span, Undo::Continue);
    Ok(Some(format!("for {} ms", span.as_millis())))
}

fn coordinator_interrupted(run: &mut Run) -> io::Result<Option<String>> {
    let now = is_old_enough(run) && !run.desk.stopped;
    Ok((now && run.desk.signal(Signal::SIGINT)).then(String::new))
}

fn second_coordinator(run: &mut Run) -> io::Result<Option<String>> {
    if !run.desk.coordinates() {
        return Ok(None);
    }
    run.desk.second()?;
    Ok(Some(String::new()))
}

fn supervisor_killed(run: &mut Run) -> io::Result<Option<String>> {
    let mut all = run.supervisors();
    // Without capsule and without supervisor, nothing on the host knows any more what to look for.
    all.retain(|(_, one)| !run.erased.contains(&one.attempt));
    if all.is_empty() {
        return Ok(None);
    }
    let (at, supervisor) = all.swap_remove(run.dice.below(all.len()));
    run.deed(at, Some(&supervisor.attempt));
    lab::signal(supervisor.pid, Signal::SIGKILL);
    Ok(Some(run.on(at, &supervisor.attempt)))
}

fn runner_killed(run: &mut Run) -> io::Result<Option<String>> {
    let at = run.any_host();
    let all = run.lab.processes(at, &["runner", "serve"]);
    if all.is_empty() {
        return Ok(None);
    }
    let (pid, _) = all[run.dice.below(all.len())];
    lab::signal(pid, Signal::SIGKILL);
    Ok(Some(run.on(at, "")))
}

fn trouble(run: &mut Run, state: State) -> io::Result<Option<String>> {
    let at = run.any_host();
    if run.lab.hosts[at].state != State::Up {
        return Ok(None);
    }
    if state == State::Down {
        run.deed_all(at);
    }
    let span = run.soon(14_000);
    run.later(span, Undo::Up(at));
    run.lab.set(at, state)?;
    Ok(Some(run.on(at, &format!("for {} ms", span.as_millis()))))
}

fn rebooted(run: &mut Run) -> io::Result<Option<String>> {
    let at = run.any_host();
    if run.lab.hosts[at].state != State::Up {
        return Ok(None);
    }
    run.deed_all(at);
    run.later(Duration::ZERO, Undo::Up(at));
    run.lab.set(at, State::Down)?;
    Ok(Some(run.on(at, "")))
}

fn sshd_restarted(run: &mut Run) -> io::Result<Option<String>> {
    let at = run.any_host();
    if run.lab.hosts[at].state != State::Up {
        return Ok(None);
    }
    lab::verb(&["restart-sshd", run.lab.hosts[at].name])?;
    Ok(Some(run.on(at, "")))
}

fn disk_full(run: &mut Run) -> io::Result<Option<String>> {
    let at = run.any_host();
    if run.lab.hosts[at].state != State::Up || run.lab.hosts[at].full {
        return Ok(None);
    }
    // What lives meanwhile may lose its last words.
    let deed = run.case.deeds.len();
    run.case.deeds.push(Deed {
        host: run.lab.hosts[at].name.to_owned(),
        attempt: None,
        from: now(),
        to: u64::MAX,
    });
    run.lab.fill(at, true)?;
    let span = run.soon(10_000);
    run.later(span, Undo::Room(at, deed));
    Ok(Some(run.on(at, &format!("for {} ms", span.as_millis()))))
}

/// A capsule of this kind, on a host that is there.
fn capsule(run: &mut Run, whose: Whose) -> Option<(usize, Capsule)> {
    let at = run.any_host();
    if run.lab.hosts[at].state == State::Down {
        return None;
    }
    let live = run.lab.supervisors(at);
    let mut all = run.lab.capsules(at);
    all.retain(|capsule| {
        let lives = live.iter().any(|one| one.attempt == capsule.attempt);
        lives == (whose == Whose::Live)
    });
    // Of the dead, rather those that have just died.
    all.truncate(12);
    let chosen = run.dice.below(all.len());
    (!all.is_empty()).then(|| (at, all.swap_remove(chosen)))
}

/// Garbage after the last line, whole or torn, or one byte that is another one.
fn damage(run: &mut Run, whose: Whose, byte: bool) -> io::Result<Option<String>> {
    let Some((at, capsule)) = capsule(run, whose) else {
        return Ok(None);
    };
    let journal = capsule.path.join("journal.jsonl");
    run.deed(at, Some(&capsule.attempt));
    if byte {
        let mut bytes = fs::read(&journal)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let place = run.dice.below(bytes.len());
        bytes[place] = if run.dice.one_in(2) { b'~' } else { 0xff };
        // In place: the supervisor goes on writing to this file.
        let mut file = fs::File::options().write(true).open(&journal)?;
        file.write_all(&bytes[..=place])?;
        return Ok(Some(run.on(at, &format!("{} byte {place}", capsule.attempt))));
    }
    let garbage: &[u8] = match run.dice.below(4) {
        0 => b"\0\0\0\0\0\0\0\0",
        1 => b"{\"at\":1,\"what\":{\"unheard-of\":{}}}\n",
        2 => b"{\"at\":",
        _ => b"garbage\n",
    };
    fs::File::options()
        .append(true)
        .open(&journal)?
        .write_all(garbage)?;
    Ok(Some(run.on(
        at,
        &format!("{} {:?}", capsule.attempt, String::from_utf8_lossy(garbage)),
    )))
}

fn garbage_and_killed(run: &mut Run) -> io::Result<Option<String>> {
    let mut all = run.supervisors();
    if all.is_empty() {
        return Ok(None);
    }
    let (at, supervisor) = all.swap_remove(run.dice.below(all.len()));
    let capsules = run.lab.capsules(at);
    let Some(capsule) = capsules.iter().find(|one| one.attempt == supervisor.attempt) else {
        return Ok(None);
    };
    run.deed(at, Some(&supervisor.attempt));
    fs::File::options()
        .append(true)
        .open(capsule.path.join("journal.jsonl"))?
        .write_all(b"garbage\n")?;
    lab::signal(supervisor.pid, Signal::SIGKILL);
    Ok(Some(run.on(at, &supervisor.attempt)))
}

fn deleted(run: &mut Run, whose: Whose) -> io::Result<Option<String>> {
    let Some((at, capsule)) = capsule(run, whose) else {
        return Ok(None);
    };
    run.deed(at, Some(&capsule.attempt));
    run.erased.insert(capsule.attempt.clone());
    // Its supervisor may be writing into it.
    for _ in 0..20 {
        if fs::remove_dir_all(&capsule.path).is_ok() || !capsule.path.exists() {
            break;
        }
    }
    Ok(Some(run.on(at, &capsule.attempt)))
}

fn unreadable(run: &mut Run) -> io::Result<Option<String>> {
    let Some((at, capsule)) = capsule(run, Whose::Live) else {
        return Ok(None);
    };
    let mode = fs::metadata(&capsule.path)?.permissions().mode() & 0o777;
    if mode == 0 {
        return Ok(None);
    }
    // Its supervisor cannot write its last words meanwhile.
    run.deed(at, Some(&capsule.attempt));
    fs::set_permissions(&capsule.path, fs::Permissions::from_mode(0o000))?;
    let span = run.soon(8000);
    let path = format!("/home/ubuntu/.fleet/jobs/{}", capsule.attempt.replace('.', "/"));
    run.later(span, Undo::Rights(at, path, mode));
    Ok(Some(run.on(
        at,
        &format!("{} for {} ms", capsule.attempt, span.as_millis()),
    )))
}

fn database_copied(run: &mut Run) -> io::Result<Option<String>> {
    let state = run.desk.state();
    // No process writes to it meanwhile: otherwise it would not be a copy.
    if !state.join("fleet.sqlite").exists() || run.desk.stopped || run.desk.has_company() {
        return Ok(None);
    }
    run.desk.signal(Signal::SIGSTOP);
    std::thread::sleep(Duration::from_millis(50));
    let copied = super::desk::copy(&state, &run.copy());
    run.desk.signal(Signal::SIGCONT);
    copied?;
    run.copied = Some(Instant::now());
    Ok(Some(String::new()))
}

fn database_put_back(run: &mut Run) -> io::Result<Option<String>> {
    let Some(copied) = run.copied.filter(|_| !run.forgotten()) else {
        return Ok(None);
    };
    let age = copied.elapsed().as_secs();
    let copy = run.copy();
    run.without_database(Some(&copy))?;
    Ok(Some(format!("as it was {age} s ago")))
}

fn database_deleted(run: &mut Run) -> io::Result<Option<String>> {
    if run.forgotten() {
        return Ok(None);
    }
    run.copied = None;
    run.without_database(None)?;
    Ok(Some(String::new()))
}

fn job_cancelled(run: &mut Run) -> io::Result<Option<String>> {
    let Some(who) = run.any_job() else {
        return Ok(None);
    };
    run.case.cancelled.insert(who.clone());
    let job = format!("{who}/m");
    if run.dice.one_in(3) {
        run.desk.beside(&["cancel", "--hard", &job])?;
    } else {
        run.desk.beside(&["cancel", &job])?;
    }
    Ok(Some(who))
}

fn jobs_retried(run: &mut Run) -> io::Result<Option<String>> {
    let Some(who) = run.any_job() else {
        return Ok(None);
    };
    let (set, instance) = who.split_once('/').unwrap_or_default();
    if run.dice.one_in(2) {
        run.desk.beside(&["retry", "--set", set])?;
        let all = run
            .desk
            .jobs
            .iter()
            .filter(|job| job.split('/').next() == Some(set));
        run.case.retried.extend(all.cloned());
    } else {
        run.desk.beside(&["retry", &format!("{set}/{instance}/m")])?;
        run.case.retried.insert(who.clone());
    }
    Ok(Some(who))
}

fn paused(run: &mut Run) -> io::Result<Option<String>> {
    let host = run.any_host();
    let what = match run.dice.below(3) {
        0 => ["model".to_owned(), "m".to_owned()],
        1 if run.desk.sets() > 0 => ["set".to_owned(), format!("s{}", run.desk.sets())],
        _ => ["host".to_owned(), run.lab.hosts[host].name.to_owned()],
    };
    run.desk.beside(&["pause", &what[0], &what[1]])?;
    let span = run.soon(8000);
    run.later(span, Undo::Resume(what.to_vec()));
    Ok(Some(format!("{} for {} ms", what.join(" "), span.as_millis())))
}

fn drained(run: &mut Run) -> io::Result<Option<String>> {
    let host = run.any_host();
    let host = run.lab.hosts[host].name;
    run.desk.beside(&["drain", host])?;
    let span = run.soon(8000);
    run.later(span, Undo::Resume(vec!["host".to_owned(), host.to_owned()]));
    Ok(Some(format!("{host} for {} ms", span.as_millis())))
}

fn collected(run: &mut Run) -> io::Result<Option<String>> {
    run.desk.beside(&["collect"])?;
    Ok(Some(String::new()))
}
