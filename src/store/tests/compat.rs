//! A database that an older build left is understood by this one.

use std::path::Path;

use super::super::{Store, Wish};
use super::{Home, at, body, file, job, jobs, sound};
use crate::domain::event::{Event, Refusal};
use crate::domain::host::{Link, Outlook};
use crate::domain::journal::{Ending, Entry, Line, Outcome};
use crate::domain::manifest::Seal;
use crate::domain::{AttemptId, Epoch, Fleet, HostName, JobId, Sha256, Span};

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
            &Wish::Cancel {
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
