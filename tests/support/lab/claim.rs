//! Who has which hosts of the lab: tests that need few of them run side by side, in the order in which they asked.

use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use nix::fcntl::{Flock, FlockArg};

use super::HOSTS;

static BOARD: Mutex<Board> = Mutex::new(Board {
    tickets: 0,
    turn: 0,
    taken: 0,
    free: VecDeque::new(),
    lock: None,
});
static CHANGED: Condvar = Condvar::new();

struct Board {
    /// How many have asked.
    tickets: u64,
    /// Whose turn it is. No test overtakes another: one that needs all hosts gets them some time.
    turn: u64,
    /// How many hosts the tests have.
    taken: usize,
    /// The others, the one that has rested longest first; none before the first test asks.
    free: VecDeque<&'static str>,
    /// While a test has a host, other processes may not use the lab.
    lock: Option<Flock<File>>,
}

/// The right to use these hosts, and no others.
pub(super) struct Claim {
    /// Their names.
    pub(super) hosts: Vec<&'static str>,
}

impl Claim {
    /// Waits for so many hosts. `dir` is the lab's.
    pub(super) fn of(count: usize, dir: &Path) -> Claim {
        let mut board = board();
        let ticket = board.tickets;
        board.tickets += 1;
        if ticket == 0 {
            board.free.extend(HOSTS);
        }
        while board.turn != ticket || board.free.len() < count {
            board = CHANGED.wait(board).unwrap_or_else(PoisonError::into_inner);
        }
        if board.lock.is_none() {
            board.lock = Some(lock(dir));
        }
        board.turn += 1;
        board.taken += count;
        let hosts = board.free.drain(..count).collect();
        drop(board);
        CHANGED.notify_all();
        Claim { hosts }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut board = board();
        board.free.extend(&self.hosts);
        board.taken -= self.hosts.len();
        if board.taken == 0 {
            board.lock = None;
        }
        drop(board);
        CHANGED.notify_all();
    }
}

/// A test that failed in the midst of it has left nothing half done here.
fn board() -> MutexGuard<'static, Board> {
    BOARD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lock(dir: &Path) -> Flock<File> {
    std::fs::create_dir_all(dir).unwrap();
    let file = File::options()
        .create(true)
        .append(true)
        .open(dir.join("test.lock"))
        .unwrap();
    Flock::lock(file, FlockArg::LockExclusive)
        .map_err(|(_, error)| error)
        .unwrap()
}
