//! Whose doing it was that the tests ended as they did. What the tests print is never asked: only what the engine, the
//! kernel and the disks say.
//!
//! Invariant: what code in the container can do by itself (use up its memory, fill the disk, end its own container) is
//! never the host's fault.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use nix::sys::statvfs::statvfs;

use super::container::{Container, PATIENCE, State};
use super::fault::fault;
use super::kills::{self, Kills};
use crate::docker::{self, Engine, Kind, Machine};
use crate::domain::Fault;
use crate::domain::fault::{Again, FaultName};
use crate::domain::program_exit::ProgramExit;
use crate::doors::clock;

/// A disk with less room than this is full: in bytes, and in files.
const FULL: Room = Room {
    bytes: 4 << 20,
    files: 64,
};

/// An engine tells of a kill once it has been done, and of the end that it was as soon as it sees it: the kill may come
/// seconds later, on a busy host.
const LATE: i64 = 5;

/// The kernel ends a container before its engine says so: for so long, one that is said to run may have ended.
const ENDING: Duration = Duration::from_secs(3);

/// How long to wait before the engine is asked again.
const AGAIN: Duration = Duration::from_millis(100);

/// What there is room for on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Room {
    bytes: u64,
    files: u64,
}

/// How the host was before the tests.
#[derive(Debug)]
pub(super) struct Before {
    kills: Option<u64>,
    disks: Vec<(PathBuf, Room)>,
}

/// What is seen of an end.
#[derive(Debug)]
struct Seen {
    exit: Option<i32>,
    state: State,
    /// What happened to the container, as the engine calls it.
    events: Vec<String>,
    /// The kernel has killed something on this host for want of memory meanwhile.
    host_killed: bool,
    /// The engine tells of no kill that a container's own limit was the cause of, unless it was of the first process.
    silent: bool,
}

impl Before {
    /// Looks at the disk of the capsule and at that of the containers, and at the kernel's count.
    pub(super) fn look(capsule: &Path, machine: &Machine) -> Before {
        let disks = [capsule, machine.data_root()].into_iter();
        Before {
            kills: kills::on_this_host(),
            disks: disks
                .filter_map(|disk| Some((disk.to_owned(), room(disk)?)))
                .collect(),
        }
    }

    /// Was the end the tests' own, and had they used up their memory? The container is gone then, and with it what the
    /// tests have written.
    pub(super) fn blameless(self, container: Container, exit: Option<i32>) -> Result<bool, Fault> {
        let mut out_of_memory = false;
        if exit.is_some() {
            let killed = is_killed(exit);
            let until = clock::tick() + ENDING;
            let state = settled(
                || container.state(),
                || {
                    let has_time = killed && clock::tick() < until;
                    if has_time {
                        thread::sleep(AGAIN);
                    }
                    has_time
                },
            )?;
            let doubtful = killed || !state.running;
            let seen = Seen {
                exit,
                state,
                events: if doubtful {
                    events(&container.id, if state.running { 1 } else { LATE })
                } else {
                    Vec::new()
                },
                host_killed: kills::on_this_host() > self.kills,
                silent: killed && is_silent(),
            };
            if let Some((name, what, again)) = host(&seen) {
                return Err(fault(name, again, what));
            }
            out_of_memory = seen.met_its_limit();
        }
        let full: Vec<(PathBuf, Room, Room)> = self
            .disks
            .into_iter()
            .filter_map(|(disk, before)| Some((room(&disk)?, disk, before)))
            .filter(|(now, _, _)| now.is_full())
            .map(|(now, disk, before)| (disk, before, now))
            .collect();
        drop(container);
        if exit == Some(0) {
            return Ok(out_of_memory);
        }
        for (disk, before, during) in full {
            let after = room(&disk).unwrap_or(during);
            if !filled_by_tests(before, during, after) {
                let what = format!(
                    "the disk at {} was full during the tests, and not of what they wrote",
                    disk.display()
                );
                return Err(fault(FaultName::NoSpace, Again::Cleaned, what));
            }
        }
        Ok(out_of_memory)
    }
}

impl Seen {
    fn tells(&self, what: &[&str]) -> bool {
        self.events.iter().any(|event| what.contains(&event.as_str()))
    }

    /// Has something in the container been killed since all of its memory was used up?
    fn met_its_limit(&self) -> bool {
        let counted = |kills: Kills| kills.limits_met.is_some_and(|met| met > 0);
        self.state.out_of_memory || self.tells(&["oom"]) || self.state.kills.is_some_and(counted)
    }
}

/// The fault behind an end that the tests did not cause; none if they did.
fn host(seen: &Seen) -> Option<(FaultName, &'static str, Again)> {
    let by_its_limit = seen.state.out_of_memory || seen.tells(&["oom"]);
    let by_the_host = match seen.state.kills {
        Some(Kills { processes: 0, .. }) => false,
        // Newer engines tell of a kill, whosever memory was short.
        Some(Kills {
            limits_met: Some(met),
            ..
        }) => met == 0,
        Some(Kills {
            limits_met: None,
            was_at_limit,
            ..
        }) => !(by_its_limit || seen.silent && was_at_limit),
        None => seen.state.running && seen.host_killed && !by_its_limit,
    };
    // Within its own limit, which leaves the host a reserve.
    let by_its_limit = by_its_limit
        || seen
            .state
            .kills
            .is_some_and(|kills| seen.silent && kills.was_at_limit);
    if by_its_limit && !by_the_host {
        return None;
    }
    if is_killed(seen.exit) && by_the_host {
        let what = "the host ran out of memory during the tests";
        return Some((FaultName::OutOfMemory, what, Again::Elsewhere));
    }
    // An engine that ends a container because a client asked for it reports a kill. An engine that was stopped itself
    // reports nothing.
    let by_itself = seen.state.there && seen.tells(&["die", "died"]) && !seen.tells(&["kill"]);
    (!seen.state.running && !by_itself).then_some((
        FaultName::ContainerLost,
        "somebody ended the container during the tests, and not they",
        Again::Anywhere,
    ))
}

/// How the container is. While the engine says that it runs, and the kernel knows nothing of it, it may be about to end:
/// then the engine is asked again, as long as there is `time`.
fn settled(
    mut state: impl FnMut() -> Result<State, Fault>,
    mut time: impl FnMut() -> bool,
) -> Result<State, Fault> {
    let mut last = state()?;
    while last.running && last.kills.is_none() && time() {
        last = state()?;
    }
    Ok(last)
}

fn is_killed(exit: Option<i32>) -> bool {
    exit.map(ProgramExit::of) == Some(ProgramExit::Killed)
}

/// podman knows only of a container's first process how it ended.
fn is_silent() -> bool {
    Engine::ask().is_ok_and(|engine| engine.kind == Kind::Podman)
}

/// Did the tests fill the disk, and leave it as it was once they are gone? Not if other processes took more of it.
fn filled_by_tests(before: Room, during: Room, after: Room) -> bool {
    let more = |of: fn(Room) -> u64| {
        let (by_tests, by_others) = (
            of(after).saturating_sub(of(during)),
            of(before).saturating_sub(of(after)),
        );
        by_tests >= by_others
    };
    !before.is_full() && !after.is_full() && more(|room| room.bytes) && more(|room| room.files)
}

impl Room {
    fn is_full(self) -> bool {
        self.bytes < FULL.bytes || self.files < FULL.files
    }
}

/// None where it cannot be seen, as with an engine on another machine.
fn room(disk: &Path) -> Option<Room> {
    if !disk.is_absolute() {
        return None;
    }
    let seen = statvfs(disk).ok()?;
    Some(Room {
        bytes: seen.blocks_available().saturating_mul(seen.fragment_size()),
        // Some file systems do not count them.
        files: if seen.files() == 0 {
            u64::MAX
        } else {
            seen.files_available()
        },
    })
}

/// What the engine remembers of a container's end, and says within so many seconds. It remembers the last few hundred events of all, and this is one.
fn events(id: &str, seconds: i64) -> Vec<String> {
    let until = (clock::now().0 / 1000 + seconds).to_string();
    let container = format!("container={id}");
    let args = [
        "events",
        "--since",
        "0",
        "--until",
        &until,
        "--filter",
        &container,
        "--format",
        "{{json .}}",
    ];
    // One that does not answer this tells nothing; whether it lives was asked before.
    let text = docker::ask(&args, PATIENCE).unwrap_or_default();
    text.lines().filter_map(event).collect()
}

/// The word for what happened: engines differ in the key.
fn event(line: &str) -> Option<String> {
    let event: serde_json::Value = serde_json::from_str(line).ok()?;
    let word = ["Action", "status", "Status"]
        .iter()
        .find_map(|key| event.get(key)?.as_str())?;
    Some(word.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(exit: i32, running: bool, events: &[&str], host_killed: bool) -> Option<FaultName> {
        end(exit, running, events, host_killed, None)
    }

    fn end(
        exit: i32,
        running: bool,
        events: &[&str],
        host_killed: bool,
        kills: Option<(u64, Option<u64>)>,
    ) -> Option<FaultName> {
        let seen = Seen {
            exit: Some(exit),
            state: State {
                there: true,
                running,
                out_of_memory: false,
                kills: kills.map(|(processes, limits_met)| Kills {
                    processes,
                    limits_met,
                    was_at_limit: false,
                }),
            },
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            host_killed,
            silent: false,
        };
        host(&seen).map(|(name, _, _)| name)
    }

    #[test]
    fn an_engine_that_tells_of_no_kill_leaves_it_to_the_kernel_whose_memory_was_short() {
        let ended = |silent, was_at_limit| {
            let seen = Seen {
                exit: Some(137),
                state: State {
                    there: true,
                    running: true,
                    out_of_memory: false,
                    kills: Some(Kills {
                        processes: 1,
                        limits_met: None,
                        was_at_limit,
                    }),
                },
                events: vec!["exec_died".to_owned()],
                host_killed: true,
                silent,
            };
            host(&seen).map(|(name, _, _)| name)
        };
        assert_eq!(ended(true, true), None, "its own limit");
        assert_eq!(ended(true, false), Some(FaultName::OutOfMemory));
        assert_eq!(
            ended(false, true),
            Some(FaultName::OutOfMemory),
            "this one would have told"
        );
    }

    #[test]
    fn a_container_that_its_engine_has_not_seen_end_yet_is_asked_for_again() {
        let state = |running, kills| State {
            there: true,
            running,
            out_of_memory: false,
            kills,
        };
        let ending = [state(true, None), state(true, None), state(false, None)];
        let mut answers = ending.into_iter();
        let last = settled(|| Ok(answers.next().unwrap()), || true).unwrap();
        assert!(!last.running);
        // An engine on another machine: the kernel here never knows.
        let mut asked = 0;
        let mut often = 3;
        let far = settled(
            || {
                asked += 1;
                Ok(state(true, None))
            },
            || {
                often -= 1;
                often > 0
            },
        );
        assert!(far.unwrap().running);
        assert_eq!(asked, 3);
    }

    #[test]
    fn only_what_others_did_is_the_hosts_fault() {
        assert_eq!(ended(1, true, &[], true), None);
        assert_eq!(ended(137, true, &["exec_die"], false), None);
        assert_eq!(
            ended(137, true, &["oom"], true),
            None,
            "its own limit, whatever the kernel counts"
        );
        assert_eq!(ended(137, true, &[], true), Some(FaultName::OutOfMemory));
        assert_eq!(ended(137, false, &["start", "die"], false), None, "by itself");
        assert_eq!(
            ended(137, false, &["start", "die"], true),
            None,
            "by itself, while the kernel killed something else"
        );
        assert_eq!(
            ended(137, false, &["start", "kill", "die"], false),
            Some(FaultName::ContainerLost)
        );
        assert_eq!(
            ended(137, false, &[], false),
            Some(FaultName::ContainerLost),
            "an engine that was restarted"
        );
    }

    #[test]
    fn what_the_kernel_killed_elsewhere_is_nothing_to_this_container() {
        let killed = |events: &[&str], kills| end(137, true, events, true, Some(kills));
        assert_eq!(
            killed(&[], (0, None)),
            None,
            "it killed itself, others met their limit"
        );
        assert_eq!(killed(&[], (1, None)), Some(FaultName::OutOfMemory));
        assert_eq!(killed(&["oom"], (1, None)), None, "its own limit");
        assert_eq!(killed(&["oom"], (1, Some(2))), None, "its own limit");
        assert_eq!(
            killed(&["oom"], (1, Some(0))),
            Some(FaultName::OutOfMemory),
            "not its own limit"
        );
    }

    #[test]
    fn who_took_more_has_filled_the_disk() {
        let room = |mib: u64| Room {
            bytes: mib << 20,
            files: u64::MAX,
        };
        let by_tests = |before, during, after| filled_by_tests(room(before), room(during), room(after));
        assert!(by_tests(1000, 0, 1000));
        assert!(by_tests(1000, 0, 990), "others write their logs");
        assert!(!by_tests(1000, 0, 100), "others took nine tenths");
        assert!(!by_tests(1000, 0, 0), "it is full without them");
        assert!(!by_tests(2, 0, 2000), "it was full before they began");
        let files = |files| Room {
            bytes: 1 << 40,
            files,
        };
        assert!(filled_by_tests(files(10_000), files(0), files(10_000)));
        assert!(!filled_by_tests(files(10_000), files(0), files(1_000)));
    }

    #[test]
    fn the_word_of_every_engine_is_found() {
        assert_eq!(
            event(r#"{"status":"die","Action":"die","Type":"container"}"#).as_deref(),
            Some("die")
        );
        assert_eq!(event(r#"{"Status":"died"}"#).as_deref(), Some("died"));
        assert_eq!(event("no json"), None);
    }
}
