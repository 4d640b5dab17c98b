//! Tests of opening a database: new, old, newer, foreign, unreadable.

use std::os::unix::fs::PermissionsExt as _;

use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use super::super::{Command, FORMAT, Store, StoreError};
use super::{Home, at, file, job, jobs};
use crate::domain::Epoch;

async fn raw(home: &Home, statement: &str) {
    let url = format!("sqlite://{}", home.database().display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query(AssertSqlSafe(statement.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_new_database_is_for_its_owner_alone() {
    let home = Home::new();
    home.store().await.close().await;
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.database()), 0o600);
    assert_eq!(mode(home.database().parent().unwrap()), 0o700);
}

#[tokio::test]
async fn a_commit_is_on_disk_before_it_returns() {
    let home = Home::new();
    let store = home.store().await;
    let pragma = async |name: &str| -> String {
        let statement = format!("select cast({name} as text) from pragma_{name}");
        sqlx::query_scalar(AssertSqlSafe(statement))
            .fetch_one(&store.pool)
            .await
            .unwrap()
    };
    assert_eq!(pragma("journal_mode").await, "wal");
    // 2 is FULL: the log is synced at every commit.
    assert_eq!(pragma("synchronous").await, "2");
    assert_eq!(pragma("foreign_keys").await, "1");
    assert_eq!(pragma("user_version").await, FORMAT.to_string());
}

#[tokio::test]
async fn looking_at_a_database_that_is_not_there_makes_none() {
    let home = Home::new();
    assert!(Store::peek(&home.database()).await.unwrap().is_none());
    assert!(!home.database().parent().unwrap().exists());
}

#[tokio::test]
async fn a_first_start_that_was_cut_off_is_no_database_yet_and_no_obstacle() {
    let home = Home::new();
    std::fs::create_dir_all(home.database().parent().unwrap()).unwrap();
    std::fs::write(home.database(), "").unwrap();
    assert!(Store::peek(&home.database()).await.unwrap().is_none());
    raw(
        &home,
        "create table _sqlx_migrations (
        version bigint primary key, description text not null,
        installed_on timestamp not null default current_timestamp, success boolean not null,
        checksum blob not null, execution_time bigint not null)",
    )
    .await;
    assert!(Store::peek(&home.database()).await.unwrap().is_none());
    home.store().await.close().await;
    assert!(Store::peek(&home.database()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_reader_sees_what_is_committed_while_a_writer_is_in_mid_transaction() {
    let home = Home::new();
    let writer = home.store().await;
    writer
        .add_set(at(1), &file("a", "1"), &jobs("a", 0..3))
        .await
        .unwrap();
    let mut unfinished = writer.pool.begin_with("begin immediate").await.unwrap();
    sqlx::query("delete from event")
        .execute(&mut *unfinished)
        .await
        .unwrap();
    let reader = Store::peek(&home.database()).await.unwrap().unwrap();
    assert_eq!(reader.load(Epoch(0), &[]).await.unwrap().jobs().count(), 3);
    assert_eq!(reader.history(job("a", 1).id).await.unwrap().len(), 1);
    // And the reader, still open, does not keep the writer from finishing.
    unfinished.rollback().await.unwrap();
    writer
        .add_set(at(2), &file("a", "2"), &jobs("a", 0..5))
        .await
        .unwrap();
    assert_eq!(reader.load(Epoch(0), &[]).await.unwrap().jobs().count(), 5);
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let home = Home::new();
    home.store().await.close().await;
    let reader = Store::peek(&home.database()).await.unwrap().unwrap();
    assert!(reader.next_epoch(Epoch(0)).await.is_err());
}

#[tokio::test]
async fn a_newer_format_is_refused_and_left_as_it_is() {
    let home = Home::new();
    home.store().await.close().await;
    raw(&home, &format!("pragma user_version = {}", FORMAT + 1)).await;
    let bytes = std::fs::read(home.database()).unwrap();
    for refused in [
        Store::open(&home.database()).await.err(),
        Store::peek(&home.database()).await.err(),
    ] {
        let refused = refused.unwrap();
        assert!(
            matches!(refused, StoreError::Newer { found, .. } if found == FORMAT + 1),
            "{refused}"
        );
        assert!(refused.to_string().contains("use the newer fleet"), "{refused}");
    }
    assert_eq!(std::fs::read(home.database()).unwrap(), bytes);
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_refused_and_left_as_it_is() {
    let home = Home::new();
    std::fs::create_dir_all(home.database().parent().unwrap()).unwrap();
    std::fs::write(home.database(), "notes, and surely no database: ".repeat(40)).unwrap();
    let text = std::fs::read(home.database()).unwrap();
    assert!(matches!(
        Store::open(&home.database()).await,
        Err(StoreError::Foreign(_))
    ));
    assert!(matches!(
        Store::peek(&home.database()).await,
        Err(StoreError::Foreign(_))
    ));
    assert_eq!(std::fs::read(home.database()).unwrap(), text);

    std::fs::write(home.database(), "").unwrap();
    raw(&home, "create table song (title text)").await;
    assert!(matches!(
        Store::open(&home.database()).await,
        Err(StoreError::Foreign(_))
    ));
}

#[tokio::test]
async fn many_may_make_the_same_database_in_the_same_moment() {
    let home = Home::new();
    let path = home.database();
    let opened = futures::future::join_all((0..4).map(|_| {
        let path = path.clone();
        tokio::spawn(async move { Store::open(&path).await })
    }))
    .await;
    for store in opened {
        store.unwrap().unwrap().wishes().await.unwrap();
    }
}

#[tokio::test]
async fn an_epoch_is_never_handed_out_twice() {
    let home = Home::new();
    let store = home.store().await;
    assert_eq!(store.next_epoch(Epoch(0)).await.unwrap(), Epoch(1));
    assert_eq!(store.next_epoch(Epoch(41)).await.unwrap(), Epoch(42));
    store.close().await;
    let store = home.store().await;
    assert_eq!(store.next_epoch(Epoch(7)).await.unwrap(), Epoch(43));
    for absurd in [u64::MAX, i64::MAX.unsigned_abs()] {
        assert!(
            matches!(store.next_epoch(Epoch(absurd)).await, Err(StoreError::Absurd(..))),
            "{absurd}"
        );
    }
}

#[tokio::test]
async fn a_wish_waits_until_it_is_granted() {
    let home = Home::new();
    let store = home.store().await;
    let cancel = Command::Cancel {
        job: job("a", 0).id,
        hard: true,
    };
    let back = Command::HostGone {
        host: "eval1".parse().unwrap(),
        word: None,
    };
    store.wish(at(1), &cancel).await.unwrap();
    // As another process would.
    home.store().await.wish(at(2), &back).await.unwrap();
    assert_eq!(store.wishes().await.unwrap(), [(1, cancel.clone()), (2, back)]);
    store.acknowledge(&[1, 2]).await.unwrap();
    assert_eq!(store.wishes().await.unwrap(), []);
    store.wish(at(3), &cancel).await.unwrap();
    assert_eq!(store.wishes().await.unwrap(), [(3, cancel)]);
}
