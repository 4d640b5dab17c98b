//! The property on which a restart rests: folding in memory = committing and loading = replaying.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::draw::{Draw, draws};
use super::{Home, at, job};
use crate::domain::event::Event;
use crate::domain::host::Link;
use crate::domain::manifest::Seal;
use crate::domain::{AttemptId, Epoch, Sha256, Timestamp};
use crate::schedule::Fleet;

/// A batch whose events happened at one moment.
type Batch = (Timestamp, Vec<Event>);

/// Batches of legal events, the fleet before each, and the fleet that folding all of them gives.
fn story(draws: &[Draw]) -> (Vec<(Batch, Fleet)>, Fleet) {
    let mut fleet = Fleet::default();
    let mut batches = vec![((at(0), Vec::new()), fleet.clone())];
    for (draw, now) in draws.iter().zip(0..) {
        let ((moment, events), _) = batches.last_mut().unwrap();
        let event = draw.event(&fleet);
        fleet.fold(*moment, &event).unwrap();
        events.push(event);
        if draw.ends_batch {
            batches.push(((at(now), Vec::new()), fleet.clone()));
        }
    }
    (batches, fleet)
}

async fn committed_and_loaded(draws: &[Draw]) -> Result<(), TestCaseError> {
    let home = Home::new();
    let store = home.store().await;
    let (batches, fleet) = story(draws);
    for ((moment, events), before) in &batches {
        store.commit(*moment, events, before).await.unwrap();
    }
    store.close().await;
    let store = home.store().await;
    let loaded = store.load(Epoch(0), &[]).await.unwrap();
    let replayed = store.replay(Epoch(0), &[]).await.unwrap();
    prop_assert!(loaded.same_facts(&fleet), "{loaded:#?}\n{fleet:#?}");
    prop_assert!(replayed.same_facts(&fleet), "{replayed:#?}\n{fleet:#?}");
    prop_assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    let links = store.links().await.unwrap();
    for (name, host) in fleet.hosts() {
        prop_assert_eq!(links.get(name).unwrap_or(&Link::Unknown), &host.link);
    }
    for entry in fleet.jobs() {
        let told: Vec<_> = store
            .history(entry.job.id)
            .await
            .unwrap()
            .into_iter()
            .map(|(_, at, event)| (at, event))
            .collect();
        let happened: Vec<_> = batches
            .iter()
            .flat_map(|((at, events), _)| events.iter().map(|event| (*at, event.clone())))
            .filter(|(_, event)| event.job() == Some(entry.job.id))
            .collect();
        prop_assert_eq!(told, happened);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn folding_is_committing_and_loading_is_replaying(draws in draws()) {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(committed_and_loaded(&draws))?;
    }
}

#[tokio::test]
async fn an_attempt_that_is_collected_is_known_by_where_and_against_what() {
    let home = Home::new();
    let store = home.store().await;
    let (mut fleet, attempt) = (
        Fleet::default(),
        AttemptId {
            job: job("set", 1).id,
            n: 1,
        },
    );
    let events = [
        Event::JobAdded(job("set", 1)),
        Event::Intended {
            attempt,
            host: "eval1".parse().unwrap(),
            epoch: Epoch(1),
        },
    ];
    store.commit(at(1), &events, &fleet).await.unwrap();
    for event in &events {
        fleet.fold(at(1), event).unwrap();
    }
    let seal = Seal {
        sha256: Sha256::of(b"manifest"),
        files: 2,
        bytes: 9,
    };
    for moment in [5, 6] {
        store
            .mark_collected(attempt, at(moment), "results/set/a b", &seal)
            .await
            .unwrap();
    }
    let collected = store.collected().await.unwrap();
    assert_eq!(collected.len(), 1);
    assert_eq!(
        (collected[&attempt].at, collected[&attempt].path.as_str()),
        (at(6), "results/set/a b")
    );
    assert_eq!(collected[&attempt].seal, seal);
    let unknown = AttemptId { n: 2, ..attempt };
    assert!(store.mark_collected(unknown, at(7), "x", &seal).await.is_err());
}
