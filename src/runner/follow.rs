//! Streaming journals as they grow: one thread watches all that are followed.
//!
//! Invariant: what is sent are whole lines, each once, in order, from the byte that was asked for. The
//! kernel's events only make it quick; a look every second makes it sure. Lines wait a moment for company,
//! since every message costs both ends a wake-up and the coordinator a transaction; a last line does not.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileExt as _;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

use super::bury;
use super::capsule::Capsule;
use super::error::{Doing as _, RunnerError};
use super::journal;
use super::outlet::Outlet;
use super::root::Root;
use crate::domain::AttemptId;
use crate::domain::wire::Say;
use crate::doors::clock;

/// Between two looks that no event asks for.
const TICK: Duration = Duration::from_secs(1);

/// How long a line waits for the next one, unless it is the last.
const COMPANY: Duration = Duration::from_millis(100);

/// Most bytes read from a journal at a time.
const CHUNK: usize = 1 << 20;

/// What the thread is told.
enum Order {
    Follow(Capsule, u64),
    /// A supervisor was started, whose end must be taken in.
    Child(i32),
}

/// The other threads' hold on it.
#[derive(Debug)]
pub(super) struct Follower {
    orders: Sender<Order>,
    wake: PipeWriter,
}

impl Follower {
    /// Starts the thread. It ends when this value is dropped.
    pub(super) fn start(root: Root, boot: String, outlet: Outlet) -> Result<Follower, RunnerError> {
        let (orders, receiver) = channel();
        let (woken, wake) = std::io::pipe().doing(|| "make a pipe")?;
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)
            .inspect_err(|error| tracing::warn!(%error, "journals are looked at once a second only"))
            .ok();
        let mut watcher = Watcher {
            root,
            boot,
            outlet,
            inotify,
            orders: receiver,
            woken,
            journals: BTreeMap::new(),
            children: Vec::new(),
            next_tick: clock::tick() + TICK,
        };
        std::thread::Builder::new()
            .name("follow".to_owned())
            .spawn(move || {
                let _end = End(watcher.outlet.clone());
                watcher.run();
            })
            .doing(|| "start a thread")?;
        Ok(Follower { orders, wake })
    }

    /// Streams this journal from this byte on.
    pub(super) fn follow(&mut self, capsule: Capsule, from: u64) {
        self.order(Order::Follow(capsule, from));
    }

    /// Takes in the end of this child when it comes.
    pub(super) fn adopt(&mut self, pid: i32) {
        self.order(Order::Child(pid));
    }

    fn order(&mut self, order: Order) {
        // If the thread is gone, then because nobody listens any more.
        let _ = self.orders.send(order);
        let _ = self.wake.write_all(b"!");
    }
}

/// However the thread ends, a panic included, the link ends with it: the next one follows journals again.
struct End(Outlet);

impl Drop for End {
    fn drop(&mut self) {
        self.0.end();
    }
}

struct Followed {
    capsule: Capsule,
    file: File,
    at: u64,
    watch: Option<WatchDescriptor>,
    /// There are lines that wait for company until then.
    due: Option<Instant>,
}

struct Watcher {
    root: Root,
    boot: String,
    outlet: Outlet,
    inotify: Option<Inotify>,
    orders: Receiver<Order>,
    woken: PipeReader,
    journals: BTreeMap<AttemptId, Followed>,
    children: Vec<i32>,
    next_tick: Instant,
}

impl Watcher {
    fn run(&mut self) {
        loop {
            let (woken, event) = self.wait();
            if woken && !self.take_orders() {
                return;
            }
            if event {
                self.take_events();
            }
            self.send_what_is_due();
            if clock::tick() >= self.next_tick {
                self.next_tick = clock::tick() + TICK;
                self.children.retain(|pid| is_running(*pid));
                let all: Vec<AttemptId> = self.journals.keys().copied().collect();
                for attempt in all {
                    self.stream(attempt);
                }
                self.bury_the_dead();
            }
        }
    }

    fn wait(&self) -> (bool, bool) {
        let due = self.journals.values().filter_map(|followed| followed.due).min();
        let next = due.map_or(self.next_tick, |due| due.min(self.next_tick));
        let left = next.saturating_duration_since(clock::tick());
        let timeout = PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
        let mut fds = vec![PollFd::new(self.woken.as_fd(), PollFlags::POLLIN)];
        if let Some(inotify) = &self.inotify {
            fds.push(PollFd::new(inotify.as_fd(), PollFlags::POLLIN));
        }
        if poll(&mut fds, timeout).is_err() {
            return (false, false);
        }
        let ready = |fd: Option<&PollFd<'_>>| fd.and_then(PollFd::any).unwrap_or(false);
        (ready(fds.first()), ready(fds.get(1)))
    }

    /// False once nobody gives orders any more.
    fn take_orders(&mut self) -> bool {
        let mut buffer = [0; 512];
        if !matches!(self.woken.read(&mut buffer), Ok(1..)) {
            return false;
        }
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::Child(pid) => self.children.push(pid),
                Order::Follow(capsule, from) => {
                    let attempt = capsule.attempt;
                    if let Err(error) = self.add(capsule, from) {
                        tracing::warn!(attempt.id = %attempt, %error, "cannot follow a journal");
                    }
                    self.look(attempt);
                }
            }
        }
        true
    }

    fn add(&mut self, capsule: Capsule, from: u64) -> Result<(), RunnerError> {
        if let Some(known) = self.journals.get_mut(&capsule.attempt) {
            known.at = from;
            return Ok(());
        }
        let path = capsule.journal();
        let file = File::open(&path).doing(|| format!("open {}", path.display()))?;
        let inotify = self.inotify.as_ref();
        let watch = inotify.and_then(|inotify| inotify.add_watch(&path, AddWatchFlags::IN_MODIFY).ok());
        let followed = Followed {
            capsule,
            file,
            at: from,
            watch,
            due: None,
        };
        self.journals.insert(followed.capsule.attempt, followed);
        Ok(())
    }

    fn take_events(&mut self) {
        let Some(inotify) = &self.inotify else { return };
        let events = inotify.read_events().unwrap_or_default();
        let touched: Vec<AttemptId> = self
            .journals
            .iter()
            .filter(|(_, followed)| events.iter().any(|event| Some(event.wd) == followed.watch))
            .map(|(attempt, _)| *attempt)
            .collect();
        for attempt in touched {
            self.look(attempt);
        }
    }

    /// Looks for new lines, and sends them now if the last one is among them.
    fn look(&mut self, attempt: AttemptId) {
        let Some(followed) = self.journals.get_mut(&attempt) else {
            return;
        };
        match followed.new_lines() {
            Ok(new) if !new.is_empty() && !journal::is_end(&new) => {
                followed.due.get_or_insert_with(|| clock::tick() + COMPANY);
            }
            // An error is told by the sending.
            Ok(_) | Err(_) => self.stream(attempt),
        }
    }

    fn send_what_is_due(&mut self) {
        let now = clock::tick();
        let due: Vec<AttemptId> = self
            .journals
            .iter()
            .filter(|(_, followed)| followed.due.is_some_and(|due| due <= now))
            .map(|(attempt, _)| *attempt)
            .collect();
        for attempt in due {
            self.stream(attempt);
        }
    }

    /// Sends what is new of a journal, and forgets it after its last line.
    fn stream(&mut self, attempt: AttemptId) {
        let Some(followed) = self.journals.get_mut(&attempt) else {
            return;
        };
        match followed.stream(&self.outlet) {
            Ok(false) => {}
            Ok(true) => self.forget(attempt),
            Err(error) => {
                tracing::warn!(attempt.id = %attempt, %error, "cannot follow a journal");
                self.forget(attempt);
            }
        }
    }

    fn forget(&mut self, attempt: AttemptId) {
        if let Some(followed) = self.journals.remove(&attempt)
            && let (Some(inotify), Some(watch)) = (&self.inotify, followed.watch)
        {
            // With a file that is gone, its watch is gone as well.
            let _ = inotify.rm_watch(watch);
        }
    }

    /// Who is followed and has lost its supervisor will never end by itself.
    fn bury_the_dead(&self) {
        if self.journals.is_empty() {
            return;
        }
        let held = match bury::held(&self.root) {
            Ok(held) => held,
            Err(error) => {
                tracing::warn!(%error, "cannot tell who lives");
                return;
            }
        };
        let dead: Vec<Capsule> = self
            .journals
            .values()
            .map(|followed| followed.capsule.clone())
            .filter(|capsule| !held.contains(&capsule.attempt))
            .collect();
        if dead.is_empty() {
            return;
        }
        let (root, boot) = (self.root.clone(), self.boot.clone());
        // In a thread of its own: the engine may take long to remove containers. The lock of burials
        // and a second look keep two of them from doing it twice.
        std::thread::spawn(move || {
            if let Err(error) = bury::bury(&root, &boot, &dead) {
                tracing::warn!(%error, "cannot close dead capsules");
            }
        });
    }
}

impl Followed {
    /// Sends what is new; whether that was the end.
    fn stream(&mut self, outlet: &Outlet) -> Result<bool, RunnerError> {
        self.due = None;
        let mut ended = false;
        loop {
            let new = self.new_lines()?;
            if new.is_empty() {
                return Ok(ended);
            }
            ended = journal::is_end(&new);
            let len = new.len() as u64;
            let text = String::from_utf8(new).map_err(|error| RunnerError::Damaged {
                path: self.capsule.journal(),
                why: error.to_string(),
            })?;
            outlet.say(&Say::Journal {
                attempt: self.capsule.attempt,
                from: self.at,
                text,
            });
            self.at += len;
        }
    }

    fn new_lines(&self) -> Result<Vec<u8>, RunnerError> {
        let mut text = vec![0; CHUNK.min(4096)];
        loop {
            let read = self.file.read_at(&mut text, self.at);
            let len = read.doing(|| format!("read {}", self.capsule.journal().display()))?;
            let whole = journal::whole(&text[..len]).len();
            if whole > 0 || len < text.len() || len >= CHUNK {
                text.truncate(whole);
                return Ok(text);
            }
            text.resize(2 * len, 0);
        }
    }
}

fn is_running(pid: i32) -> bool {
    matches!(
        waitpid(Pid::from_raw(pid), Some(WaitPidFlag::WNOHANG)),
        Ok(nix::sys::wait::WaitStatus::StillAlive)
    )
}
