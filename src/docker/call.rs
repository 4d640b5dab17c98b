//! One call of the client: its words, its input, its answer, its time.

use std::io::{self, ErrorKind, Read, Write as _};
use std::process::{Child, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use super::{DockerError, Said};
use crate::doors::{clock, spawn};

/// Most bytes kept of each stream of an answer.
pub const MOST: usize = 4 << 20;

/// How often the end of the client is looked for: at first, and when it takes its time. Who looks all the time is at
/// work, and a step that is at work does not count as stuck.
const LOOKS: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(50));

/// What is asked.
#[derive(Debug)]
pub struct Call<'a> {
    /// Arguments of `docker`.
    pub args: &'a [&'a str],
    /// What it reads.
    pub input: &'a [u8],
    /// How long it may take.
    pub patience: Duration,
}

impl<'a> Call<'a> {
    /// A call without input.
    pub fn new(args: &'a [&'a str], patience: Duration) -> Call<'a> {
        Call {
            args,
            input: &[],
            patience,
        }
    }
}

/// What the client prints, if it ends well.
pub fn ask(args: &[&str], patience: Duration) -> Result<String, DockerError> {
    let said = call(&Call::new(args, patience))?;
    if said.status == Some(0) {
        return Ok(said.stdout);
    }
    Err(DockerError::of(args, &said))
}

/// Runs the client to its end.
pub fn call(call: &Call<'_>) -> Result<Said, DockerError> {
    let name = || call.args.first().copied().unwrap_or_default().to_owned();
    let io = |error: io::Error| match error.kind() {
        ErrorKind::NotFound => DockerError::NoClient,
        _ => DockerError::Io(name(), error),
    };
    let mut child = spawn::command("docker")
        .args(call.args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(io)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        scope.spawn(move || {
            // Who does not read its input has no use for it.
            stdin.map(|mut stdin| stdin.write_all(call.input))
        });
        let stdout = scope.spawn(|| beginning(stdout));
        let stderr = scope.spawn(|| beginning(stderr));
        let status = wait(&mut child, call.patience).map_err(io)?;
        let text = |thread: thread::ScopedJoinHandle<'_, Vec<u8>>| {
            String::from_utf8_lossy(&thread.join().unwrap_or_default()).into_owned()
        };
        let (stdout, stderr) = (text(stdout), text(stderr));
        let status = status.ok_or_else(|| DockerError::Slow(name(), call.patience.as_secs()))?;
        Ok(Said {
            status: status.code(),
            stdout,
            stderr,
        })
    })
}

/// Its end; none if it had to be killed.
fn wait(child: &mut Child, patience: Duration) -> io::Result<Option<ExitStatus>> {
    let since = clock::tick();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        let waited = since.elapsed();
        if waited >= patience {
            // It may be gone already.
            let _ = child.kill();
            child.wait()?;
            return Ok(None);
        }
        thread::sleep((waited / 16).clamp(LOOKS.0, LOOKS.1));
    }
}

/// The first bytes of a stream, which is read to its end.
fn beginning(stream: Option<impl Read>) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut stream) = stream else { return kept };
    let mut buffer = [0; 8192];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return kept,
            Ok(n) => kept.extend(&buffer[..n.min(MOST - kept.len())]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return kept,
        }
    }
}
