//! Tests of adding sets: what is new, what is known, what differs.

use std::sync::Arc;

use super::super::{Added, NewSet, StoreError};
use super::{Home, at, body, file, job, jobs, sound};
use crate::domain::Sha256;
use crate::domain::event::Event;
use crate::schedule::Fleet;

#[tokio::test]
async fn the_same_file_twice_adds_nothing() {
    let home = Home::new();
    let store = home.store().await;
    let given = jobs("phase8", 0..20);
    let first = store.add_set(at(1), &file("phase8", "1"), &given).await.unwrap();
    assert_eq!((first.revision, first.new.len(), first.known), (Some(1), 20, 0));
    let before = sound(&store).await;
    let again = store.add_set(at(2), &file("phase8", "1"), &given).await.unwrap();
    assert_eq!(
        again,
        Added {
            known: 20,
            ..Added::default()
        }
    );
    assert!(before.same_facts(&sound(&store).await));
    assert_eq!(store.sets().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_changed_file_adds_only_what_is_new_and_names_what_it_cannot_change() {
    let home = Home::new();
    let store = home.store().await;
    store
        .add_set(at(1), &file("phase8", "1"), &jobs("phase8", 0..3))
        .await
        .unwrap();
    let mut changed = jobs("phase8", 0..5);
    Arc::make_mut(&mut changed[1]).pipeline = "other".parse().unwrap();
    // Only its place in the file.
    Arc::make_mut(&mut changed[2]).order = 77;
    let added = store
        .add_set(at(2), &file("phase8", "2"), &changed)
        .await
        .unwrap();
    assert_eq!(added.revision, Some(2));
    assert_eq!(added.new, jobs("phase8", 3..5));
    assert_eq!((added.known, added.differing), (3, vec![changed[1].id]));
    let fleet = sound(&store).await;
    assert_eq!(fleet.job(changed[1].id).unwrap().job, job("phase8", 1));
    let sets = store.sets().await.unwrap();
    let brought: Vec<_> = sets.iter().map(|set| (set.revision, set.jobs)).collect();
    assert_eq!(brought, [(1, 3), (2, 2)]);
    assert_eq!(
        sets[1].file,
        Some(("assignments/phase8.json".into(), Sha256::of(b"2")))
    );
}

#[tokio::test]
async fn sets_do_not_know_each_others_jobs() {
    let home = Home::new();
    let store = home.store().await;
    for set in ["a", "b"] {
        let added = store
            .add_set(at(1), &file(set, "same"), &jobs(set, 0..4))
            .await
            .unwrap();
        assert_eq!((added.revision, added.new.len(), added.known), (Some(1), 4, 0));
    }
    assert_eq!(sound(&store).await.jobs().count(), 8);
}

#[tokio::test]
async fn a_dataset_is_kept_by_content_and_given_back_byte_for_byte() {
    let home = Home::new();
    let store = home.store().await;
    store.add_set(at(1), &file("a", "1"), &[]).await.unwrap();
    let stored = store.dataset(&Sha256::of(body(3).as_bytes())).await.unwrap();
    assert_eq!(stored, Some(body(3)));
    assert_eq!(store.dataset(&Sha256::of(b"else")).await.unwrap(), None);
}

#[tokio::test]
async fn jobs_found_on_hosts_are_the_jobs_that_their_file_then_names() {
    let home = Home::new();
    let store = home.store().await;
    let found: Vec<_> = jobs("lost", 0..3).into_iter().map(Event::JobAdded).collect();
    store.commit(at(1), &found, &Fleet::default()).await.unwrap();
    assert_eq!(store.sets().await.unwrap()[0].file, None);
    let digest = Sha256::of(body(1).as_bytes());
    assert_eq!(store.dataset(&digest).await.unwrap(), None);

    let added = store
        .add_set(at(2), &file("lost", "1"), &jobs("lost", 0..4))
        .await
        .unwrap();
    assert_eq!((added.revision, added.known), (Some(2), 3));
    assert_eq!(added.new, jobs("lost", 3..4));
    assert_eq!(added.differing, []);
    assert_eq!(store.dataset(&digest).await.unwrap(), Some(body(1)));
    sound(&store).await;
}

#[tokio::test]
async fn an_absurd_job_is_refused_with_its_whole_file() {
    let home = Home::new();
    let store = home.store().await;
    let mut given = jobs("a", 0..3);
    Arc::make_mut(&mut given[2]).order = u64::MAX;
    let set = NewSet { ..file("a", "1") };
    let refused = store.add_set(at(1), &set, &given).await;
    assert!(matches!(refused, Err(StoreError::Absurd(..))), "{refused:?}");
    assert_eq!(store.sets().await.unwrap(), []);
    assert_eq!(sound(&store).await.jobs().count(), 0);
}
