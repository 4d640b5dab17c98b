//! Tests of the groups: blame apart, the way out with the right names, and what a model did apart from all.

use std::sync::Arc;

use crate::domain::conclusion::Conclusion;
use crate::domain::fault::{Again, Class, FaultName};
use crate::domain::hold::Kind;
use crate::domain::journal::{Ending, Entry, Line, Outcome};
use crate::domain::verdict::{Decision, Outcome as Evaluated};
use crate::domain::{AttemptId, Epoch, Event, Fault, Job, JobId, Place, Span, Timestamp, Verdict};
use crate::schedule::Fleet;
use crate::schedule::fleet::JobEntry;

use super::*;
use crate::report::failed_of;

const NOW: Timestamp = Timestamp(1_769_159_700_000);

/// A fleet in which jobs have one attempt after the other.
#[derive(Default)]
struct Told(Fleet);

impl Told {
    fn fold(&mut self, event: &Event) {
        self.0.fold(NOW, event).unwrap();
    }

    fn job(&mut self, instance: &str, model: &str) -> JobId {
        let (set, instance, model) = (
            "phase8".parse().unwrap(),
            instance.parse().unwrap(),
            model.parse().unwrap(),
        );
        let id = JobId::derive(&set, &instance, &model, 1);
        let order = self.0.jobs().count() as u64;
        self.fold(&Event::JobAdded(Arc::new(Job {
            id,
            set,
            instance,
            model,
            run: 1,
            task: None,
            pipeline: "swe".parse().unwrap(),
            dataset: None,
            trajectory: None,
            env: Vec::new(),
            place: Place::Any,
            order,
        })));
        id
    }

    /// An attempt that says this at the end of its only phase.
    fn attempt(&mut self, job: JobId, host: &str, said: Conclusion) {
        let attempt = AttemptId {
            job,
            n: self.0.job(job).unwrap().next_number(),
        };
        let (host, epoch): (HostName, Epoch) = (host.parse().unwrap(), Epoch(1));
        self.fold(&Event::Intended {
            attempt,
            host: host.clone(),
            epoch,
        });
        let phase: crate::domain::PhaseName = "trajectory".parse().unwrap();
        let ending = Ending::Exit(i32::from(said.fault.is_some()));
        let outcome = if said.fault.is_none() {
            Outcome::Succeeded
        } else {
            Outcome::Failed {
                phase: phase.clone(),
                ending: ending.clone(),
            }
        };
        let entries = [
            Entry::Opened {
                version: 1,
                attempt,
                epoch,
                host,
                boot: "b".to_owned(),
                machine: None,
            },
            Entry::PhaseEnded {
                phase,
                ending,
                took: Span::seconds(1),
                output: 0,
                excerpt: None,
                conclusion: Some(Box::new(said)),
            },
            Entry::Ended { outcome, seal: None },
        ];
        for entry in entries {
            let line = Line { at: NOW, entry };
            self.fold(&Event::Journaled { attempt, to: 0, line });
        }
    }

    fn failures(&self) -> Failures {
        failures(&self.0, &[], None, &|_: &JobEntry| None)
    }
}

fn fault(class: Class, name: &str, what: &str, again: Again) -> Conclusion {
    Conclusion {
        fault: Some(Fault {
            class,
            name: serde_json::from_value(name.into()).unwrap(),
            what: what.to_owned(),
            again,
        }),
        ..Conclusion::default()
    }
}

fn verdict(decision: Decision, outcome: Evaluated) -> Conclusion {
    Conclusion {
        verdict: Some(Verdict {
            decision,
            outcome,
            why: Some("a reason".to_owned()),
            fault: None,
            fail_to_pass: (0, 1),
            pass_to_pass: (0, 0),
            key: None,
            shown: None,
        }),
        ..Conclusion::default()
    }
}

fn story() -> Told {
    let mut told = Told::default();
    let full = |what: &str| fault(Class::Host, "no-space", what, Again::Elsewhere);
    // One host is full; one of its jobs recovers elsewhere, the other waits.
    let recovers = told.job("a", "gpt");
    told.attempt(recovers, "eval1", full("no space left on device"));
    told.attempt(
        recovers,
        "eval2",
        verdict(Decision::Resolved, Evaluated::Completed),
    );
    let waits = told.job("b", "gpt");
    told.attempt(waits, "eval1", full("no space left on device"));
    // A key that is refused, for two jobs of a model.
    for instance in ["c", "d"] {
        let job = told.job(instance, "kimi");
        let what = "401 \u{1b}[31minvalid key";
        told.attempt(
            job,
            "eval3",
            fault(Class::Provider, "model-refused", what, Again::Never),
        );
    }
    for (subject, kind) in [("host eval1", Kind::Ailing), ("model kimi", Kind::Refused)] {
        told.fold(&Event::Held {
            subject: subject.parse().unwrap(),
            kind,
            why: "as was seen".to_owned(),
            until: None,
        });
    }
    // Three results: two of them the model's own doing, and one plain.
    let gave_up = told.job("e", "gpt");
    let said = fault(Class::Model, "agent-gave-up", "maximum iteration", Again::Never);
    told.attempt(gave_up, "eval2", said);
    let nothing = told.job("f", "gpt");
    told.attempt(
        nothing,
        "eval2",
        verdict(Decision::Unresolved, Evaluated::NoPatch),
    );
    let plain = told.job("g", "gpt");
    told.attempt(
        plain,
        "eval2",
        verdict(Decision::Unresolved, Evaluated::Completed),
    );
    told
}

#[test]
fn blame_is_never_mixed_and_each_way_out_names_hosts_and_models() {
    let found = story().failures();
    let names =
        |groups: &[Group]| -> Vec<String> { groups.iter().map(|group| group.fault.to_string()).collect() };
    assert_eq!(names(&found.failures), ["model-refused", "no-space"]);
    assert_eq!(names(&found.results), ["agent-gave-up", "no-patch"]);
    let space = &found.failures[1];
    assert_eq!(
        (space.jobs, space.failed, space.open, space.recovered),
        (2, 0, 1, 1)
    );
    // Nothing is left to be retried by hand.
    assert_eq!(
        space.run,
        ["fleet images prune --host eval1", "fleet resume host eval1"]
    );
    assert_eq!(
        found.failures[0].run,
        ["fleet resume model kimi", "fleet retry --fault model-refused"]
    );
    assert!(found.results.iter().all(|group| group.run.is_empty()));
}

#[test]
fn a_job_counts_as_failed_of_the_last_thing_that_went_wrong_and_of_nothing_else() {
    let mut told = Told::default();
    let job = told.job("a", "gpt");
    let (full, down) = ("no-space", "docker-down");
    told.attempt(job, "eval1", fault(Class::Host, full, "full", Again::Elsewhere));
    told.attempt(job, "eval2", fault(Class::Host, down, "down", Again::Elsewhere));
    assert_eq!(failed_of(told.0.job(job).unwrap()), None, "it may go better yet");
    told.fold(&Event::GaveUp {
        job,
        why: "tried in vain".to_owned(),
    });
    assert_eq!(
        failed_of(told.0.job(job).unwrap()),
        Some((Class::Host, FaultName::DockerDown.into()))
    );
    let found = told.failures().failures;
    let counts: Vec<(&str, usize, usize)> = found
        .iter()
        .map(|group| (group.fault.as_str(), group.failed, group.otherwise))
        .collect();
    assert_eq!(counts, [(down, 1, 0), (full, 0, 1)]);
    let retried = |group: &Group| group.run.iter().any(|command| command.starts_with("fleet retry"));
    assert!(retried(&found[0]) && !retried(&found[1]));

    let never = told.job("b", "gpt");
    told.fold(&Event::GaveUp {
        job: never,
        why: "no host could".to_owned(),
    });
    assert_eq!(
        failed_of(told.0.job(never).unwrap()),
        Some((Class::Unknown, FaultName::GivenUp.into()))
    );
}

#[test]
fn a_verdict_that_calibration_distrusts_is_a_failure_of_the_dataset() {
    let told = story();
    let distrusted =
        |entry: &JobEntry| (entry.job.instance.as_str() == "g").then(|| "gold does not pass".to_owned());
    let found = failures(&told.0, &[], Some(Class::Dataset), &distrusted);
    assert_eq!(found.failures.len(), 1);
    assert_eq!(found.failures[0].fault, FaultName::InstanceDistrusted);
    assert_eq!(found.failures[0].failed, 1);
    assert!(found.results.is_empty(), "only the class that was asked for");
}

#[test]
fn the_text_is_blocks_that_no_stranger_can_disturb() {
    insta::assert_snapshot!(failures_text(&story().failures(), Some(70)), @r"
    provider model-refused: 2 jobs (2 without result), 2 attempts
      on      eval3 ×2
      models  kimi ×2
      says    401 \u{1b}[31minvalid key
      why     the provider refuses the key, the quota or the model's name,
              so no job of the model can work
      do      correct key, quota or name; export the key again where
              `fleet dispatch` runs
              fleet resume model kimi
              fleet retry --fault model-refused
      jobs    zqkzn8n5zmb7  phase8/c/kimi/run1
              1rg6n1bj4w2z  phase8/d/kimi/run1

    host no-space: 2 jobs (1 to be tried again, 1 recovered), 2 attempts
      on      eval1 ×2
      models  gpt ×2
      says    no space left on device
      why     the host's disk or its engine's is full
      do      free space there: `docker system df` tells what takes it
              fleet images prune --host eval1
              fleet resume host eval1
      jobs    2djv5snqvx2e  phase8/b/gpt/run1
              vy87dmjvhb1p  phase8/a/gpt/run1

    what models did: results, not failures, and never tried again
      agent-gave-up: 1 job, gpt
        says  maximum iteration
      no-patch: 1 job, gpt
        says  a reason
    ");
}

#[test]
fn whatever_the_width_only_commands_are_wider() {
    let found = story().failures();
    let whole = failures_text(&found, None);
    assert_eq!(whole, failures_text(&found, Some(500)), "80 columns are enough");
    for most in 20..=80 {
        for line in failures_text(&found, Some(most)).lines() {
            let is_command = line.trim_start().starts_with("fleet ");
            assert!(
                is_command || crate::report::text::width(line) <= most,
                "{most}: {line}"
            );
        }
    }
}

#[test]
fn nothing_is_to_be_resumed_that_is_not_held() {
    let mut told = Told::default();
    let job = told.job("a", "gpt");
    told.attempt(
        job,
        "eval1",
        fault(Class::Provider, "rate-limit", "429", Again::Later),
    );
    let found = told.failures().failures;
    assert_eq!(
        found[0].run, [""; 0],
        "its provider was only asked too often, and it is tried again"
    );
}

#[test]
fn what_a_program_says_is_never_cut() {
    let mut told = Told::default();
    let job = told.job("a", "gpt");
    let what = format!(
        "Traceback of {} and in the end: KeyError 'tides'",
        "x/".repeat(100)
    );
    told.attempt(
        job,
        "eval1",
        fault(Class::Config, "agent-settings", &what, Again::Never),
    );
    let found = told.failures();
    let piped = failures_text(&found, None);
    assert!(piped.contains(&format!("  says    {what}\n")), "{piped}");
    for most in [40, 80, 200] {
        let text = failures_text(&found, Some(most));
        let said = text
            .split("  says    ")
            .nth(1)
            .unwrap()
            .split("  jobs ")
            .next()
            .unwrap();
        let words = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(words(said), words(&what), "{text}");
    }
}

#[test]
fn a_failed_job_is_explained_with_its_attempts_its_class_and_the_way_out() {
    let mut told = Told::default();
    let job = told.job("a", "gpt");
    told.attempt(
        job,
        "eval1",
        fault(Class::Host, "docker-down", "no daemon", Again::Elsewhere),
    );
    told.attempt(
        job,
        "eval2",
        fault(Class::Image, "image-missing", "404", Again::Never),
    );
    let lines = failure_lines(&told.0, told.0.job(job).unwrap());
    let about = |about: &str| -> Vec<&str> {
        lines
            .iter()
            .filter(|(one, _)| *one == about)
            .map(|(_, text)| text.as_str())
            .collect()
    };
    assert_eq!(
        about("failed"),
        ["attempt 2 on eval2: image-missing (image): 404"]
    );
    assert_eq!(about("class"), ["image (the instance's image is at fault)"]);
    assert_eq!(about("run").last(), Some(&"fleet retry --fault image-missing"));
    assert!(!about("do").is_empty() && !about("because").is_empty());
    let fine = told.job("b", "gpt");
    told.attempt(fine, "eval1", verdict(Decision::Resolved, Evaluated::Completed));
    assert_eq!(failure_lines(&told.0, told.0.job(fine).unwrap()), []);
}
