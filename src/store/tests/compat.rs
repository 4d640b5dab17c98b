//! A database that an older build left is understood by this one.

use std::path::Path;

use super::super::{Command, Store};
use super::{Home, at, body, file, job, jobs, sound};
use crate::domain::conclusion::Conclusion;
use crate::domain::event::{Event, Past, Refusal, Stock};
use crate::domain::fault::{Again, Class, FaultName};
use crate::domain::hold::Kind;
use crate::domain::host::{Link, Outlook};
use crate::domain::journal::{Ending, Entry, Line, Outcome};
use crate::domain::manifest::Seal;
use crate::domain::verdict::{self, Decision, Verdict};
use crate::domain::{AttemptId, Epoch, Fault, HostName, Job, JobId, Sha256, Span};
use crate::schedule::Fleet;

fn host(n: u32) -> HostName {
    format!("eval{n}").parse().unwrap()
}

fn seal() -> Seal {
    Seal {
        sha256: Sha256::of(b"manifest"),
        files: 3,
        bytes: 1234,
    }
}

fn journal(attempt: AttemptId, to: u64, entry: Entry) -> Event {
    Event::Journaled {
        attempt,
        to,
        line: Line { at: at(10), entry },
    }
}

fn opened(attempt: AttemptId) -> Event {
    let entry = Entry::Opened {
        version: 1,
        attempt,
        epoch: Epoch(1),
        host: host(1),
        boot: "b".into(),
        machine: None,
    };
    journal(attempt, 100, entry)
}

fn ended(attempt: AttemptId, outcome: Outcome) -> Event {
    journal(
        attempt,
        300,
        Entry::Ended {
            outcome,
            seal: Some(seal()),
        },
    )
}

/// One job in each state that a job can be in, and each kind of event. Each format's sample in
/// `tests/data` was written by running this with the build that introduced the format.
async fn write_sample(store: &Store) -> Fleet {
    store
        .add_set(at(1), &file("sample", "1"), &jobs("sample", 0..9))
        .await
        .unwrap();
    assert_eq!(store.next_epoch(Epoch(0)).await.unwrap(), Epoch(1));
    let id = |n| job("sample", n).id;
    let first = |n| AttemptId { job: id(n), n: 1 };
    let intend = |attempt: AttemptId, on| Event::Intended {
        attempt,
        host: host(on),
        epoch: Epoch(1),
    };
    let phase: crate::domain::PhaseName = "trajectory".parse().unwrap();
    let mut events = vec![
        Event::LinkUp {
            host: host(1),
            boot: "b".into(),
        },
        Event::LinkDown {
            host: host(2),
            reason: "key refused".into(),
            outlook: Outlook::Permanent,
        },
        Event::HostGone {
            host: host(3),
            word: Some("terminated".into()),
        },
    ];
    events.extend((1..8).map(|n| intend(first(n), 1)));
    events.extend((2..7).map(|n| opened(first(n))));
    events.extend([
        Event::Refused {
            attempt: first(7),
            why: Refusal::SlotsTaken("7.1".into()),
        },
        journal(first(2), 200, Entry::PhaseStarted { phase: phase.clone() }),
        journal(
            first(3),
            200,
            Entry::PhaseEnded {
                phase: phase.clone(),
                ending: Ending::Exit(2),
                took: Span::seconds(9),
                output: 77,
                excerpt: Some("E: it does not work".into()),
                conclusion: None,
            },
        ),
        ended(
            first(3),
            Outcome::Failed {
                phase,
                ending: Ending::Exit(2),
            },
        ),
        ended(first(4), Outcome::Succeeded),
        Event::CancelAsked {
            job: id(5),
            hard: true,
        },
        ended(first(5), Outcome::Cancelled),
        Event::Lost {
            attempt: first(6),
            proof: "rebooted".into(),
        },
        Event::Found {
            attempt: AttemptId { job: id(6), n: 4 },
            host: host(3),
            epoch: Epoch(1),
        },
        Event::GaveUp {
            job: id(8),
            why: "no host left".into(),
        },
    ]);
    let mut fleet = store.load(Epoch(1), &[]).await.unwrap();
    store.commit(at(5), &events, &fleet).await.unwrap();
    for event in &events {
        fleet.fold(at(5), event).unwrap();
    }
    store
        .mark_collected(first(4), at(6), "results/sample", &seal())
        .await
        .unwrap();
    store
        .wish(
            at(7),
            &Command::Cancel {
                job: id(2),
                hard: false,
            },
        )
        .await
        .unwrap();
    fleet
}

async fn read_sample(store: &Store, expected: &Fleet) {
    let fleet = sound(store).await;
    assert!(fleet.same_facts(expected), "{fleet:#?}\n{expected:#?}");
    let words: Vec<_> = (0..9)
        .map(|n| fleet.job(job("sample", n).id).unwrap().word())
        .collect();
    assert_eq!(
        words,
        [
            "waiting",
            "running",
            "running",
            "failed",
            "succeeded",
            "cancelled",
            "running",
            "waiting",
            "given-up"
        ]
    );
    let links = store.links().await.unwrap();
    assert_eq!(links[&host(1)], Link::Up { since: at(5) });
    assert!(matches!(
        &links[&host(2)],
        Link::Down {
            outlook: Outlook::Permanent,
            ..
        }
    ));
    let job: JobId = job("sample", 4).id;
    assert_eq!(
        store.collected().await.unwrap()[&AttemptId { job, n: 1 }].seal,
        seal()
    );
    assert_eq!(store.wishes().await.unwrap().len(), 1);
    assert_eq!(store.sets().await.unwrap()[0].jobs, 9);
    assert_eq!(
        store.dataset(&Sha256::of(body(2).as_bytes())).await.unwrap(),
        Some(body(2))
    );
}

/// What format 2 brought: a given trajectory, a phase that is paid for, a fault, a verdict.
async fn write_native(store: &Store, fleet: &mut Fleet) {
    let jobs = jobs("native", 14..16);
    let added = store.add_set(at(8), &file("native", "2"), &jobs).await.unwrap();
    for job in added.new {
        fleet.fold(at(8), &Event::JobAdded(job)).unwrap();
    }
    let attempt = |n| AttemptId {
        job: job("native", n).id,
        n: 1,
    };
    let ended_with = |attempt, to, phase: &str, code, conclusion: Conclusion| {
        let entry = Entry::PhaseEnded {
            phase: phase.parse().unwrap(),
            ending: Ending::Exit(code),
            took: Span(1),
            output: 2,
            excerpt: None,
            conclusion: Some(Box::new(conclusion)),
        };
        journal(attempt, to, entry)
    };
    let mut events = Vec::new();
    for attempt in [attempt(14), attempt(15)] {
        let (host, epoch) = (host(1), Epoch(1));
        events.push(Event::Intended { attempt, host, epoch });
        events.push(opened(attempt));
        let keeps = Conclusion {
            keeps: true,
            ..Conclusion::default()
        };
        events.push(ended_with(attempt, 150, "trajectory", 0, keeps));
    }
    let fault = Some(Fault {
        class: Class::Host,
        name: FaultName::DockerDown.into(),
        what: "it does not answer".into(),
        again: Again::Anywhere,
    });
    events.push(ended_with(
        attempt(14),
        200,
        "evaluation",
        1,
        Conclusion {
            fault,
            ..Conclusion::default()
        },
    ));
    let (phase, ending) = ("evaluation".parse().unwrap(), Ending::Exit(1));
    events.push(ended(attempt(14), Outcome::Failed { phase, ending }));
    events.push(ended(attempt(15), Outcome::Succeeded));
    events.push(Event::Graded {
        attempt: attempt(15),
        verdict: Box::new(Verdict {
            decision: Decision::Unresolved,
            outcome: verdict::Outcome::Completed,
            why: Some("1 of 3".into()),
            fault: None,
            fail_to_pass: (1, 3),
            pass_to_pass: (99, 99),
            key: Some(Sha256::of(b"key")),
            shown: None,
        }),
    });
    store.commit(at(9), &events, fleet).await.unwrap();
    for event in &events {
        fleet.fold(at(9), event).unwrap();
    }
}

#[tokio::test]
async fn what_native_phases_said_is_remembered_from_format_two_on() {
    let fresh = Home::new();
    let store = fresh.store().await;
    let mut expected = write_sample(&store).await;
    write_native(&store, &mut expected).await;
    store.close().await;
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for format in 2..=super::super::FORMAT {
        let home = Home::new();
        std::fs::create_dir_all(home.database().parent().unwrap()).unwrap();
        std::fs::copy(data.join(format!("native-v{format}.sqlite")), home.database()).unwrap();
        let store = home.store().await;
        let fleet = sound(&store).await;
        assert!(fleet.same_facts(&expected), "{fleet:#?}");
        let failed = fleet.job(job("native", 14).id).unwrap();
        assert_eq!((failed.word(), failed.kept().count()), ("waiting", 1));
        assert!(failed.job.trajectory.is_some());
        let verdict = fleet.job(job("native", 15).id).unwrap().verdict().unwrap();
        assert_eq!(verdict.pass_to_pass, (99, 99));
    }
}

/// What format 3 brought: holds, a job that was opened again, a result that is suspect, images on hosts.
async fn write_operation(store: &Store, fleet: &mut Fleet) {
    let held = |subject: &str, kind, until| Event::Held {
        subject: subject.parse().unwrap(),
        kind,
        why: "because".into(),
        until,
    };
    let events = [
        held("host eval1", Kind::Quarantined, Some(at(99))),
        held("model gpt", Kind::Refused, None),
        held("set native", Kind::Paused, None),
        Event::Released {
            subject: "set native".parse().unwrap(),
            why: "enough".into(),
            vouched: true,
        },
        Event::Reopened {
            job: job("sample", 3).id,
            why: "mended".into(),
            from: Past::Kept,
        },
        Event::Suspected {
            attempt: AttemptId {
                job: job("native", 15).id,
                n: 1,
            },
            why: "a bad host".into(),
        },
        Event::Stocked {
            host: host(2),
            came: vec![Stock {
                source: "s3://bucket/key.tar".into(),
                bytes: 7,
                layers: vec![("sha256:1".into(), 7)],
                runtime: None,
            }],
            went: Vec::new(),
        },
        Event::Cleaned {
            host: host(2),
            what: "2 containers".into(),
        },
    ];
    store.commit(at(10), &events, fleet).await.unwrap();
    for event in &events {
        fleet.fold(at(10), event).unwrap();
    }
}

#[tokio::test]
async fn how_a_fleet_was_operated_is_remembered_from_format_three_on() {
    let fresh = Home::new();
    let store = fresh.store().await;
    let mut expected = write_sample(&store).await;
    write_native(&store, &mut expected).await;
    write_operation(&store, &mut expected).await;
    store.close().await;
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for format in 3..=super::super::FORMAT {
        let home = Home::new();
        std::fs::create_dir_all(home.database().parent().unwrap()).unwrap();
        std::fs::copy(data.join(format!("operation-v{format}.sqlite")), home.database()).unwrap();
        let store = home.store().await;
        let fleet = sound(&store).await;
        assert!(fleet.same_facts(&expected), "{fleet:#?}");
        let stand = fleet.stand(&"host eval1".parse().unwrap()).unwrap();
        assert_eq!(
            (stand.strikes, stand.hold.as_ref().unwrap().until),
            (1, Some(at(99)))
        );
        assert!(fleet.hold(&"set native".parse().unwrap()).is_none());
        let again = fleet.job(job("sample", 3).id).unwrap();
        assert_eq!((again.word(), again.lost().count()), ("waiting", 0));
        let suspect = fleet.job(job("native", 15).id).unwrap();
        assert_eq!(suspect.suspect(), Some("a bad host"));
        assert!(
            fleet
                .host(&host(2))
                .unwrap()
                .shelf
                .contains_key("s3://bucket/key.tar")
        );
    }
}

/// What format 4 brought: a host that cannot say how an attempt is, an attempt that could not be made into steps, and a host
/// that was not heard.
async fn write_promises(store: &Store, fleet: &mut Fleet) {
    let (doubtful, unfit) = (job("promises", 20), job("promises", 21));
    let attempt = |job: &Job| AttemptId { job: job.id, n: 1 };
    let intended = |job: &Job| Event::Intended {
        attempt: attempt(job),
        host: host(1),
        epoch: Epoch(1),
    };
    let fault = Fault {
        class: Class::Config,
        name: FaultName::NotInConfig.into(),
        what: "no pipeline of that name".into(),
        again: Again::Never,
    };
    let events = [
        Event::JobAdded(doubtful.clone()),
        Event::JobAdded(unfit.clone()),
        intended(&doubtful),
        intended(&unfit),
        Event::Doubted {
            attempt: attempt(&doubtful),
            why: Some("Input/output error".into()),
        },
        Event::Unfit {
            attempt: attempt(&unfit),
            fault,
        },
        Event::Held {
            subject: "memory eval3".parse().unwrap(),
            kind: Kind::Unheard,
            why: "it was not heard".into(),
            until: None,
        },
    ];
    store.commit(at(11), &events, fleet).await.unwrap();
    for event in &events {
        fleet.fold(at(11), event).unwrap();
    }
}

#[tokio::test]
async fn what_hosts_could_not_say_is_remembered_from_format_four_on() {
    let fresh = Home::new();
    let store = fresh.store().await;
    let mut expected = write_sample(&store).await;
    write_promises(&store, &mut expected).await;
    store.close().await;
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for format in 4..=super::super::FORMAT {
        let home = Home::new();
        std::fs::create_dir_all(home.database().parent().unwrap()).unwrap();
        std::fs::copy(data.join(format!("promises-v{format}.sqlite")), home.database()).unwrap();
        let store = home.store().await;
        let fleet = sound(&store).await;
        assert!(fleet.same_facts(&expected), "{fleet:#?}");
        let live = fleet.job(job("promises", 20).id).unwrap().live().unwrap();
        assert_eq!(live.doubt(), Some("Input/output error"));
        assert_eq!(fleet.job(job("promises", 21).id).unwrap().word(), "given-up");
        assert!(fleet.hold(&"memory eval3".parse().unwrap()).is_some());
    }
}

#[tokio::test]
async fn the_sample_of_each_format_still_means_what_it_meant() {
    let fresh = Home::new();
    let store = fresh.store().await;
    let expected = write_sample(&store).await;
    read_sample(&store, &expected).await;
    store.close().await;

    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for format in 1..=super::super::FORMAT {
        let home = Home::new();
        std::fs::create_dir_all(home.database().parent().unwrap()).unwrap();
        std::fs::copy(data.join(format!("store-v{format}.sqlite")), home.database()).unwrap();
        let store = home.store().await;
        read_sample(&store, &expected).await;
        // And it can go on from there.
        assert_eq!(store.next_epoch(Epoch(0)).await.unwrap(), Epoch(2));
    }
}
