//! Running one step: its program, its output, its limits, and its end, after which nothing of it is left.

use std::io::{self, ErrorKind, PipeReader, Read as _};
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;

use super::cancel::StopRequest;
use super::context::{AttemptContext, StepEnd, UNASKED};
use super::gauge::{Count, Gauge};
use super::journal::Journal;
use super::output::OutputLog;
use super::processes::{self, Exit, Window};
use super::pulse::Pulse;
use super::strays::Hunt;
use super::{containers, excerpt, launch};
use crate::domain::journal::{Ending, Entry};
use crate::domain::spec::Step;
use crate::domain::swe::Task;
use crate::domain::{PhaseName, Span};
use crate::doors::clock;

/// Most bytes of output read at a time: what a pipe holds.
const PIECE: usize = 64 << 10;

/// Most bytes of output taken in between two looks at the limits.
const BURST: usize = 16 * PIECE;

/// Most bytes of output taken in after the end of all processes: more than a pipe holds.
const DRAIN: usize = 4 << 20;

/// Longest fight against strays that will not die.
const PATIENCE: Duration = Duration::from_mins(1);

/// In less time, process ids cannot go round unnoticed.
const SHORT: Duration = Duration::from_secs(1);

/// Runs a step to its end.
pub(super) fn run(context: &mut AttemptContext, step: &Step, journal: &mut Journal) -> StepEnd {
    let started = clock::tick();
    let mut log = match launch::open_log(context, step) {
        Ok(log) => log,
        Err(error) => {
            return no_start(
                started,
                Ending::HostFault(format!("cannot keep its output: {error}")),
            );
        }
    };
    let window = Window::open();
    let (pipe, main) = match launch::start(context, step) {
        Ok(begun) => begun,
        Err(ending) => return no_start(started, ending),
    };
    let mut running = Running {
        context,
        main,
        started,
        window,
        exit: None,
        pipe: Some(pipe),
        log: &mut log,
        buffer: Vec::new(),
        fault: None,
        gauge: (talks_to_a_model(step)).then(Gauge::default),
        journal,
        step,
        pulse: step.stall.map(|stall| Pulse::new(stall.duration(), started)),
        deadline: started + step.deadline.duration(),
        stop: None,
    };
    running.watch();
    let (ending, finished) = running.end();
    let excerpt = if ending.is_success() || ending == Ending::Cancelled {
        None
    } else {
        excerpt::choose(log.recent())
    };
    StepEnd {
        ending,
        finished,
        took: span(started.elapsed()),
        output: log.total(),
        excerpt,
    }
}

/// A program of the user's may do anything; of the native phases, only the trajectory's asks a model.
fn talks_to_a_model(step: &Step) -> bool {
    step.task.is_none_or(|task| task == Task::Trajectory)
}

fn span(duration: Duration) -> Span {
    Span(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

fn pressed(phase: &PhaseName, count: Count) -> Entry {
    Entry::Pressed {
        phase: phase.clone(),
        limited: count.limited,
        failed: count.failed,
    }
}

fn no_start(started: Instant, ending: Ending) -> StepEnd {
    StepEnd {
        ending,
        finished: false,
        took: span(started.elapsed()),
        output: 0,
        excerpt: None,
    }
}

#[derive(Debug)]
struct Stop {
    ending: Ending,
    kill_at: Instant,
}

struct Running<'a> {
    context: &'a mut AttemptContext,
    main: i32,
    started: Instant,
    window: Window,
    exit: Option<Exit>,
    pipe: Option<PipeReader>,
    log: &'a mut OutputLog,
    buffer: Vec<u8>,
    /// The log could not be written.
    fault: Option<io::Error>,
    pulse: Option<Pulse>,
    gauge: Option<Gauge>,
    journal: &'a mut Journal,
    step: &'a Step,
    deadline: Instant,
    stop: Option<Stop>,
}

impl Running<'_> {
    /// Until the program has ended by itself, or has been asked to and has had its time.
    fn watch(&mut self) {
        loop {
            self.wait();
            self.context.hear();
            let main = self.main;
            let exit = &mut self.exit;
            let children = processes::reap(|pid, how| {
                if pid == main {
                    *exit = Some(how);
                }
            });
            self.read(BURST);
            let gone = self.exit.is_some() || !children;
            // After a stop, processes that are still tidying up have until the time of the kill.
            if self.fault.is_some() || (gone && (self.stop.is_none() || !children)) {
                return;
            }
            let now = clock::tick();
            self.context.recorder.tick(now);
            self.tell_pressure(now);
            if let Some(ending) = self.overdue(now) {
                let hard = self.context.wish == Some(StopRequest::Hard);
                let grace = if hard {
                    Duration::ZERO
                } else {
                    self.context.spec.grace.duration()
                };
                self.ask_to_end();
                self.stop = Some(Stop {
                    ending,
                    kill_at: now + grace,
                });
            }
            let hard = self.context.wish == Some(StopRequest::Hard);
            if self.stop.as_ref().is_some_and(|stop| hard || now >= stop.kill_at) {
                return;
            }
        }
    }

    /// Sleeps until something happens or a limit is reached.
    fn wait(&self) {
        let next = match (&self.stop, &self.pulse) {
            (Some(stop), _) => stop.kill_at,
            (None, Some(pulse)) => self.deadline.min(pulse.next()),
            (None, None) => self.deadline,
        };
        let due = self.gauge.as_ref().and_then(Gauge::next);
        let next = due.map_or(next, |due| due.min(next));
        let next = next.min(self.context.recorder.next());
        let left = next.saturating_duration_since(clock::tick());
        let left = if left.is_zero() {
            left
        } else {
            left + Duration::from_millis(1)
        };
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let mut fds = vec![PollFd::new(self.context.signals.as_fd(), PollFlags::POLLIN)];
        if let Some(pipe) = &self.pipe {
            fds.push(PollFd::new(pipe.as_fd(), PollFlags::POLLIN));
        }
        // An interruption is as good as an event: all is looked at anyway.
        let _ = poll(&mut fds, timeout);
    }

    /// The limit that the step has run into just now.
    fn overdue(&mut self, now: Instant) -> Option<Ending> {
        if self.stop.is_some() {
            return None;
        }
        if self.context.wish.is_some() {
            return Some(Ending::Cancelled);
        }
        if self.context.unasked {
            return Some(Ending::HostFault(UNASKED.to_owned()));
        }
        if now >= self.deadline {
            return Some(Ending::Deadline);
        }
        let capsule = &self.context.capsule;
        let containers = self.context.spec.containers;
        let lost = self.pulse.as_mut().is_some_and(|pulse| {
            pulse.is_lost(now, || {
                let mut roots = vec![processes::me()];
                let firsts = if containers {
                    containers::processes(capsule)
                } else {
                    Vec::new()
                };
                let inside = firsts.iter().filter_map(|pid| processes::read(*pid));
                let inside: u64 = inside.map(|process| process.ticks).sum();
                roots.extend(&firsts);
                let family = processes::descendants(&roots);
                inside + family.iter().map(|process| process.ticks).sum::<u64>()
            })
        });
        lost.then_some(Ending::Stall)
    }

    /// Tells the journal of a provider under pressure, if it is time to. A disk that is too full for that makes it wait.
    fn tell_pressure(&mut self, now: Instant) {
        let Some(gauge) = &mut self.gauge else { return };
        if let Some(count) = gauge.due(now)
            && let Err(error) = self.journal.remark(&pressed(&self.step.phase, count))
        {
            tracing::warn!(%error, "the provider's pressure is told later");
            gauge.take_back(count);
        }
    }

    fn ask_to_end(&self) {
        let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(self.main), Signal::SIGTERM);
        for process in processes::descendants(&[processes::me()]) {
            processes::send(process.pid, Signal::SIGTERM);
            // Who is stopped could not hear it.
            processes::send(process.pid, Signal::SIGCONT);
        }
    }

    /// Takes in what has been printed, `most` bytes at most.
    fn read(&mut self, most: usize) {
        self.buffer.resize(PIECE, 0);
        let mut taken = 0;
        while let Some(pipe) = self.pipe.as_mut().filter(|_| taken < most) {
            match pipe.read(&mut self.buffer) {
                Ok(0) => self.pipe = None,
                Ok(n) => {
                    taken += n;
                    if let Some(pulse) = &mut self.pulse {
                        pulse.output(clock::tick());
                    }
                    if let Some(gauge) = &mut self.gauge {
                        gauge.read(&self.buffer[..n]);
                    }
                    if self.fault.is_none()
                        && let Err(error) = self.log.write(&self.buffer[..n])
                    {
                        self.fault = Some(error);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => {
                    self.fault = Some(error);
                    self.pipe = None;
                }
            }
        }
    }

    /// Ends whatever is left of the step, keeps the rest of its output, and says how it ended.
    fn end(mut self) -> (Ending, bool) {
        let main = self.main;
        let exit = &mut self.exit;
        let attempt = self.context.capsule.attempt;
        let left = processes::end_descendants(|pid, how| {
            if pid == main {
                *exit = Some(how);
            }
        })
        .and_then(|()| {
            // No descendant is left; but a server of the host may have started a process on the step's behalf.
            // A short step is not worth a look at the whole table.
            let short = self.started.elapsed() < SHORT;
            let window = if short { self.window } else { Window::default() };
            let hunt = Hunt {
                attempt,
                out: &self.context.capsule.out(),
                window,
                traces: Some(self.context.recorder.traces()),
                patience: PATIENCE,
            };
            hunt.end()
        });
        self.read(DRAIN);
        if let Some(count) = self.gauge.take().and_then(Gauge::finish)
            && let Err(error) = self.journal.remark(&pressed(&self.step.phase, count))
        {
            tracing::warn!(%error, "the provider's last pressure is not told");
        }
        let left = left.and_then(|()| {
            let spec = &self.context.spec;
            if spec.containers {
                containers::sweep_after(&self.context.capsule, spec, self.step)
            } else {
                Ok(())
            }
        });
        // Last, since what has filled the disk may be gone by now.
        if let Err(error) = self.log.finish() {
            self.fault.get_or_insert(error);
        }
        let finished =
            self.stop.is_none() && self.fault.is_none() && matches!(self.exit, Some(Exit::Code(0)));
        let ending = match (self.stop, self.fault, left, self.exit) {
            (_, Some(error), _, _) => Ending::HostFault(format!("cannot keep its output: {error}")),
            (_, None, Err(why), _) => Ending::HostFault(why),
            (Some(stop), None, Ok(()), _) => stop.ending,
            (None, None, Ok(()), Some(Exit::Code(code))) => Ending::Exit(code),
            (None, None, Ok(()), Some(Exit::Signal(signal))) => Ending::Signal(signal),
            // Killed by a signal that has no name here.
            (None, None, Ok(()), None) => Ending::Signal(0),
        };
        (ending, finished)
    }
}
