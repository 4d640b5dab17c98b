//! A small fleet: hosts that are up, jobs of one set, and what happens to them.

use std::sync::Arc;

use crate::domain::attempt::AttemptState;
use crate::domain::conclusion::Conclusion;
use crate::domain::fault::{Again, Class, FaultName};
use crate::domain::host::{HostConfig, Outlook, Reach};
use crate::domain::journal::{Ending, Entry, Line, Outcome, VERSION};
use crate::domain::verdict::{self, Decision, Verdict};
use crate::domain::{AttemptId, Epoch, Event, Fault, HostName, Job, JobId, Place, SetName, Span, Timestamp};
use crate::plan::{HostMessage, Plan, Policy, plan};
use crate::schedule::Fleet;
use crate::schedule::fleet::ImageNeed;

pub(super) struct Scene {
    pub(super) fleet: Fleet,
    pub(super) policy: Policy,
    pub(super) now: Timestamp,
    /// By so much the hosts' clocks are ahead of ours.
    pub(super) ahead: Span,
    set: SetName,
    jobs: u64,
}

pub(super) fn host(name: &str) -> HostName {
    name.parse().unwrap()
}

fn config(name: HostName) -> HostConfig {
    HostConfig {
        name,
        reach: Reach::Local,
        slots: 1,
        arch: "x86_64".to_owned(),
        tags: Vec::new(),
        root: "~/.fleet".to_owned(),
        harness: None,
    }
}

impl Scene {
    /// Hosts with one slot each, all reached.
    pub(super) fn hosts(names: &[&str]) -> Scene {
        Scene::slots(names, 1)
    }

    /// Hosts with so many slots each, all reached.
    pub(super) fn slots(names: &[&str], slots: u32) -> Scene {
        let config = |name: &&str| HostConfig {
            slots,
            ..config(host(name))
        };
        let configs: Vec<HostConfig> = names.iter().map(config).collect();
        let set: SetName = "set".parse().unwrap();
        let mut fleet = Fleet::new(Epoch(2), &configs);
        fleet.enable(&set);
        let mut scene = Scene {
            fleet,
            policy: Policy::default(),
            now: Timestamp(100_000_000),
            ahead: Span(0),
            set,
            jobs: 0,
        };
        for name in names {
            scene.fold(Event::LinkUp {
                host: host(name),
                boot: String::new(),
            });
        }
        scene
    }

    pub(super) fn fold(&mut self, event: Event) {
        self.fleet.fold(self.now, &event).unwrap();
    }

    pub(super) fn later(&mut self, seconds: u64) {
        self.now = self.now.after(Span::seconds(seconds));
    }

    /// A job that waits: for this host, or for any with `*`.
    pub(super) fn job(&mut self, place: &str, instance: &str, model: &str) -> JobId {
        self.jobs += 1;
        let (instance, model) = (instance.parse().unwrap(), model.parse().unwrap());
        let id = JobId::derive(&self.set, &instance, &model, u32::try_from(self.jobs).unwrap());
        self.fold(Event::JobAdded(Arc::new(Job {
            id,
            set: self.set.clone(),
            instance,
            model,
            run: u32::try_from(self.jobs).unwrap(),
            task: None,
            pipeline: "swe".parse().unwrap(),
            dataset: None,
            trajectory: None,
            env: Vec::new(),
            place: match place {
                "*" => Place::Any,
                name => Place::Host(host(name)),
            },
            order: self.jobs,
        })));
        id
    }

    /// A job that needs an image of so many bytes.
    pub(super) fn image(&mut self, job: JobId, source: &str, bytes: u64) {
        let need = ImageNeed {
            source: source.into(),
            bytes,
            names: vec![format!("{source}_t_latest")],
        };
        self.fleet.notes_mut().need_image(job, Arc::new(need));
    }

    /// What is decided now, and folded: until nothing more is.
    pub(super) fn decide(&mut self) -> Plan {
        let mut all = Plan::default();
        loop {
            let Plan { decisions, messages } = plan(&self.fleet, &self.policy, self.now);
            for message in &messages {
                match message {
                    HostMessage::Prefetch { host, job } => {
                        self.fleet.reserve_next(host, *job);
                    }
                    HostMessage::Start { attempt, host, .. } => {
                        self.fleet.notes_mut().mark_sent(host, *attempt);
                    }
                    _ => {}
                }
            }
            for mut event in decisions.iter().cloned() {
                // By the coordinator before this one: hosts may be found to remember it.
                if let Event::Intended { epoch, .. } = &mut event {
                    *epoch = Epoch(1);
                }
                self.fold(event);
            }
            let decided = !decisions.is_empty();
            all.decisions.extend(decisions);
            all.messages.extend(messages);
            if !decided {
                return all;
            }
        }
    }

    /// Which jobs were placed where, in order.
    pub(super) fn placed(&mut self) -> Vec<(String, JobId)> {
        let decisions = self.decide().decisions;
        let placed = decisions.into_iter().filter_map(|event| match event {
            Event::Intended { attempt, host, .. } => Some((host.to_string(), attempt.job)),
            _ => None,
        });
        placed.collect()
    }

    fn live(&self, job: JobId) -> AttemptId {
        let n = self.fleet.job(job).unwrap().live().unwrap().n;
        AttemptId { job, n }
    }

    fn line(&mut self, attempt: AttemptId, entry: Entry) {
        let to = self.fleet.attempt(attempt).unwrap().offset + 1;
        let at = self.now.after(self.ahead);
        let line = Line { at, entry };
        self.fold(Event::Journaled { attempt, to, line });
    }

    /// The host has begun.
    pub(super) fn begin(&mut self, job: JobId, phase: &str) {
        let attempt = self.live(job);
        let on = self.fleet.attempt(attempt).unwrap().host.clone();
        if self.fleet.attempt(attempt).unwrap().state == AttemptState::Intended {
            let entry = Entry::Opened {
                version: VERSION,
                attempt,
                epoch: Epoch(1),
                host: on,
                boot: String::new(),
                machine: None,
            };
            self.line(attempt, entry);
        }
        let phase = phase.parse().unwrap();
        self.line(attempt, Entry::PhaseStarted { phase });
    }

    fn ended(&mut self, job: JobId, seconds: u64, conclusion: Conclusion) {
        let attempt = self.live(job);
        let well = conclusion.fault.is_none();
        let phase = || "trajectory".parse().unwrap();
        let ending = Ending::Exit(i32::from(!well));
        let entry = Entry::PhaseEnded {
            phase: phase(),
            ending: ending.clone(),
            took: Span::seconds(seconds),
            output: 0,
            excerpt: None,
            conclusion: Some(Box::new(conclusion)),
        };
        self.line(attempt, entry);
        let outcome = if well {
            Outcome::Succeeded
        } else {
            Outcome::Failed {
                phase: phase(),
                ending,
            }
        };
        self.line(attempt, Entry::Ended { outcome, seal: None });
    }

    /// A program of it fails, and no fault explains it.
    pub(super) fn exits_badly(&mut self, job: JobId) {
        self.begin(job, "trajectory");
        let attempt = self.live(job);
        let phase = || "trajectory".parse().unwrap();
        let ending = Ending::Exit(1);
        let entry = Entry::PhaseEnded {
            phase: phase(),
            ending: ending.clone(),
            took: Span(1),
            output: 0,
            excerpt: None,
            conclusion: None,
        };
        self.line(attempt, entry);
        let outcome = Outcome::Failed {
            phase: phase(),
            ending,
        };
        self.line(attempt, Entry::Ended { outcome, seal: None });
    }

    /// A new coordinator loads what is stored.
    pub(super) fn reload(&mut self) {
        let hosts: Vec<HostConfig> = self.fleet.hosts().map(|(name, _)| config(name.clone())).collect();
        let mut fleet = Fleet::from_facts(Epoch(2), &hosts, self.fleet.facts().clone());
        fleet.enable(&self.set);
        self.fleet = fleet;
        for host in hosts {
            self.fold(Event::LinkUp {
                host: host.name,
                boot: String::new(),
            });
        }
    }

    /// It runs and ends well, after so many seconds.
    pub(super) fn succeed(&mut self, job: JobId, seconds: u64) {
        self.begin(job, "trajectory");
        let keeps = true;
        self.ended(
            job,
            seconds,
            Conclusion {
                keeps,
                ..Conclusion::default()
            },
        );
    }

    /// It runs to its end, and the evidence says this.
    pub(super) fn judge(&mut self, job: JobId, decision: Decision) {
        self.begin(job, "trajectory");
        let verdict = Verdict {
            decision,
            outcome: verdict::Outcome::Completed,
            why: None,
            fault: None,
            fail_to_pass: (0, 1),
            pass_to_pass: (0, 0),
            key: None,
            shown: None,
        };
        let verdict = Some(verdict);
        self.ended(
            job,
            1,
            Conclusion {
                verdict,
                ..Conclusion::default()
            },
        );
    }

    /// It runs and fails.
    pub(super) fn fail(&mut self, job: JobId, class: Class, name: &str, again: Again) {
        self.begin(job, "trajectory");
        let fault = Fault {
            class,
            ..Fault::new(FaultName::find(name).unwrap(), again, "what happened")
        };
        self.ended(
            job,
            1,
            Conclusion {
                fault: Some(fault),
                ..Conclusion::default()
            },
        );
    }

    pub(super) fn cut(&mut self, name: &str) {
        self.fold(Event::LinkDown {
            host: host(name),
            reason: "cut".to_owned(),
            outlook: Outlook::Transient,
        });
    }
}
