//! Processes as `/proc` shows them: who descends from whom, and how to end them all.
//!
//! Everything read here may be gone a moment later; what could not be looked at is not gone for that. The proof
//! that nothing descends from this process any more is the kernel's: as a subreaper it would be the parent
//! of every orphan, and `waitpid` says that it has no child.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, SysconfVar, sysconf};

use crate::doors::clock;

/// How long we try to end processes that do not die (in uninterruptible sleep, or of another user).
const PATIENCE: Duration = Duration::from_mins(1);

/// More bytes than a process's line has: some fifty numbers, and a name of 64 bytes at most.
const STAT: usize = 2048;

/// So few ids are tried one by one.
const NARROW: i32 = 64;

/// A line of the process table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    /// Its id.
    pub(super) pid: i32,
    /// Its parent's.
    pub(super) parent: i32,
    /// The process group that it is in.
    group: i32,
    /// Its session: the id of the process that began it. No other process gets that id as long as the session has one.
    pub(super) session: i32,
    /// When it started, in clock ticks since boot: the pid's other half.
    pub(super) started: u64,
    /// CPU time of it and of the children that it has waited for, in clock ticks.
    pub(super) ticks: u64,
    /// Dead, and waiting for its parent to notice.
    pub(super) zombie: bool,
}

/// The process with this id, if it can be seen.
pub(super) fn read(pid: i32) -> Option<Process> {
    look(pid).ok()?
}

/// The process with this id; none if there is none, or if it is another user's and the system hides it.
pub(super) fn look(pid: i32) -> io::Result<Option<Process>> {
    let mut room = [0; STAT];
    // In one piece, as the kernel gives it: a table has hundreds of these.
    let read = |mut file: File| file.read(&mut room);
    let Some(length) = known(File::open(format!("/proc/{pid}/stat")).and_then(read))? else {
        return Ok(None);
    };
    let stat = room.get(..length).unwrap_or_default();
    let process = parse(pid, stat);
    process.map(Some).ok_or_else(|| {
        let text = String::from_utf8_lossy(stat).escape_debug().to_string();
        io::Error::other(format!("/proc/{pid}/stat makes no sense: {text}"))
    })
}

/// What `/proc` says of a process; none if that is gone or belongs to another user.
fn known<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if is_gone(&error) || error.kind() == io::ErrorKind::PermissionDenied => Ok(None),
        Err(error) => Err(error),
    }
}

/// Does this error say that the process is not there any more?
pub(super) fn is_gone(error: &io::Error) -> bool {
    [Errno::ENOENT, Errno::ESRCH]
        .iter()
        .any(|errno| error.raw_os_error() == Some(*errno as i32))
}

fn parse(pid: i32, stat: &[u8]) -> Option<Process> {
    // The second field is the program's name in parentheses, and may hold anything.
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(stat.get(end + 1..)?).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |i: usize| fields.get(i)?.parse::<u64>().ok();
    Some(Process {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        started: number(19)?,
        ticks: number(11)? + number(12)? + number(13)? + number(14)?,
        zombie: matches!(*fields.first()?, "Z" | "X"),
    })
}

/// All processes, those excepted that end meanwhile.
pub(super) fn table() -> io::Result<Vec<Process>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        if let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) {
            found.extend(look(pid)?);
        }
    }
    Ok(found)
}

/// A window on the process table: those that were born since it was opened, as far as that is certain.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Window {
    /// The youngest process at its opening; without it, all are seen.
    after: Option<i32>,
}

impl Window {
    /// Opens it now. It is good for as long as ids cannot have gone round: for moments.
    pub(super) fn open() -> Window {
        Window { after: youngest() }
    }

    /// The ids in it, where they are fewer than a look at the whole table is worth.
    pub(super) fn ids(self, youngest: Option<i32>) -> Option<Vec<i32>> {
        let (after, youngest) = (self.after?, youngest?);
        (after <= youngest && youngest - after < NARROW).then(|| (after..=youngest).collect())
    }

    pub(super) fn shows(self, youngest: Option<i32>, pid: i32) -> bool {
        match (self.after, youngest) {
            (Some(after), Some(youngest)) if after <= youngest => (after..=youngest).contains(&pid),
            // Ids have gone round.
            (Some(after), Some(youngest)) => pid >= after || pid <= youngest,
            (_, _) => true,
        }
    }
}

/// The id given last.
pub(super) fn youngest() -> Option<i32> {
    let loadavg = std::fs::read_to_string("/proc/loadavg").ok()?;
    loadavg.split_whitespace().last()?.parse().ok()
}

/// Everything that descends from one of `roots`; the roots themselves are not among them. What cannot be looked at
/// is left out.
pub(super) fn descendants(roots: &[i32]) -> Vec<Process> {
    // An error in the middle hides one process at most.
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    family(pids.filter_map(read).collect(), roots)
}

/// The same among these.
pub(super) fn family(mut rest: Vec<Process>, roots: &[i32]) -> Vec<Process> {
    let mut family: BTreeSet<i32> = roots.iter().copied().collect();
    let mut found = Vec::new();
    loop {
        let (children, others): (Vec<_>, Vec<_>) = rest
            .into_iter()
            .partition(|process| family.contains(&process.parent));
        if children.is_empty() {
            return found;
        }
        family.extend(children.iter().map(|child| child.pid));
        found.extend(children.iter().filter(|child| !roots.contains(&child.pid)));
        rest = others;
    }
}

/// This process, its ancestors, and the first of all.
pub(super) fn above_me() -> io::Result<Vec<i32>> {
    let mut above = vec![1];
    let mut next = Some(me());
    while let Some(pid) = next.filter(|pid| *pid > 1) {
        above.push(pid);
        next = look(pid)?.map(|process| process.parent);
    }
    Ok(above)
}

/// Now, as processes count it: in clock ticks since boot.
pub(super) fn now() -> io::Result<u64> {
    let text = std::fs::read_to_string("/proc/uptime")?;
    let per_second = sysconf(SysconfVar::CLK_TCK)?.and_then(|ticks| u64::try_from(ticks).ok());
    let (seconds, rest) = text.split_once('.').unwrap_or_default();
    let hundredths = rest.split(' ').next().and_then(|part| part.parse::<u64>().ok());
    match (seconds.parse::<u64>(), hundredths, per_second) {
        (Ok(seconds), Some(hundredths), Some(per_second)) => {
            Ok(seconds * per_second + hundredths * per_second / 100)
        }
        (_, _, _) => Err(io::Error::other("/proc/uptime makes no sense")),
    }
}

/// This process.
pub(super) fn me() -> i32 {
    nix::unistd::getpid().as_raw()
}

/// Sends a signal. Who is gone already needs none.
pub(super) fn send(pid: i32, signal: Signal) {
    let _ = kill(Pid::from_raw(pid), signal);
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// With this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// Takes in every child that has ended; whether any child is left.
pub(super) fn reap(mut each: impl FnMut(i32, Exit)) -> bool {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) => each(pid.as_raw(), Exit::Code(code)),
            Ok(WaitStatus::Signaled(pid, signal, _)) => each(pid.as_raw(), Exit::Signal(signal as i32)),
            Ok(WaitStatus::StillAlive) => return true,
            Err(Errno::ECHILD) => return false,
            // Some other change of state, or a child killed by a signal without a name: it is reaped.
            Ok(_) | Err(_) => {}
        }
    }
}

/// Kills every descendant of this process and reaps it, until the kernel says that none is left;
/// otherwise says what would not die. For the first of a session only.
pub(super) fn end_descendants(mut each: impl FnMut(i32, Exit)) -> Result<(), String> {
    let since = clock::tick();
    while reap(&mut each) {
        // Whole groups die in one blow, however fast they fork; what is left is stopped one by one.
        signal_all(&descendants(&[me()]), Signal::SIGKILL);
        let family = freeze(|| Ok(descendants(&[me()]))).unwrap_or_default();
        signal_all(&family, Signal::SIGKILL);
        if since.elapsed() > PATIENCE {
            return Err(survivors(&family));
        }
        std::thread::sleep(
            Duration::from_millis(1)
                .max(since.elapsed() / 8)
                .min(Duration::from_millis(100)),
        );
    }
    Ok(())
}

/// Stops all processes that `find` finds, until it finds no new one. A stopped process cannot fork, so the set that is
/// killed afterwards no longer grows.
pub(super) fn freeze(mut find: impl FnMut() -> io::Result<Vec<Process>>) -> io::Result<Vec<Process>> {
    let mut stopped = BTreeSet::new();
    for _ in 0..100 {
        let family = find()?;
        let mut fresh = false;
        for process in family.iter().filter(|process| !process.zombie) {
            if stopped.insert((process.pid, process.started)) {
                send(process.pid, Signal::SIGSTOP);
                fresh = true;
            }
        }
        if !fresh {
            return Ok(family);
        }
    }
    find()
}

/// Signals descendants of this process group by group, since one call meets all of a group at once,
/// those included that were born meanwhile. A group of a descendant consists of descendants: groups do
/// not reach beyond a session, and this process has a session of its own.
fn signal_all(family: &[Process], signal: Signal) {
    let groups: BTreeSet<i32> = family.iter().map(|process| process.group).collect();
    let mine = nix::unistd::getpgrp().as_raw();
    for group in groups.into_iter().filter(|group| *group > 1 && *group != mine) {
        let _ = killpg(Pid::from_raw(group), signal);
    }
    for process in family.iter().filter(|process| process.group == mine) {
        send(process.pid, signal);
    }
}

pub(super) fn survivors(family: &[Process]) -> String {
    let pids: Vec<String> = family.iter().map(|process| process.pid.to_string()).collect();
    format!("processes that cannot be killed: {}", pids.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_hides_nothing() {
        let stat = b"42 (a) S 1 (b) Z 7 8 9 0 0 0 0 0 0 0 10 20 30 40 0 0 1 0 777 0 0\n";
        let process = parse(42, stat).unwrap();
        assert_eq!((process.parent, process.group, process.session), (7, 8, 9));
        assert_eq!((process.ticks, process.started), (100, 777));
        assert!(process.zombie);
        assert_eq!(parse(42, b"42 (torn) S"), None);
    }

    #[test]
    fn this_process_is_in_the_table_and_has_its_parent() {
        let myself = read(me()).unwrap();
        assert_eq!(myself.parent, nix::unistd::getppid().as_raw());
        let family = descendants(&[myself.parent]);
        assert!(family.iter().any(|process| process.pid == myself.pid));
    }

    #[test]
    fn a_window_shows_the_young_and_everything_when_in_doubt() {
        let window = Window { after: Some(100) };
        let shown = |youngest, pids: [i32; 4]| pids.map(|pid| window.shows(youngest, pid));
        assert_eq!(shown(Some(200), [50, 100, 200, 201]), [false, true, true, false]);
        assert_eq!(shown(Some(60), [50, 61, 99, 100]), [true, false, false, true]);
        assert_eq!(shown(None, [1, 50, 100, 200]), [true; 4]);
        assert!(Window::default().shows(Some(60), 70));
        assert_eq!(window.ids(Some(102)), Some(vec![100, 101, 102]));
        let wide = [Some(99), Some(100 + NARROW), None];
        assert_eq!(wide.map(|youngest| window.ids(youngest)), [None, None, None]);
        assert_eq!(Window::default().ids(Some(60)), None);
        let window = Window::open();
        let mut child = crate::doors::spawn::command("true").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        assert!(window.shows(youngest(), pid));
        child.wait().unwrap();
    }
}
