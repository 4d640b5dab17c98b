//! What of an attempt is alive without its supervisor: found, and ended.
//!
//! Each way of finding is a proof by itself, since each can be evaded: the marks in the environment, the pipe of
//! the step's output among the descriptors, the control group, and what the supervisor has written down
//! ([`Traces`]): descendants by id and start, and sessions. Invariant: nothing is ended without such a proof, and
//! neither this process, nor its ancestors, nor the first process of all. What could belong to the attempt and
//! does not let us look is no proof of either: it is named, and the attempt then does not count as gone.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::cgroup;
use super::processes::{self, Process, Window};
use super::traces::{Name, Traces};
use crate::domain::AttemptId;
use crate::doors::clock;

/// What is looked for.
#[derive(Debug)]
pub(super) struct Hunt<'a> {
    /// Whose processes.
    pub(super) attempt: AttemptId,
    /// Where its results go.
    pub(super) out: &'a Path,
    /// Who is looked at.
    pub(super) window: Window,
    /// What was written down about them in this life of the machine.
    pub(super) traces: Option<&'a Traces>,
    /// How long what does not die is fought.
    pub(super) patience: Duration,
}

/// What was found.
#[derive(Debug, Default)]
struct Found {
    ours: Vec<Process>,
    /// What could be the attempt's, and why that is not known.
    doubts: Vec<String>,
}

impl Hunt<'_> {
    /// Ends all that is the attempt's; or says why it is not certain that nothing of it is left.
    pub(super) fn end(&self) -> Result<(), String> {
        let since = clock::tick();
        loop {
            let mut doubts = Vec::new();
            let frozen = processes::freeze(|| {
                let found = self.find()?;
                doubts = found.doubts;
                Ok(found.ours)
            });
            let left = match frozen {
                Ok(strays) if strays.is_empty() => {
                    // A doubt does not go away by waiting for it here.
                    return if doubts.is_empty() {
                        Ok(())
                    } else {
                        Err(doubts.join("; "))
                    };
                }
                Ok(strays) => {
                    for stray in &strays {
                        processes::send(stray.pid, Signal::SIGKILL);
                    }
                    processes::survivors(&strays)
                }
                Err(error) => format!("cannot look at its processes: {error}"),
            };
            if since.elapsed() > self.patience {
                return Err(left);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn find(&self) -> io::Result<Found> {
        let above = processes::above_me()?;
        let spared = |process: &Process| process.zombie || above.contains(&process.pid);
        if let Some(ids) = self.window.ids(processes::youngest()) {
            let mut few = Vec::new();
            for pid in ids {
                few.extend(processes::look(pid)?);
            }
            few.retain(|process| !spared(process));
            if self.search(&few)?.ours.is_empty() {
                return Ok(Found::default());
            }
        }
        let mut table = processes::table()?;
        table.retain(|process| !spared(process));
        let mut found = self.search(&table)?;
        self.complete(&mut found.ours, &table);
        found.doubts = self.doubts(&found.ours, &table)?;
        Ok(found)
    }

    /// Those of whom something is proved at first sight.
    fn search(&self, table: &[Process]) -> io::Result<Found> {
        let youngest = processes::youngest();
        let group = self
            .traces
            .and_then(|traces| traces.group.as_deref().map(|group| (traces, group)));
        let members: BTreeSet<i32> = match group {
            Some((traces, group)) if cgroup::is_of(group, self.attempt, traces.supervisor) => {
                cgroup::members(group)?.into_iter().collect()
            }
            Some(_) | None => BTreeSet::new(),
        };
        let mut ours = Vec::new();
        for process in table {
            let known = members.contains(&process.pid)
                || self.traces.is_some_and(|traces| {
                    // A session lives as long as it has a process, and a process is only born into one: what
                    // was in it while it was the attempt's is the attempt's.
                    let born_in =
                        traces.sessions.contains(&process.session) && process.started <= traces.seen;
                    born_in || traces.processes.contains(&Name::from(process))
                });
            if known
                || self.window.shows(youngest, process.pid)
                    && (self.is_marked(process.pid)? == Some(true)
                        || self.has_pipe(process.pid)? == Some(true))
            {
                ours.push(*process);
            }
        }
        Ok(Found {
            ours,
            doubts: Vec::new(),
        })
    }

    /// Adds all that descends from them, and all that is in a session of theirs.
    fn complete(&self, ours: &mut Vec<Process>, table: &[Process]) {
        loop {
            let known: BTreeSet<i32> = ours.iter().map(|process| process.pid).collect();
            let noted = |session: i32| {
                self.traces
                    .is_some_and(|traces| traces.sessions.contains(&session))
            };
            let sessions: BTreeSet<i32> = ours
                .iter()
                .map(|process| process.session)
                .filter(|session| known.contains(session) || noted(*session))
                .collect();
            let fresh: Vec<Process> = table
                .iter()
                .filter(|process| !known.contains(&process.pid))
                .filter(|process| known.contains(&process.parent) || sessions.contains(&process.session))
                .copied()
                .collect();
            if fresh.is_empty() {
                return;
            }
            ours.extend(fresh);
        }
    }

    /// Does its environment say that it belongs to this attempt in this capsule? None if it does not let us look.
    fn is_marked(&self, pid: i32) -> io::Result<Option<bool>> {
        let Some(environ) = allowed(std::fs::read(format!("/proc/{pid}/environ")), Vec::new())? else {
            return Ok(is_task(pid, self.out).then_some(true));
        };
        let marks = [
            format!("FLEET_ATTEMPT={}", self.attempt),
            format!("FLEET_OUT={}", self.out.display()),
        ];
        // An agent's own directory is below the attempt's.
        let says = |pair: &[u8], mark: &str| {
            pair.strip_prefix(mark.as_bytes())
                .is_some_and(|rest| rest.first().is_none_or(|byte| *byte == b'/'))
        };
        let said = |mark: &String| environ.split(|byte| *byte == 0).any(|pair| says(pair, mark));
        Ok(Some(marks.iter().all(said)))
    }

    /// Does it hold the pipe into which the attempt's step prints? None if it does not let us look.
    fn has_pipe(&self, pid: i32) -> io::Result<Option<bool>> {
        let Some(pipe) = self.traces.and_then(|traces| traces.pipe) else {
            return Ok(Some(false));
        };
        let pipe = format!("pipe:[{pipe}]");
        let dir = format!("/proc/{pid}/fd");
        let Some(entries) = allowed(std::fs::read_dir(&dir).map(Some), None)? else {
            return Ok(None);
        };
        for entry in entries.into_iter().flatten() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) if processes::is_gone(&error) => break,
                Err(error) => return Err(error),
            };
            match allowed(std::fs::read_link(entry.path()), "".into())? {
                Some(target) if target.as_os_str() == pipe.as_str() => return Ok(Some(true)),
                Some(_) => {}
                None => return Ok(None),
            }
        }
        Ok(Some(false))
    }

    /// What could be the attempt's and does not let us know. Only what its supervisor's death has left: with its
    /// supervisor alive, the kernel tells.
    fn doubts(&self, ours: &[Process], table: &[Process]) -> io::Result<Vec<String>> {
        let Some(traces) = self
            .traces
            .filter(|traces| traces.supervisor.pid != processes::me())
        else {
            return Ok(Vec::new());
        };
        let mut doubts = Vec::new();
        for process in table {
            if ours.iter().any(|other| other.pid == process.pid)
                || process.started < traces.supervisor.started
            {
                continue;
            }
            let orphan = process.parent <= 1 || traces.above.contains(&process.parent);
            // A session that has its first process belongs to that.
            let led = table.iter().any(|first| first.pid == process.session);
            let why = if traces.sessions.contains(&process.session) && !led {
                "is in a session that was the attempt's, and may be somebody else's by now"
            } else if orphan && self.is_hidden(process.pid)? {
                "does not let us look into it"
            } else {
                continue;
            };
            if could_be_here(process.pid, traces)? {
                doubts.push(format!("process {} {why}", process.pid));
            }
        }
        Ok(doubts)
    }

    fn is_hidden(&self, pid: i32) -> io::Result<bool> {
        Ok(self.is_marked(pid)?.is_none() || self.has_pipe(pid)?.is_none())
    }
}

/// Is it of this user, and where the attempt was among the control groups? What it started cannot leave there by
/// itself.
fn could_be_here(pid: i32, traces: &Traces) -> io::Result<bool> {
    let Some(status) = allowed(
        std::fs::read_to_string(format!("/proc/{pid}/status")),
        String::new(),
    )?
    else {
        return Ok(false);
    };
    let uid = status
        .lines()
        .find_map(|line| line.strip_prefix("Uid:")?.split_whitespace().next());
    if uid.and_then(|uid| uid.parse().ok()) != Some(nix::unistd::getuid().as_raw()) {
        return Ok(false);
    }
    let Some(groups) = allowed(
        std::fs::read_to_string(format!("/proc/{pid}/cgroup")),
        String::new(),
    )?
    else {
        return Ok(true);
    };
    Ok(traces
        .home
        .lines()
        .zip(groups.lines())
        .all(|(home, there)| there.starts_with(home)))
}

/// Is it a task of our own in this capsule? Those hide their environment from all processes, but not their arguments.
fn is_task(pid: i32, out: &Path) -> bool {
    let cmdline = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<&[u8]> = cmdline.split(|byte| *byte == 0).collect();
    let capsule = out.parent().map(|capsule| capsule.as_os_str().as_encoded_bytes());
    matches!(words[..], [_, b"runner", b"step", b"--capsule", at, ..] if Some(at) == capsule)
}

/// What was read; `gone` if the process is not there any more, none if it does not let us look.
fn allowed<T>(read: io::Result<T>, gone: T) -> io::Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if processes::is_gone(&error) => Ok(Some(gone)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, Read as _};
    use std::os::fd::OwnedFd;
    use std::process::{Child, Stdio};

    use nix::sys::stat::fstat;

    use super::*;
    use crate::doors::spawn;

    fn attempt() -> AttemptId {
        "npb2wdccpkcv.1".parse().unwrap()
    }

    /// Traces without any process: the tests fill them.
    fn nothing() -> Traces {
        let nobody = Name {
            pid: -1,
            started: u64::MAX,
        };
        let mut traces = Traces::of(nobody, "now");
        traces.sessions.clear();
        traces
    }

    fn end(traces: &Traces) -> Result<(), String> {
        let hunt = Hunt {
            attempt: attempt(),
            out: Path::new("/no/such/directory"),
            window: Window::default(),
            traces: Some(traces),
            patience: Duration::from_secs(20),
        };
        hunt.end()
    }

    /// A process that bears no mark.
    fn sleeper(stdout: Stdio) -> Child {
        let mut command = spawn::command("sleep");
        command.arg("1000").env_clear().stdout(stdout).spawn().unwrap()
    }

    fn name(child: &Child) -> Name {
        let pid = i32::try_from(child.id()).unwrap();
        Name::from(&processes::read(pid).unwrap())
    }

    fn gone(process: Process) -> bool {
        processes::read(process.pid).is_none_or(|now| now.zombie || now.started != process.started)
    }

    #[track_caller]
    fn was_ended(mut child: Child) {
        let status = child.try_wait().unwrap();
        if status.is_none() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert!(status.is_some(), "it is alive");
    }

    #[track_caller]
    fn was_spared(mut child: Child) {
        assert_eq!(child.try_wait().unwrap(), None, "it is dead");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn who_bears_the_marks_is_ended_and_who_bears_those_of_another_root_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let start = |out: &Path| {
            let mut command = spawn::command("sleep");
            command.arg("1000").env("FLEET_ATTEMPT", attempt().to_string());
            command.env("FLEET_OUT", out).spawn().unwrap()
        };
        let (here, elsewhere) = (dir.path().join("a"), dir.path().join("b"));
        let (stray, other) = (start(&here), start(&elsewhere));
        let hunt = Hunt {
            attempt: attempt(),
            out: &here,
            window: Window::default(),
            traces: None,
            patience: Duration::from_secs(20),
        };
        hunt.end().unwrap();
        was_ended(stray);
        was_spared(other);
    }

    #[test]
    fn who_holds_the_pipe_of_the_step_is_ended() {
        let (reader, writer) = std::io::pipe().unwrap();
        let stray = sleeper(Stdio::from(OwnedFd::from(writer)));
        let mut traces = nothing();
        traces.pipe = Some(fstat(&reader).unwrap().st_ino);
        end(&traces).unwrap();
        was_ended(stray);
    }

    #[test]
    fn who_was_written_down_is_ended_and_another_with_the_same_id_is_not() {
        let (stray, other) = (sleeper(Stdio::null()), sleeper(Stdio::null()));
        let mut traces = nothing();
        let namesake = Name {
            started: name(&other).started + 1,
            ..name(&other)
        };
        traces.processes.extend([name(&stray), namesake]);
        end(&traces).unwrap();
        was_ended(stray);
        was_spared(other);
    }

    #[test]
    fn who_was_born_into_a_session_of_the_attempt_is_ended_and_of_the_young_nobody_is_certain() {
        let session = || {
            let script = "sleep 1000 >/dev/null 2>&1 & echo $$ $!";
            let mut command = spawn::command("setsid");
            let said = command.args(["sh", "-c", script]).env_clear().output().unwrap();
            let text = String::from_utf8(said.stdout).unwrap();
            let pids: Vec<i32> = text.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
            (pids[0], processes::read(pids[1]).unwrap())
        };
        let (first, stray) = session();
        let mut traces = nothing();
        traces.sessions.insert(first);
        traces.seen = stray.started;
        end(&traces).unwrap();
        assert!(gone(stray));

        let (first, stray) = session();
        let mut traces = nothing();
        traces.supervisor.started = stray.started;
        traces.sessions.insert(first);
        traces.seen = stray.started - 1;
        let why = end(&traces).unwrap_err();
        assert!(
            why.contains(&format!("process {} is in a session", stray.pid)),
            "{why}"
        );
        assert!(!gone(stray));
        traces.supervisor.started = u64::MAX;
        traces.processes.insert(Name::from(&stray));
        end(&traces).unwrap();
    }

    #[test]
    fn who_descends_from_one_of_the_attempts_is_ended_with_it() {
        let mut command = spawn::command("sh");
        command
            .args(["-c", "sleep 1000 >/dev/null & echo $!; wait"])
            .env_clear();
        let mut parent = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        let output = parent.stdout.take().unwrap();
        std::io::BufReader::new(output).read_line(&mut said).unwrap();
        let child = processes::read(said.trim().parse().unwrap()).unwrap();
        let mut traces = nothing();
        traces.processes.insert(name(&parent));
        end(&traces).unwrap();
        was_ended(parent);
        assert!(gone(child));
    }

    #[test]
    fn who_is_in_the_control_group_of_the_attempt_is_ended() {
        let stray = sleeper(Stdio::null());
        let supervisor = Name { pid: -1, started: 7 };
        let Some(group) = cgroup::with(attempt(), supervisor, name(&stray).pid) else {
            was_spared(stray);
            return; // This host does not let us make one.
        };
        let mut traces = nothing();
        traces.supervisor = supervisor;
        traces.group = Some(group.clone());
        let done = end(&traces);
        was_ended(stray);
        cgroup::remove(&group);
        assert_eq!(done, Ok(()));
    }

    #[test]
    fn a_task_that_shows_no_environment_is_known_by_its_arguments() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("runner"), "echo\nread -r _\n").unwrap();
        let mut task = spawn::command("sh")
            .args(["runner", "step", "--capsule", "/root/jobs/a/1", "image"])
            .current_dir(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Its arguments are there a moment after it is: once it speaks, they are.
        let mut word = [0];
        task.stdout.take().unwrap().read_exact(&mut word).unwrap();
        let pid = i32::try_from(task.id()).unwrap();
        assert!(is_task(pid, Path::new("/root/jobs/a/1/out")));
        assert!(!is_task(pid, Path::new("/root/jobs/a/2/out")));
        assert!(!is_task(processes::me(), Path::new("/root/jobs/a/1/out")));
        drop(task.stdin.take());
        task.wait().unwrap();
    }
}
