//! Plays, checked against the promises; and the two ways in which a played host may speak.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::domain::event::Event;
use crate::domain::host::{HostConfig, Reach};
use crate::domain::journal::{Entry, Outcome};
use crate::domain::swe::Task;
use crate::domain::{AttemptId, Epoch, HostName, Job, JobId, Place, SetName, Span, Timestamp};
use crate::plan::{Heard, Policy, observe};
use crate::schedule::Fleet;
use crate::schedule::fleet::ImageNeed;

/// A few hosts; jobs of two models, most of them meant for a host, four phases each, two a picture.
fn scene(hosts: usize, jobs: usize) -> Scene {
    let set: SetName = "set".parse().unwrap();
    let configs: Vec<HostConfig> = (0..hosts)
        .map(|n| HostConfig {
            name: format!("eval{n}").parse().unwrap(),
            reach: Reach::Local,
            slots: 1 + u32::from(n % 3 == 2),
            arch: String::new(),
            tags: Vec::new(),
            root: String::new(),
            harness: None,
        })
        .collect();
    let mut fleet = Fleet::new(Epoch(1), &configs);
    let mut works = BTreeMap::new();
    let tasks = [Task::Image, Task::Trajectory, Task::Evaluation, Task::Report];
    for n in 0..jobs {
        let instance = format!("i{n}").parse().unwrap();
        let model = ["gpt", "kimi"][n % 2].parse().unwrap();
        let id = JobId::derive(&set, &instance, &model, 1);
        let place = match n % (hosts + 1) {
            any if any == hosts => Place::Any,
            host => Place::Host(configs[host].name.clone()),
        };
        let job = Arc::new(Job {
            id,
            set: set.clone(),
            instance,
            model,
            run: 1,
            task: None,
            pipeline: "swe".parse().unwrap(),
            dataset: None,
            trajectory: None,
            env: Vec::new(),
            place,
            order: n as u64,
        });
        fleet.fold(Timestamp(0), &Event::JobAdded(job)).unwrap();
        let steps = tasks.map(|task| {
            let odds = Arc::new(Odds::assumed(Span::seconds(100), 0.4));
            Step {
                phase: format!("{task:?}").to_lowercase().parse().unwrap(),
                task: Some(task),
                warm: Arc::new(Odds::assumed(Span::seconds(1), 0.4)),
                odds,
            }
        });
        let work = Work {
            steps: steps.to_vec(),
            runtime: 0,
        };
        works.insert(id, Arc::new(work));
        let image = ImageNeed {
            source: format!("s3://b/{}", n / 2).into(),
            bytes: 1_000_000_000,
            names: vec![(n / 2).to_string()],
        };
        fleet.need_image(id, Arc::new(image));
    }
    fleet.enable(&set);
    Scene {
        fleet,
        policy: Policy {
            image_phases: BTreeMap::from([("swe".parse().unwrap(), "image".parse().unwrap())]),
            ..Policy::default()
        },
        begins: Timestamp(1_000_000),
        works,
        absent: BTreeMap::new(),
        disk: None,
        paces: BTreeMap::new(),
        between: Arc::new(Odds::assumed(Span(500), 0.1)),
        changes: Vec::new(),
    }
}

fn changed(scene: &Scene, text: &str) -> Scene {
    let hosts: Vec<HostName> = scene.fleet.hosts().map(|(name, _)| name.clone()).collect();
    let models = ["gpt", "kimi"].map(|name| name.parse().unwrap());
    Scene {
        changes: Change::parse(&[text.to_owned()], &hosts, &models).unwrap(),
        ..scene.clone()
    }
}

/// What holds of every play.
fn check(scene: &Scene, played: &Played) {
    let jobs = scene.works.len();
    assert_eq!(
        played.closed.values().sum::<usize>() + played.left,
        jobs,
        "the books are closed"
    );
    assert_eq!(
        played.left > 0,
        !played.stuck.is_empty(),
        "whoever waits says for what"
    );
    let mut of_job: BTreeMap<JobId, Vec<&Turn>> = BTreeMap::new();
    for turn in &played.turns {
        assert!(played.begins <= turn.from && turn.to.is_none_or(|to| turn.from <= to && to <= played.ends));
        of_job.entry(turn.attempt.job).or_default().push(turn);
    }
    for turns in of_job.values() {
        for pair in turns.windows(2) {
            assert!(
                pair[0].to.unwrap() <= pair[1].from,
                "two attempts at a time: {pair:?}"
            );
        }
        let good = turns.iter().filter(|turn| turn.word == "succeeded").count();
        assert!(good <= 1, "done twice: {turns:?}");
    }
    for (name, host) in scene.fleet.hosts() {
        let mut moments: Vec<(Timestamp, i32)> = Vec::new();
        for turn in played.turns.iter().filter(|turn| turn.host == *name) {
            moments.push((turn.from, 1));
            moments.extend(turn.to.map(|to| (to, -1)));
        }
        moments.sort_unstable();
        let mut taken = 0;
        for (_, more) in moments {
            taken += more;
            assert!(taken <= i32::try_from(host.slots).unwrap(), "too much on {name}");
        }
    }
}

#[test]
fn without_chance_everything_takes_as_long_as_expected_and_images_come_ahead() {
    let scene = scene(1, 3);
    let played = play(&scene, None, &Faults::default());
    check(&scene, &played);
    assert_eq!(played.closed, BTreeMap::from([("succeeded", 3)]));
    // Half a second before each, and 100 seconds for each phase; but only the first waits for its picture. The second
    // finds the same one there, and the other comes while a job runs.
    assert_eq!(played.took(), Span(400_500 + 301_500 + 301_500));
    assert_eq!(played.moved(), 2_000_000_000);
    assert!(played.idle() < 1e-9);
}

#[test]
fn a_disk_that_fills_up_loses_the_images_that_nobody_needs_any_more() {
    let scene = Scene {
        disk: Some(3_000_000_000),
        ..scene(1, 10)
    };
    let played = play(&scene, None, &Faults::default());
    check(&scene, &played);
    assert_eq!(played.closed, BTreeMap::from([("succeeded", 10)]));
    let host = played.hosts.values().next().unwrap();
    assert_eq!((host.moved, host.peak), (5_000_000_000, 3_000_000_000));
    let endless = play(&Scene { disk: None, ..scene }, None, &Faults::default());
    assert_eq!(endless.hosts.values().next().unwrap().peak, 5_000_000_000);
}

/// The same with a runtime image of two gigabytes for each picture that a job has been solved in.
fn with_runtimes(hosts: usize, jobs: usize) -> Scene {
    let mut scene = scene(hosts, jobs);
    for work in scene.works.values_mut() {
        Arc::make_mut(work).runtime = 2_000_000_000;
    }
    scene
}

#[test]
fn runtime_images_count_once_a_picture_and_leave_a_disk_that_fills_up() {
    let scene = with_runtimes(1, 10);
    let played = play(&scene, None, &Faults::default());
    check(&scene, &played);
    let host = played.hosts.values().next().unwrap();
    assert_eq!((host.moved, host.peak), (5_000_000_000, 15_000_000_000));
    let small = Scene {
        disk: Some(8_000_000_000),
        ..scene
    };
    let played = play(&small, None, &Faults::default());
    check(&small, &played);
    assert_eq!(played.closed, BTreeMap::from([("succeeded", 10)]));
    let host = played.hosts.values().next().unwrap();
    assert!(host.peak <= 9_000_000_000, "{}", host.peak);
}

#[test]
fn whatever_goes_wrong_the_books_are_closed_and_nothing_is_done_twice() {
    let scene = scene(4, 30);
    let rates = [
        "host 2/h, link 5/h, lost 10%, provider 20%, image 10%, job 5%",
        "gone 1/h, lost 30%",
    ];
    let changes = [
        "eval1 dies at +10m",
        "eval2 joins at +20m, kimi refuses at +30m",
        "eval0 slows 3x at +5m, eval3 dies at +7m",
        "gpt refuses",
    ];
    for (n, (rates, change)) in rates
        .iter()
        .cycle()
        .zip(changes.iter().cycle())
        .take(64)
        .enumerate()
    {
        let scene = changed(&scene, change);
        let faults = Faults::parse(rates).unwrap();
        let played = play(&scene, Some(Dice::new(n as u64)), &faults);
        check(&scene, &played);
        assert_eq!(
            played,
            play(&scene, Some(Dice::new(n as u64)), &faults),
            "the same seed, the same play"
        );
    }
}

#[test]
fn a_host_that_dies_leaves_its_jobs_to_others_once_somebody_has_said_so() {
    let whole = scene(4, 24);
    let scene = changed(&whole, "eval0 dies at +100s");
    let played = play(&scene, None, &Faults::default());
    check(&scene, &played);
    let eval0: HostName = "eval0".parse().unwrap();
    let there: Vec<&Turn> = played.turns.iter().filter(|turn| turn.host == eval0).collect();
    assert_eq!(there.len(), 1);
    assert_eq!(there[0].word, "lost");
    // Ten minutes after it was last reached.
    assert_eq!(there[0].to, Some(scene.begins.after(Span::seconds(100 + 600))));
}

#[test]
fn a_host_that_is_dead_from_the_beginning_is_given_nothing_and_nobody_waits_for_it() {
    let whole = scene(4, 24);
    let eval0: HostName = "eval0".parse().unwrap();
    let without = Scene {
        absent: BTreeMap::from([(eval0.clone(), "it is away".to_owned())]),
        ..whole.clone()
    };
    let scene = changed(&whole, "eval0 dies at +0s");
    let played = play(&scene, None, &Faults::default());
    check(&scene, &played);
    assert_eq!(played.hosts[&eval0].turns, 0);
    assert_eq!(played.took(), play(&without, None, &Faults::default()).took());
}

#[test]
fn a_host_that_speaks_in_lines_says_what_one_says_that_speaks_in_text() {
    let scene = scene(1, 1);
    let name: HostName = "eval0".parse().unwrap();
    let id = AttemptId {
        job: *scene.works.keys().next().unwrap(),
        n: 1,
    };
    let tell = |speech| {
        let mut fleet = scene.fleet.clone();
        let now = Timestamp(5);
        let intended = Event::Intended {
            attempt: id,
            host: name.clone(),
            epoch: Epoch(1),
        };
        fleet.fold(now, &intended).unwrap();
        let mut host = Host::new(name.clone(), 1, speech);
        host.start(now, id, Epoch(1), Epoch(1));
        let phase = || "image".parse().unwrap();
        host.write(now, id, Entry::PhaseStarted { phase: phase() });
        let mut events = Vec::new();
        let mut hear = |fleet: &mut Fleet, heard: Option<Heard>| {
            // Said twice, it is understood once.
            for heard in [&heard, &heard].into_iter().flatten() {
                let observed = observe(fleet, &name, heard);
                assert!(
                    observed.puzzles.is_empty() && observed.gaps.is_empty(),
                    "{observed:?}"
                );
                for event in observed.events {
                    fleet.fold(now, &event).unwrap();
                    if let Event::Journaled { line, .. } = event {
                        events.push(line);
                    }
                }
            }
        };
        hear(&mut fleet, host.tell(id));
        host.kill(id);
        host.bury(now);
        hear(&mut fleet, host.tell(id));
        assert_eq!(host.tell(id), None);
        let state = fleet.attempt(id).unwrap().state.clone();
        (events, state)
    };
    let (events, state) = tell(Speech::Text);
    assert_eq!(events.len(), 3);
    assert!(matches!(
        events[2].entry,
        Entry::Ended {
            outcome: Outcome::Lost { .. },
            ..
        }
    ));
    assert_eq!((events, state), tell(Speech::Lines));
}

#[test]
fn what_has_taken_long_already_is_expected_to_take_longer_still() {
    let seconds = [60, 100, 200, 1000].map(Span::seconds);
    let odds = Odds::measured(seconds.to_vec()).unwrap();
    assert_eq!(odds.expected(), Span::seconds(200));
    assert_eq!(odds.expected_beyond(Span::seconds(150)), Span::seconds(1000));
    assert!(odds.expected_beyond(Span::seconds(5000)) > Span::seconds(5000));
    let mut dice = Dice::new(3);
    for elapsed in [0, 90, 900, 5000].map(Span::seconds) {
        for _ in 0..100 {
            assert!(odds.thrown_beyond(elapsed, &mut dice) > elapsed);
        }
    }
}
