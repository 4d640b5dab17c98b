//! What hosts remember: recorded so that the highest number decides, and used once.

use std::collections::BTreeMap;

use super::scene::{Scene, host};
use crate::domain::event::Past;
use crate::domain::hold::Subject;
use crate::domain::journal::{Ending, Entry, Line, Outcome, VERSION};
use crate::domain::wire::{Capsule, Unreadable};
use crate::domain::{AttemptId, AttemptState, Epoch, Event, HostName, JobId, Timestamp};
use crate::plan::adopt::{Memory, adopt, heard, is_puzzling, unheard};
use crate::plan::{Heard, Outlook, observe, outlook};
use crate::schedule::fleet::Closure;

fn id(job: JobId, n: u32) -> AttemptId {
    AttemptId { job, n }
}

fn failed() -> Outcome {
    Outcome::Failed {
        phase: "only".parse().unwrap(),
        ending: Ending::Exit(1),
    }
}

fn lost() -> Outcome {
    Outcome::Lost {
        proof: "rebooted".to_owned(),
    }
}

/// What hosts remember, by name: attempts, each with how it ended.
struct Memories(BTreeMap<HostName, Memory>);

impl Memories {
    fn of(hosts: &[&str]) -> Memories {
        let memory = |name: &&str| (host(name), Memory::default());
        Memories(hosts.iter().map(memory).collect())
    }

    fn with(mut self, on: &str, attempt: AttemptId, outcome: Option<Outcome>) -> Memories {
        let entries = [
            Some(Entry::Opened {
                version: VERSION,
                attempt,
                epoch: Epoch(1),
                host: host(on),
                boot: String::new(),
                machine: None,
            }),
            outcome
                .clone()
                .map(|outcome| Entry::Ended { outcome, seal: None }),
        ];
        let at = Timestamp(1);
        let lines = entries.into_iter().flatten().map(|entry| Line { at, entry });
        let text: String = lines
            .map(|line| serde_json::to_string(&line).unwrap() + "\n")
            .collect();
        let memory = self.0.get_mut(&host(on)).unwrap();
        let journal = Some(text.len() as u64);
        memory.journals.insert(attempt, (0, text));
        memory.inventory.capsules.push(Capsule {
            outcome,
            journal,
            ..claim(attempt, Epoch(1))
        });
        self
    }

    /// A host says that an attempt lives there, and has nothing of it.
    fn claiming(mut self, on: &str, attempt: AttemptId, epoch: Epoch) -> Memories {
        let memory = self.0.get_mut(&host(on)).unwrap();
        memory.inventory.capsules.push(claim(attempt, epoch));
        self
    }

    /// A host has something of an attempt, and cannot read it.
    fn hiding(mut self, on: &str, attempt: AttemptId) -> Memories {
        let memory = self.0.get_mut(&host(on)).unwrap();
        memory.inventory.unreadable.push(Unreadable {
            attempt,
            why: "Input/output error".to_owned(),
            job: None,
        });
        self
    }
}

fn claim(attempt: AttemptId, epoch: Epoch) -> Capsule {
    Capsule {
        attempt,
        epoch,
        outcome: None,
        journal: None,
        job: None,
    }
}

impl Scene {
    fn adopts(&mut self, memories: &Memories) {
        let adopted = adopt(&self.fleet, self.now, &memories.0);
        assert_eq!(adopted.puzzles, Vec::<String>::new());
        adopted.events.into_iter().for_each(|event| self.fold(event));
        let again = adopt(&self.fleet, self.now, &memories.0);
        assert_eq!(again.events, [], "nothing is new the second time");
    }

    fn hears(&mut self, on: &str, memories: &Memories) {
        let there = memories.0[&host(on)].inventory.clone();
        for attempt in there.attempts() {
            self.fleet.note_number(attempt);
        }
        let observed = observe(&self.fleet, &host(on), &Heard::Inventory(there));
        observed.events.into_iter().for_each(|event| self.fold(event));
    }

    fn numbers(&self, job: JobId) -> Vec<u32> {
        let entry = self.fleet.job(job).unwrap();
        entry.attempts.iter().map(|attempt| attempt.n).collect()
    }

    fn word(&self, job: JobId) -> &'static str {
        self.fleet.job(job).unwrap().word()
    }

    /// The number of the only attempt that is placed now, and where.
    fn next(&mut self) -> Option<(String, u32)> {
        let placed = self
            .decide()
            .decisions
            .into_iter()
            .filter_map(|event| match event {
                Event::Intended { attempt, host, .. } => Some((host.to_string(), attempt.n)),
                _ => None,
            });
        let placed: Vec<_> = placed.collect();
        assert!(placed.len() < 2, "{placed:?}");
        placed.into_iter().next()
    }
}

#[test]
fn a_later_success_is_worth_more_than_an_earlier_failure_wherever_each_lies() {
    for (first, second) in [("a", "a"), ("a", "b"), ("b", "a")] {
        let mut scene = Scene::hosts(&["a", "b"]);
        let job = scene.job("*", "x", "gpt");
        let memories = Memories::of(&["a", "b"])
            .with(first, id(job, 1), Some(failed()))
            .with(second, id(job, 2), Some(Outcome::Succeeded));
        scene.adopts(&memories);
        assert_eq!((scene.word(job), scene.numbers(job)), ("succeeded", vec![1, 2]));
    }
}

#[test]
fn what_was_lost_later_undoes_no_success_and_its_number_is_used_up() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let job = scene.job("*", "x", "gpt");
    let memories = Memories::of(&["a", "b"])
        .with("a", id(job, 1), Some(Outcome::Succeeded))
        .with("b", id(job, 3), Some(lost()));
    scene.adopts(&memories);
    assert_eq!((scene.word(job), scene.numbers(job)), ("succeeded", vec![3, 1]));
    scene.fold(Event::Reopened {
        job,
        why: "again".to_owned(),
        from: Past::Nothing,
    });
    assert_eq!(scene.next().map(|(_, n)| n), Some(4));
}

#[test]
fn a_failure_that_is_followed_by_a_loss_is_still_what_the_job_failed_of() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let job = scene.job("*", "x", "gpt");
    let one = Memories::of(&["a", "b"]).with("a", id(job, 1), Some(failed()));
    scene.adopts(&one);
    let both = one.with("b", id(job, 2), Some(lost()));
    scene.adopts(&both);
    let entry = scene.fleet.job(job).unwrap();
    assert!(matches!(entry.closed, Some(Closure::Failed { .. })));
    assert_eq!(entry.decisive().unwrap().n, 1);
    assert_eq!(entry.next_number(), 3);
}

#[test]
fn a_job_that_was_only_lost_goes_on_and_a_running_one_is_followed() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let (waits, runs) = (scene.job("*", "x", "gpt"), scene.job("*", "y", "gpt"));
    let memories = Memories::of(&["a", "b"])
        .with("a", id(waits, 1), Some(lost()))
        .with("b", id(runs, 1), Some(lost()))
        .with("a", id(runs, 2), None);
    scene.adopts(&memories);
    assert_eq!((scene.word(waits), scene.word(runs)), ("waiting", "running"));
    assert_eq!(scene.fleet.job(waits).unwrap().tries(), 1);
    assert_eq!(scene.numbers(runs), [1, 2]);
    assert_eq!(scene.next(), Some(("b".to_owned(), 2)));
}

#[test]
fn a_known_live_attempt_does_not_hide_what_came_after_it() {
    let mut scene = Scene::hosts(&["a", "b"]);
    scene.policy.pinned = true;
    // The database was put back: it believes that the first attempts are about to start.
    let (begun, ended) = (scene.job("a", "x", "gpt"), scene.job("b", "y", "gpt"));
    scene.decide();
    let memories = Memories::of(&["a", "b"])
        .with("b", id(begun, 2), None)
        .with("b", id(ended, 1), Some(lost()))
        .with("a", id(ended, 2), Some(Outcome::Succeeded));
    scene.adopts(&memories);
    assert_eq!((scene.word(begun), scene.word(ended)), ("running", "succeeded"));
    let live = scene.fleet.job(begun).unwrap().live().unwrap();
    assert_eq!((live.n, live.host.as_str()), (2, "b"));
}

#[test]
fn a_job_on_a_host_that_says_nothing_stays_there() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let job = scene.job("a", "x", "gpt");
    scene.decide();
    scene.begin(job, "only");
    scene.adopts(&Memories::of(&["b"]));
    assert_eq!(scene.word(job), "running");
    // One that came after it is proof that it is over.
    let later = Memories::of(&["b"]).with("b", id(job, 2), Some(Outcome::Succeeded));
    scene.adopts(&later);
    assert_eq!(scene.word(job), "succeeded");
    assert!(matches!(
        scene.fleet.attempt(id(job, 1)).unwrap().state,
        AttemptState::Ended(Outcome::Lost { .. })
    ));
}

#[test]
fn a_number_that_led_to_nothing_here_is_known_by_what_it_led_to_elsewhere() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let job = scene.job("a", "x", "gpt");
    scene.decide();
    scene.fold(Event::Refused {
        attempt: id(job, 1),
        why: crate::domain::event::Refusal::Fenced(Epoch(9)),
    });
    let memories = Memories::of(&["a", "b"]).with("b", id(job, 1), Some(Outcome::Succeeded));
    scene.adopts(&memories);
    let entry = scene.fleet.job(job).unwrap();
    assert_eq!(entry.word(), "succeeded");
    assert_eq!(entry.decisive().unwrap().host.as_str(), "b");
}

#[test]
fn no_number_that_any_host_has_seen_is_used_again() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let job = scene.job("*", "x", "gpt");
    let memories = Memories::of(&["a", "b"]).with("a", id(job, 5), Some(lost()));
    scene.hears("a", &memories);
    // It is followed, so that its journal can tell what it has left.
    let live = scene.fleet.job(job).unwrap().live().unwrap();
    assert_eq!(live.n, 5);
    scene.fold(Event::Lost {
        attempt: id(job, 5),
        proof: "rebooted".to_owned(),
    });
    assert_eq!(scene.next().map(|(_, n)| n), Some(6));
    scene.reload();
    assert_eq!(scene.fleet.next_number(job), 7);
}

#[test]
fn a_number_that_a_host_has_only_claimed_is_not_used_either() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let job = scene.job("a", "x", "gpt");
    scene.decide();
    // While the job is under way, what another host cannot read of it is not recorded.
    scene.hears("b", &Memories::of(&["b"]).hiding("b", id(job, 2)));
    assert_eq!(scene.numbers(job), [1]);
    scene.fold(Event::Refused {
        attempt: id(job, 1),
        why: crate::domain::event::Refusal::HostFault("no room".to_owned()),
    });
    assert_eq!(scene.fleet.next_number(job), 3);
}

#[test]
fn what_waits_starts_nowhere_until_a_host_that_was_not_heard_is_heard_or_gone() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let job = scene.job("a", "x", "gpt");
    scene.cut("b");
    let held = unheard(&scene.fleet, [&host("b")]);
    for event in held {
        scene.fold(event);
    }
    assert_eq!(unheard(&scene.fleet, [&host("b")]), [], "said once");
    assert_eq!(scene.next(), None);
    let far = |scene: &Scene| outlook(&scene.fleet, &crate::plan::Errand::Sets, &scene.policy, scene.now);
    assert_eq!(far(&scene), Outlook::Working, "it may come");
    scene.later(601);
    let Outlook::Stuck(stuck) = far(&scene) else {
        panic!("there is nothing to wait for")
    };
    assert!(
        stuck
            .iter()
            .any(|one| one.subject == Subject::Memory(host("b")) && one.waiting == 1),
        "{stuck:?}"
    );
    scene.reload();
    assert_eq!(scene.next(), None, "it is stored");

    // A host with a job that is not known has more to tell than that.
    let other = Memories::of(&["b"]).with("b", "npb2wdccpkcv.1".parse().unwrap(), None);
    assert_eq!(
        heard(&scene.fleet, &host("b"), &other.0[&host("b")].inventory),
        None
    );
    let before = scene.fleet.clone();
    let words = crate::plan::host_gone(&scene.fleet, &host("b"), Some("burnt"));
    for event in words {
        scene.fold(event);
    }
    assert_eq!(scene.next(), Some(("a".to_owned(), 1)));

    // Heard, it turns out to have had the job all the time.
    scene.fleet = before;
    let memories = Memories::of(&["b"]).with("b", id(job, 1), None);
    scene.hears("b", &memories);
    assert_eq!(scene.next(), None);
    assert_eq!(scene.word(job), "running");
    assert_eq!(scene.fleet.unheard().count(), 0);
}

#[test]
fn a_number_that_was_given_once_more_belongs_to_the_host_that_has_it() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let job = scene.job("a", "x", "gpt");
    scene.decide();
    let memories = Memories::of(&["a", "b"]).with("b", id(job, 1), None);
    scene.adopts(&memories);
    let live = scene.fleet.job(job).unwrap().live().unwrap();
    assert_eq!((live.n, live.host.as_str()), (1, "b"));
}

#[test]
fn a_claim_without_a_journal_outranks_nothing_that_has_one() {
    for (claims, has) in [("a", "b"), ("b", "a")] {
        let mut scene = Scene::hosts(&["a", "b"]);
        let job = scene.job("*", "x", "gpt");
        let memories = Memories::of(&["a", "b"])
            .claiming(claims, id(job, 1), Epoch(1))
            .with(has, id(job, 1), Some(failed()));
        scene.adopts(&memories);
        assert_eq!(scene.word(job), "failed");
        assert_eq!(scene.fleet.attempt(id(job, 1)).unwrap().host, host(has));
    }
}

#[test]
fn an_attempt_that_an_older_database_was_about_to_start_hides_nothing_that_came_before() {
    let mut scene = Scene::hosts(&["a", "b"]);
    scene.policy.pinned = true;
    let (done, hidden) = (scene.job("a", "x", "gpt"), scene.job("b", "y", "gpt"));
    scene.decide();
    for job in [done, hidden] {
        assert_eq!(scene.numbers(job), [1], "about to start");
    }
    let memories = Memories::of(&["a", "b"])
        .with("b", id(done, 1), Some(Outcome::Succeeded))
        .hiding("a", id(hidden, 2));
    scene.adopts(&memories);
    assert_eq!(scene.word(done), "succeeded");
    let given = scene.fleet.attempt(id(hidden, 1)).unwrap();
    assert_eq!(given.state, AttemptState::Refused);
}

#[test]
fn a_success_on_a_host_that_is_heard_late_reopens_what_a_failure_had_closed() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let job = scene.job("*", "x", "gpt");
    scene.adopts(&Memories::of(&["a"]).with("a", id(job, 1), Some(failed())));
    assert_eq!(scene.word(job), "failed");
    let late = Memories::of(&["b"]).with("b", id(job, 2), Some(Outcome::Succeeded));
    // Who heard everybody needs no such news.
    scene.hears("b", &late);
    assert_eq!(scene.word(job), "failed");
    for event in unheard(&scene.fleet, [&host("b")]) {
        scene.fold(event);
    }
    scene.hears("b", &late);
    let live = scene.fleet.job(job).unwrap().live().unwrap();
    assert_eq!(
        (live.n, live.host.as_str()),
        (2, "b"),
        "its journal says the rest"
    );
}

#[test]
fn a_host_with_an_attempt_of_a_newer_coordinator_stays_unheard() {
    let mut scene = Scene::hosts(&["a", "b"]);
    let job = scene.job("a", "x", "gpt");
    scene.cut("b");
    for event in unheard(&scene.fleet, [&host("b")]) {
        scene.fold(event);
    }
    let there = |memories: &Memories| memories.0[&host("b")].inventory.clone();
    let newer = Memories::of(&["b"]).claiming("b", id(job, 1), Epoch(2));
    assert_eq!(heard(&scene.fleet, &host("b"), &there(&newer)), None);
    let nothing = Memories::of(&["b"]);
    assert!(heard(&scene.fleet, &host("b"), &there(&nothing)).is_some());
}

#[test]
fn a_host_that_hides_what_may_have_come_after_a_job_that_seems_to_run_elsewhere_stays_unheard() {
    // The database was put back: it believes that the first attempt runs on a host that is silent now.
    let mut scene = Scene::hosts(&["a", "b", "c"]);
    let job = scene.job("a", "x", "gpt");
    scene.decide();
    scene.begin(job, "only");
    let memories = Memories::of(&["b", "c"]).hiding("b", id(job, 2));
    scene.adopts(&memories);
    assert_eq!(scene.word(job), "running");
    assert!(is_puzzling(&scene.fleet, &memories.0[&host("b")]));
    assert!(!is_puzzling(&scene.fleet, &memories.0[&host("c")]));
    for event in unheard(&scene.fleet, [&host("a"), &host("b")]) {
        scene.fold(event);
    }
    // The silent host comes back, and its attempt is over: the later one may be running.
    let back = Memories::of(&["a"]).with("a", id(job, 1), Some(lost()));
    scene.hears("a", &back);
    scene.fold(Event::Lost {
        attempt: id(job, 1),
        proof: "rebooted".to_owned(),
    });
    scene.later(3600);
    assert_eq!(scene.next(), None);
    // Asked again, the other host tells of its attempt, and that keeps the job until more can be said of it.
    scene.hears("b", &memories);
    assert_eq!(scene.fleet.unheard().count(), 0);
    assert_eq!((scene.next(), scene.numbers(job)), (None, vec![1, 2]));
}
