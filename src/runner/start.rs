//! Starting an attempt: from a coordinator's request to a supervisor that needs no other process.
//!
//! Invariant: the slot is held before the capsule exists, and the capsule is durable before anything of
//! the attempt runs. Whatever fails on the way is taken back, and nothing has run.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::capsule::Capsule;
use super::error::{Doing as _, RunnerError};
use super::handover;
use super::inputs;
use super::logind;
use super::root::{Lock, Root};
use super::signals;
use super::slot::{self, Slot};
use super::{authority, boot, disk};
use crate::domain::event::Refusal;
use crate::domain::journal::{Entry, Line, VERSION};
use crate::domain::wire::{Answer, Holder, Start};
use crate::domain::{AttemptId, Secrets, Sha256, layout};
use crate::doors::{clock, env, spawn};

/// For a supervisor that has said its last word to be gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is needed beside the request.
#[derive(Debug)]
pub(super) struct Launch<'a> {
    /// The root.
    pub(super) root: &'a Root,
    /// The life of the machine.
    pub(super) boot: &'a str,
    /// This program.
    pub(super) program: &'a Path,
}

impl Launch<'_> {
    /// Starts the attempt; the pid of its supervisor, or none if it was started before. Otherwise the answer says why not.
    pub(super) fn start(&self, start: &Start) -> Result<Option<i32>, Answer> {
        self.try_start(start)
            .unwrap_or_else(|error| Err(Answer::Refused(Refusal::HostFault(error.to_string()))))
    }

    fn try_start(&self, start: &Start) -> Result<Result<Option<i32>, Answer>, RunnerError> {
        let attempt = start.spec.id();
        disk::must_be_own(self.root.path())?;
        let gate = self.root.gate()?;
        if let Err(refusal) = authority::admit(self.root, &gate, &start.authority)? {
            return Ok(Err(Answer::Refused(refusal)));
        }
        if Capsule::of(self.root, attempt).exists() || self.is_alive(&gate, attempt)? {
            return Ok(Ok(None));
        }
        let slot = match self.slot(&gate, start)? {
            Ok(slot) => slot,
            Err(refusal) => return Ok(Err(Answer::Refused(refusal))),
        };
        let texts = match self.texts(start) {
            Ok(texts) => texts,
            Err(lacking) => return Ok(Err(Answer::Lacks(lacking))),
        };
        slot.name(&Holder {
            attempt,
            pid: None,
            started: None,
            host: start.spec.host.clone(),
        })?;
        let opened = Line {
            at: clock::now(),
            entry: Entry::Opened {
                version: VERSION,
                attempt,
                epoch: start.authority.epoch,
                host: start.spec.host.clone(),
                boot: self.boot.to_owned(),
                machine: boot::machine()?,
            },
        };
        let inputs: Vec<_> = texts.iter().map(|(name, text)| (*name, text.as_ref())).collect();
        let capsule = Capsule::create(self.root, &start.spec, &inputs, &opened)?;
        let launched = self.launch(&capsule, &slot, &start.secrets);
        if launched.is_err() {
            capsule.remove();
        }
        launched.map(|pid| Ok(Some(pid)))
    }

    /// Does its supervisor hold a slot, whatever became of its capsule?
    fn is_alive(&self, gate: &Lock, attempt: AttemptId) -> Result<bool, RunnerError> {
        let held = slot::survey(self.root, gate)?;
        Ok(held.into_iter().flatten().any(|holder| holder.attempt == attempt))
    }

    /// The texts that the capsule gets, from the start itself or sent ahead. Or the digest of one that is not here.
    fn texts<'a>(&self, start: &'a Start) -> Result<Vec<(&'static str, Cow<'a, str>)>, Sha256> {
        let all = [
            (layout::DATASET, &start.dataset, start.sent.dataset),
            (layout::TRAJECTORY, &start.trajectory, start.sent.trajectory),
        ];
        let mut texts = Vec::new();
        for (name, text, sent) in all {
            if let Some(text) = text {
                texts.push((name, Cow::Borrowed(text.as_str())));
            } else if let Some(sha256) = sent {
                texts.push((name, inputs::get(self.root, sha256).ok_or(sha256)?.into()));
            }
        }
        Ok(texts)
    }

    /// A free slot, unless another attempt of the job lives. Who has ended is about to let go.
    fn slot(&self, gate: &Lock, start: &Start) -> Result<Result<Slot, Refusal>, RunnerError> {
        let job = start.spec.job.id;
        let since = clock::tick();
        loop {
            let held = slot::survey(self.root, gate)?;
            let mut ending = false;
            let mut live: Vec<AttemptId> = Vec::new();
            for holder in held.into_iter().flatten() {
                // A holder without a capsule is a runner that died on the way; its slot is free soon.
                match Capsule::of(self.root, holder.attempt).outcome() {
                    Ok(Some(_)) => ending = true,
                    Ok(None) | Err(_) => live.push(holder.attempt),
                }
            }
            if let Some(other) = live.iter().find(|other| other.job == job) {
                return Ok(Err(Refusal::JobAlive(other.n)));
            }
            if let Some(slot) = Slot::take(self.root, gate, start.slots)? {
                return Ok(Ok(slot));
            }
            if !ending || since.elapsed() > PATIENCE {
                let names: Vec<String> = live.iter().map(ToString::to_string).collect();
                return Ok(Err(Refusal::SlotsTaken(names.join(", "))));
            }
            std::thread::sleep(Duration::from_micros(100));
        }
    }

    /// The slot goes over as stdin: the lock is never free on the way.
    fn launch(&self, capsule: &Capsule, slot: &Slot, secrets: &Secrets) -> Result<i32, RunnerError> {
        let path = capsule.path.join("supervisor.log");
        let log = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .doing(|| format!("open {}", path.display()))?;
        let root = self.root.path().to_str().ok_or_else(|| RunnerError::Damaged {
            path: self.root.path().to_owned(),
            why: "its name is not UTF-8".to_owned(),
        })?;
        let argv = ["fleet", "runner", "supervise", "--root", root].map(str::to_owned);
        let argv = [&argv[..], &["--secrets".to_owned(), capsule.attempt.to_string()]].concat();
        let mut env: BTreeMap<OsString, OsString> = env::all().into_iter().collect();
        let handed = handover::pipe(secrets).doing(|| "hand the secrets over")?;
        let (program, argv) = self.scoped(argv, &mut env);
        let child = spawn::Child {
            program: &program,
            argv: &argv,
            env: &env,
            stdin: slot.file().as_fd(),
            stdout: log.as_fd(),
            stderr: log.as_fd(),
            extra: Some(handed.as_fd()),
            session: true,
            blocked: signals::heard(),
        };
        child.start().doing(|| "start a supervisor")
    }
    /// The same in a scope of its own, where the host would end it with the session that started it. The scope's process
    /// becomes the supervisor, with all that it was born with.
    fn scoped(&self, argv: Vec<String>, env: &mut BTreeMap<OsString, OsString>) -> (PathBuf, Vec<String>) {
        let Some((mut words, (name, value))) = logind::scope() else {
            return (self.program.to_owned(), argv);
        };
        // Not `/proc/self/exe`: that would be another program by then.
        let Some(program) = spawn::myself().ok().filter(|file| file.is_file()) else {
            return (self.program.to_owned(), argv);
        };
        env.insert(name.into(), value.into());
        let launcher = PathBuf::from(&words[0]);
        words.push(program.display().to_string());
        words.extend(argv.into_iter().skip(1));
        (launcher, words)
    }
}
