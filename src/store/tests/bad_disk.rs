//! Tests of a disk that fails: nothing is acknowledged that is not kept.

use sqlx::AssertSqlSafe;

use super::super::{Store, StoreError};
use super::{Home, at, file, job, jobs, sound};
use crate::domain::event::Event;
use crate::schedule::Fleet;

async fn most_pages(store: &Store, most: i64) {
    let statement = format!("pragma max_page_count = {most}");
    sqlx::query(AssertSqlSafe(statement))
        .execute(&store.pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_full_disk_is_named_and_leaves_nothing_half_done() {
    let home = Home::new();
    let store = home.store().await;
    store
        .add_set(at(1), &file("a", "1"), &jobs("a", 0..10))
        .await
        .unwrap();
    let pages: i64 = sqlx::query_scalar("select page_count from pragma_page_count")
        .fetch_one(&store.pool)
        .await
        .unwrap();
    most_pages(&store, pages + 3).await;
    let many = jobs("a", 0..2000);
    let refused = store.add_set(at(2), &file("a", "2"), &many).await;
    assert!(matches!(refused, Err(StoreError::Full)), "{refused:?}");
    assert_eq!(sound(&store).await.jobs().count(), 10);
    assert_eq!(store.sets().await.unwrap().len(), 1);

    most_pages(&store, 1 << 30).await;
    let added = store.add_set(at(3), &file("a", "2"), &many).await.unwrap();
    assert_eq!((added.new.len(), added.known), (1990, 10));
    sound(&store).await;
}

#[tokio::test]
async fn events_that_contradict_what_is_stored_are_not_stored_nor_is_what_came_with_them() {
    let home = Home::new();
    let store = home.store().await;
    let events = [
        Event::JobAdded(job("a", 0)),
        Event::GaveUp {
            job: job("a", 1).id,
            why: "nobody knows it".into(),
        },
    ];
    let refused = store.commit(at(1), &events, &Fleet::default()).await;
    assert!(
        matches!(refused, Err(StoreError::Contradiction(_))),
        "{refused:?}"
    );
    assert_eq!(sound(&store).await.jobs().count(), 0);
}

#[tokio::test]
async fn damage_is_seen_by_the_check() {
    let home = Home::new();
    let store = home.store().await;
    store
        .add_set(at(1), &file("a", "1"), &jobs("a", 0..3))
        .await
        .unwrap();
    sqlx::query("update job set cancel = 'hard' where id = ?")
        .bind(job("a", 1).id.as_str())
        .execute(&store.pool)
        .await
        .unwrap();
    let expected = format!(
        "job {}: the rows say something else than the events",
        job("a", 1).id
    );
    assert_eq!(store.check().await.unwrap(), [expected]);
}
