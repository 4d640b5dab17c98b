//! Streaming journals as they grow: one thread watches all that are followed.
//!
//! Invariant: what is sent are whole lines, each once, in order, from the byte that was asked for; and the last one
//! is told, whatever has become of those before it. The kernel's events only make it quick; a look every second makes
//! it sure. Lines wait a moment for company, since every message costs both ends a wake-up and the coordinator a
//! transaction; a last line does not.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

use super::capsule::Capsule;
use super::close_dead;
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
            closing: Arc::default(),
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
        // The thread ends only once no coordinator listens any more.
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
    /// None until it could be opened.
    file: Option<File>,
    /// Where the next line begins.
    at: u64,
    /// What the other end may have read already ends here at the latest.
    told: u64,
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
    /// Dead capsules are being closed.
    closing: Arc<AtomicBool>,
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
                self.close_the_dead();
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

    /// Takes in the orders that have come. False once the sender of orders is gone.
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
                    self.add(capsule, from);
                    self.look(attempt);
                }
            }
        }
        true
    }

    fn add(&mut self, capsule: Capsule, from: u64) {
        if let Some(known) = self.journals.get_mut(&capsule.attempt) {
            (known.at, known.told) = (from, from);
            return;
        }
        let followed = Followed {
            capsule,
            file: None,
            at: from,
            told: from,
            watch: None,
            due: None,
        };
        self.journals.insert(followed.capsule.attempt, followed);
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
        if followed.watch.is_none()
            && let Some(inotify) = &self.inotify
        {
            let path = followed.capsule.journal();
            followed.watch = inotify.add_watch(&path, AddWatchFlags::IN_MODIFY).ok();
        }
        match followed.new_lines() {
            Ok(new) if !new.is_empty() && journal::end(&new).is_none() => {
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
            // The other end waits for it, and a disk may recover. What is gone is told by an inventory.
            Err(error) if followed.capsule.exists() => {
                tracing::warn!(attempt.id = %attempt, %error, "cannot read a journal that is followed");
            }
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
    fn close_the_dead(&self) {
        if self.journals.is_empty() || self.closing.load(Ordering::Acquire) {
            return;
        }
        let held = match close_dead::held(&self.root) {
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
        let closing = Arc::clone(&self.closing);
        closing.store(true, Ordering::Release);
        // In a thread of its own: the engine may take long to remove containers. The lock of closing
        // and a second look keep two of them from doing it twice.
        let work = move || {
            if let Err(error) = close_dead::close_capsules(&root, &boot, &dead) {
                tracing::warn!(%error, "cannot close dead capsules");
            }
            closing.store(false, Ordering::Release);
        };
        let thread = std::thread::Builder::new().name("close".to_owned());
        if let Err(error) = thread.spawn(work) {
            self.closing.store(false, Ordering::Release);
            tracing::warn!(%error, "dead capsules are closed later");
        }
    }
}

impl Followed {
    /// Sends what is new; whether that was the end.
    fn stream(&mut self, outlet: &Outlet) -> Result<bool, RunnerError> {
        self.due = None;
        if self.is_adrift()? {
            // From the beginning once more: the other end passes over what it has read.
            self.told = self.told.max(self.at);
            self.at = 0;
        }
        let mut ended = false;
        loop {
            let new = self.new_lines()?;
            if new.is_empty() {
                return Ok(ended);
            }
            ended = journal::end(&new).is_some();
            let len = new.len() as u64;
            let last = journal::lines(&new).next_back().map(<[u8]>::to_vec);
            self.say(outlet, self.at, new);
            self.at += len;
            if let Some(mut last) = last.filter(|_| ended && self.at < self.told) {
                // The journal has lost what was already read from it; its end must be heard all the same.
                last.push(b'\n');
                self.say(outlet, self.told, last);
            }
        }
    }

    fn say(&self, outlet: &Outlet, from: u64, lines: Vec<u8>) {
        outlet.say(&Say::Journal {
            attempt: self.capsule.attempt,
            from,
            text: text(lines),
        });
    }

    /// Has the journal lost what was already read from it? Then what comes next does not begin where the last line
    /// ended.
    fn is_adrift(&mut self) -> Result<bool, RunnerError> {
        let at = self.at;
        let path = self.capsule.journal();
        let mut found = self
            .open()?
            .metadata()
            .doing(|| format!("look at {}", path.display()))?;
        if found.nlink() == 0 {
            // It was removed, and there may be another one in its place.
            self.file = None;
            found = self
                .open()?
                .metadata()
                .doing(|| format!("look at {}", path.display()))?;
        }
        let (file, len) = (self.open()?, found.len());
        let mut before = [0];
        if at == 0 || at > len {
            return Ok(at > len);
        }
        let read = file.read_at(&mut before, at - 1);
        Ok(read.doing(|| format!("read {}", path.display()))? == 1 && before != *b"\n")
    }

    fn new_lines(&mut self) -> Result<Vec<u8>, RunnerError> {
        let at = self.at;
        let path = self.capsule.journal();
        let file = self.open()?;
        let mut text = vec![0; CHUNK.min(4096)];
        loop {
            let read = file.read_at(&mut text, at);
            let len = read.doing(|| format!("read {}", path.display()))?;
            let whole = journal::whole(&text[..len]).len();
            if whole > 0 || len < text.len() || len >= CHUNK {
                text.truncate(whole);
                return Ok(text);
            }
            text.resize(2 * len, 0);
        }
    }

    fn open(&mut self) -> Result<&File, RunnerError> {
        let path = self.capsule.journal();
        match &mut self.file {
            Some(file) => Ok(file),
            none => {
                let file = File::open(&path).doing(|| format!("open {}", path.display()))?;
                Ok(none.insert(file))
            }
        }
    }
}

/// Lines as text of the same length: the other end counts bytes. What is no text is damaged anyway.
fn text(lines: Vec<u8>) -> String {
    String::from_utf8(lines).unwrap_or_else(|error| {
        let legible = |byte: u8| if byte.is_ascii() { char::from(byte) } else { '?' };
        error.into_bytes().into_iter().map(legible).collect()
    })
}

fn is_running(pid: i32) -> bool {
    matches!(
        waitpid(Pid::from_raw(pid), Some(WaitPidFlag::WNOHANG)),
        Ok(nix::sys::wait::WaitStatus::StillAlive)
    )
}
