//! Running the test command: watched from outside of the container, within its time, its output kept apart
//! from all that the tests can write to.

use std::io::{self, Write as _};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::capture::Capture;
use super::container::{Container, DIR, memory_limit};
use super::context::{PhaseContext, say};
use super::ending::Before;
use super::fault::fault;
use super::report::{self, Heard, Listener, Plugin};
use super::script::script;
use crate::docker::Machine;
use crate::domain::evidence::Tests;
use crate::domain::fault::{Again, FaultName};
use crate::domain::{Fault, Span};
use crate::doors::{clock, spawn};

/// How often its end is looked for.
const LOOK: Duration = Duration::from_millis(20);

/// How often it is said that there was output. Said of silence, it would hide a hang from the stall limit.
const NEWS: Duration = Duration::from_secs(10);

/// How long the client may take to notice that its container is dead.
const FAREWELL: Duration = Duration::from_secs(30);

/// What bash does: reads the script, which as one argument could not be longer than 128 KiB, and runs it with nothing to
/// read.
const BASH: &str = r#"fleet_script=$(cat); exec < /dev/null; eval "unset fleet_script
$fleet_script""#;

/// What there is once the tests have been run.
#[derive(Debug)]
pub(super) struct Ran {
    /// How it went.
    pub(super) tests: Tests,
    /// All of stdout, then all of stderr.
    pub(super) log: Vec<u8>,
    /// What our plug-in was told.
    pub(super) report: Heard,
}

/// Runs the dataset's whole command. The container is gone then.
pub(super) fn run(container: Container, context: &PhaseContext<'_>, machine: &Machine) -> Result<Ran, Fault> {
    // Nothing of ours is left for the tests to find.
    container.script(r#"rm -rf "$1""#, &[DIR], b"", &[0])?;
    let host = |error| {
        fault(
            FaultName::DockerRefused,
            Again::Anywhere,
            format!("cannot run `docker exec`: {error}"),
        )
    };
    let plugin = report::is_for(&context.instance.parser).then(|| Plugin::place(&container));
    let placed = plugin.as_ref().and_then(Option::as_ref);
    let listener = placed.and_then(|plugin| Listener::start(plugin, &container).ok());
    let before = Before::look(context.capsule, machine);
    let settings = &context.swe.evaluation;
    let repo = &context.instance.repo_path;
    let mut child = spawn::command("docker")
        .args(["exec", "-i", "-w", repo, &container.id, "bash", "-c", BASH])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(host)?;
    let started = clock::tick();
    let until = started + settings.tests.duration();
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let plugins = placed
        .filter(|_| listener.is_some())
        .map(|plugin| plugin.dir.as_str());
    let script = script(context.instance, plugins);
    let seen = AtomicU64::new(0);
    let quarter = settings.log_cap / 4;
    let (exit, stdout, stderr) = thread::scope(|scope| {
        // A client that ends early has no use for the rest.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(script.as_bytes())));
        // Test reports go to stdout; stderr has warnings.
        let stdout = scope.spawn(|| Capture::new(settings.log_cap - quarter).all(stdout, &seen));
        let stderr = scope.spawn(|| Capture::new(quarter).all(stderr, &seen));
        let exit = watch(&mut child, &container, until, &seen);
        let lost = |_| Capture::new(0);
        (
            exit,
            stdout.join().unwrap_or_else(lost),
            stderr.join().unwrap_or_else(lost),
        )
    });
    let exit = exit.map_err(host)?;
    let took = Span(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
    let timed_out = exit.is_none();
    let report = match (listener, plugin) {
        (Some(listener), _) => listener.end(&container),
        (None, Some(_)) => Heard::unplaced(),
        (None, None) => Heard::default(),
    };
    let out_of_memory = before.blameless(container, exit)?;
    let mut log = stdout.text();
    if log.last().is_some_and(|byte| *byte != b'\n') && stderr.total() > 0 {
        log.push(b'\n');
    }
    let stdout_kept = log.len() as u64;
    log.extend(stderr.text());
    let tests = Tests {
        exit,
        timed_out,
        took,
        output: stdout.total() + stderr.total(),
        cut: stdout.is_cut() || stderr.is_cut(),
        stdout: Some(stdout_kept),
        network: Some(settings.network.clone()),
        memory: memory_limit(settings, machine),
        out_of_memory,
    };
    Ok(Ran { tests, log, report })
}

/// Waits for the end of the client: its exit code, or none if the time was up and the container was killed.
fn watch(
    child: &mut Child,
    container: &Container,
    until: Instant,
    seen: &AtomicU64,
) -> io::Result<Option<i32>> {
    let mut told = (clock::tick(), 0);
    loop {
        if let Some(status) = child.try_wait()? {
            let killed = || io::Error::other("it was killed");
            return status.code().ok_or_else(killed).map(Some);
        }
        let now = clock::tick();
        if now >= until {
            break;
        }
        let bytes = seen.load(Ordering::Relaxed);
        if now >= told.0 + NEWS && bytes > told.1 {
            say(&format!("the tests have printed {bytes} bytes"));
            told = (now, bytes);
        }
        thread::sleep(LOOK.min(until - now));
    }
    say("the time of the tests is up");
    container.kill();
    let farewell = clock::tick() + FAREWELL;
    while child.try_wait()?.is_none() && clock::tick() < farewell {
        thread::sleep(LOOK);
    }
    // It may be gone by now.
    let _ = child.kill();
    child.wait()?;
    Ok(None)
}
