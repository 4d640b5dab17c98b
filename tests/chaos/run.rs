//! One run: faults at random moments while jobs go on, then peace, then the judgement.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fleet::rehearse::Dice;
use nix::sys::signal::Signal;

use super::desk::Desk;
use super::faults::{FAULTS, Fault, Undo};
use super::judge::{Case, Deed};
use super::lab::{Lab, State, Supervisor, now};
use super::options::Options;
use super::{liar, work};

/// Between two looks.
const TICK: Duration = Duration::from_millis(100);
/// In peace, something must happen within this time.
const PEACE: Duration = Duration::from_secs(150);

/// Everything that a run knows.
pub(crate) struct Run {
    pub(crate) options: Options,
    pub(crate) lab: Lab,
    pub(crate) desk: Desk,
    pub(crate) dice: Dice,
    pub(crate) case: Case,
    /// Attempts whose capsules were deleted.
    pub(crate) erased: BTreeSet<String>,
    /// When the database was last copied.
    pub(crate) copied: Option<Instant>,
    /// When the next coordinator is due.
    pub(crate) start: Instant,
    /// How often each kind of fault was done.
    pub(crate) done: BTreeMap<&'static str, usize>,
    pub(crate) began: Instant,
    pending: Vec<(Instant, Undo)>,
    table: Vec<&'static Fault>,
    log: File,
    /// A signal has asked this program to stop.
    heard: Arc<AtomicBool>,
    /// The last minute whose line has been printed.
    told: u64,
    /// A fault that must not be left half done is being done.
    halfway: bool,
}

impl Run {
    /// Hosts like new, and nothing done yet.
    pub(crate) fn new(options: Options, heard: Arc<AtomicBool>) -> io::Result<Run> {
        let lab = Lab::claim(options.hosts)?;
        liar::prepare(&lab, lab.hosts.len() - 1)?;
        let desk = Desk::new(options.fleet.clone(), lab.ssh_config(), &lab.hosts)?;
        let log = File::create(desk.dir.join("chaos.log"))?;
        let table = FAULTS.iter().filter(|fault| options.wants(fault.name)).collect();
        let slots = lab
            .hosts
            .iter()
            .map(|host| (host.name.to_owned(), host.slots))
            .collect();
        Ok(Run {
            dice: Dice::new(options.seed),
            case: Case {
                slots,
                ..Case::default()
            },
            options,
            lab,
            desk,
            erased: BTreeSet::new(),
            copied: None,
            done: BTreeMap::new(),
            began: Instant::now(),
            start: Instant::now(),
            pending: Vec::new(),
            table,
            log,
            heard,
            told: 0,
            halfway: false,
        })
    }

    /// Trouble, as long as was asked for.
    pub(crate) fn trouble(&mut self) -> io::Result<()> {
        self.began = Instant::now();
        let mut next = self.began + self.soon(4000);
        let mut look = self.began;
        let mut step = 0;
        self.add_set()?;
        while self.began.elapsed() < self.options.length {
            self.undo(false)?;
            if let Some(code) = self.desk.tend()? {
                self.note("ended", &code)?;
                self.start = Instant::now() + self.pause();
            }
            if Instant::now() >= self.start {
                self.desk.coordinate()?;
            }
            if Instant::now() >= look {
                self.feed()?;
                look = Instant::now() + Duration::from_secs(3);
            }
            if Instant::now() >= next {
                // Each step throws dice of its own: however a step went, the next one wants the same again.
                step += 1;
                self.dice = self.dice_for(step);
                self.fault()?;
                // Some come together.
                let span = if self.dice.one_in(4) {
                    200
                } else {
                    self.options.pace * 2
                };
                next = Instant::now() + self.soon(span);
            }
            self.rest(TICK)?;
        }
        Ok(())
    }

    /// Waits a little; an error if a signal has asked this program to stop.
    fn rest(&self, span: Duration) -> io::Result<()> {
        std::thread::sleep(span);
        if self.heard.load(Ordering::Relaxed) {
            return Err(io::Error::other("interrupted"));
        }
        Ok(())
    }

    fn dice_for(&self, step: u64) -> Dice {
        Dice::new(self.options.seed.wrapping_mul(1_000_003).wrapping_add(step))
    }

    /// Between two coordinators.
    pub(crate) fn pause(&mut self) -> Duration {
        Duration::from_millis(self.dice.below(1500) as u64)
    }

    /// More jobs, once few are left. A coordinator that is at work does not know of them yet.
    fn feed(&mut self) -> io::Result<()> {
        if self.desk.stopped {
            return Ok(());
        }
        let Some(status) = self.desk.status()? else {
            return Ok(());
        };
        let count = |account: &str| status["total"][account].as_u64().unwrap_or(0);
        let (open, jobs) = (count("waiting") + count("running"), count("jobs"));
        let (at, faults) = (self.began.elapsed().as_secs(), self.done.values().sum::<usize>());
        self.note("books", &format!("{jobs} jobs, {open} of them open"))?;
        if at / 60 > self.told {
            self.told = at / 60;
            eprintln!("chaos: {at} s, {jobs} jobs, {open} of them open, {faults} faults");
        }
        if jobs >= self.desk.jobs.len() as u64 && open < 3 * self.lab.hosts.len() as u64 {
            self.add_set()?;
            self.desk.signal(Signal::SIGINT);
        }
        Ok(())
    }

    fn add_set(&mut self) -> io::Result<()> {
        let hosts: Vec<&str> = self.lab.hosts.iter().map(|host| host.name).collect();
        let mut dice = self.dice_for(u64::MAX - self.desk.sets() as u64);
        let jobs = work::set(&mut dice, &hosts, self.options.ghosts);
        self.desk.add_set(&jobs)?;
        self.note("set", &format!("{} of {} jobs", self.desk.sets(), jobs.len()))
    }

    /// One fault of the table.
    fn fault(&mut self) -> io::Result<()> {
        let all: usize = self.table.iter().map(|fault| fault.weight).sum();
        let mut at = self.dice.below(all);
        let Some(fault) = self.table.iter().copied().find(|fault| {
            let here = at < fault.weight;
            at = at.saturating_sub(fault.weight);
            here
        }) else {
            return Ok(());
        };
        match (fault.act)(self) {
            Ok(Some(what)) => {
                *self.done.entry(fault.name).or_default() += 1;
                self.note(fault.name, &what)
            }
            // Another one instead would make those frequent that can always be done.
            Ok(None) => self.note("nothing to do", fault.name),
            Err(error) if self.halfway => Err(error),
            // The lab could not do it, or what it was to be done to went away meanwhile.
            Err(error) => self.note("not done", &format!("{}: {error}", fault.name)),
        }
    }

    /// Undoes what is due, or all. Hosts come up first; what needs a host waits for it.
    fn undo(&mut self, all: bool) -> io::Result<()> {
        let now = Instant::now();
        let (mut due, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|(at, _)| all || *at <= now);
        self.pending = rest;
        due.sort_by_key(|(_, undo)| undo.needs().is_some());
        for (at, undo) in due {
            if undo
                .needs()
                .is_some_and(|host| self.lab.hosts[host].state == State::Down)
            {
                self.pending.push((at, undo));
                continue;
            }
            let what = format!("{undo:?}");
            match undo.act(self) {
                Ok(()) => self.note("undone", &what)?,
                Err(error) => {
                    self.note("not undone", &format!("{what}: {error}"))?;
                    self.pending.push((now + Duration::from_secs(1), undo));
                }
            }
        }
        Ok(())
    }

    /// Undoes all, whatever it takes.
    fn undo_all(&mut self) -> io::Result<()> {
        for _ in 0..20 {
            self.undo(true)?;
            if self.pending.is_empty() {
                return Ok(());
            }
            self.rest(Duration::from_secs(1))?;
        }
        Err(io::Error::other(format!("cannot undo {:?}", self.pending)))
    }

    /// The database is lost, or replaced by an older one. As the manual says: adopt first, and go on once every host
    /// has told what it remembers.
    pub(crate) fn without_database(&mut self, copy: Option<&Path>) -> io::Result<()> {
        self.halfway = true;
        self.desk.kill()?;
        self.undo_all()?;
        self.desk.clear()?;
        self.case.losses.push(now());
        let state = self.desk.state();
        match copy {
            Some(copy) => super::desk::copy(copy, &state)?,
            None => fs::remove_dir_all(&state).or_else(|error| match error.kind() {
                io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })?,
        }
        let late = self.dice.one_in(2).then(|| self.any_host());
        let late = late.filter(|at| self.lab.set(*at, State::Frozen).is_ok());
        let (code, _) = self.desk.run(&["adopt"], PEACE)?;
        if let Some(at) = late {
            if code == "0" {
                let host = self.lab.hosts[at].name;
                self.desk
                    .fault(format!("adopt was content although {host} did not answer"));
            }
            self.lab.set(at, State::Up)?;
        }
        self.adopt()?;
        self.halfway = false;
        Ok(())
    }

    fn adopt(&mut self) -> io::Result<()> {
        for _ in 0..10 {
            let (code, _) = self.desk.run(&["adopt"], PEACE)?;
            self.note("adopt", &code)?;
            if code == "0" {
                // What was paused in a database that was put back would be so for ever.
                self.desk.run(&["resume", "--all"], PEACE)?;
                return Ok(());
            }
            self.rest(Duration::from_secs(1))?;
        }
        self.desk
            .fault("adopt does not succeed although every host is well".to_owned());
        Ok(())
    }

    /// All is well again; the same command goes on until every job is closed, and the results come home.
    pub(crate) fn peace(&mut self) -> io::Result<()> {
        self.undo_all()?;
        self.note("peace", "")?;
        if self.desk.stopped {
            self.desk.signal(Signal::SIGCONT);
        }
        self.desk.kill()?;
        self.desk.clear()?;
        self.desk.run(&["resume", "--all"], PEACE)?;
        let mut open = u64::MAX;
        let mut since = Instant::now();
        let (mut adopted, mut ends) = (0, 0);
        // Who ends at once, again and again, will go on to do so.
        while since.elapsed() < PEACE && ends < 8 {
            self.desk.coordinate()?;
            self.rest(Duration::from_millis(500))?;
            let ended = self.desk.tend()?;
            if let Some(code) = &ended {
                self.note("ended", code)?;
            }
            if let Some("0" | "4") = ended.as_deref() {
                break;
            }
            ends += usize::from(ended.is_some());
            if ended.as_deref() == Some("5") && adopted < 3 {
                adopted += 1;
                self.adopt()?;
            }
            let status = self.desk.status()?.unwrap_or_default();
            let count = |account: &str| status["total"][account].as_u64().unwrap_or(0);
            let left = count("waiting") + count("running");
            if left != open {
                ends = 0;
                open = left;
                since = Instant::now();
            }
        }
        if self.desk.kill()? {
            self.note("hangs", &format!("{open} jobs are open, and nothing happens"))?;
        }
        self.desk.clear()?;
        for _ in 0..3 {
            let (code, _) = self.desk.run(&["collect"], PEACE * 2)?;
            self.note("collect", &code)?;
            if code == "0" {
                break;
            }
        }
        Ok(())
    }

    /// Something for the log, with its time.
    pub(crate) fn note(&mut self, what: &str, more: &str) -> io::Result<()> {
        let at = now();
        let since = self.began.elapsed();
        writeln!(
            self.log,
            "{}.{:02} +{:.1}s {what} {more}",
            at / 100,
            at % 100,
            since.as_secs_f64()
        )
    }

    /// A length of time below so many milliseconds, and not too short.
    pub(crate) fn soon(&mut self, below: usize) -> Duration {
        Duration::from_millis((below / 6 + self.dice.below(below)) as u64)
    }

    /// Undoes something after a while.
    pub(crate) fn later(&mut self, span: Duration, undo: Undo) {
        self.pending.push((Instant::now() + span, undo));
    }

    /// Any of the hosts.
    pub(crate) fn any_host(&mut self) -> usize {
        self.dice.below(self.lab.hosts.len())
    }

    /// Any of the newer jobs.
    pub(crate) fn any_job(&mut self) -> Option<String> {
        let newest = format!("s{}/", self.desk.sets());
        let jobs: Vec<&String> = self
            .desk
            .jobs
            .iter()
            .filter(|job| job.starts_with(&newest))
            .collect();
        let chosen = self.dice.below(jobs.len());
        jobs.get(chosen).map(|job| (*job).clone())
    }

    /// Every supervisor that lives, and its host.
    pub(crate) fn supervisors(&self) -> Vec<(usize, Supervisor)> {
        let hosts = (0..self.lab.hosts.len()).filter(|at| self.lab.hosts[*at].state != State::Down);
        hosts
            .flat_map(|at| self.lab.supervisors(at).into_iter().map(move |one| (at, one)))
            .collect()
    }

    /// Does something live of which the database alone knows?
    pub(crate) fn forgotten(&self) -> bool {
        let mut all = self.supervisors().into_iter();
        all.any(|(_, one)| self.erased.contains(&one.attempt))
    }

    /// Remembers what was done to an attempt, or to all that live on a host.
    pub(crate) fn deed(&mut self, at: usize, attempt: Option<&str>) {
        self.case.deeds.push(Deed {
            host: self.lab.hosts[at].name.to_owned(),
            attempt: attempt.map(str::to_owned),
            from: now(),
            to: now(),
        });
    }

    /// The same of a host that is about to crash.
    pub(crate) fn deed_all(&mut self, at: usize) {
        for supervisor in self.lab.supervisors(at) {
            self.deed(at, Some(&supervisor.attempt));
        }
        self.deed(at, None);
    }

    /// For the log.
    pub(crate) fn on(&self, at: usize, what: &str) -> String {
        format!("{} {what}", self.lab.hosts[at].name)
    }

    /// Where the copy of the database is.
    pub(crate) fn copy(&self) -> PathBuf {
        self.desk.dir.join("copy")
    }

    /// Leaves the hosts as they were.
    pub(crate) fn tidy(&mut self) -> io::Result<()> {
        self.desk.kill()?;
        self.desk.clear()?;
        self.lab.reset()
    }
}
