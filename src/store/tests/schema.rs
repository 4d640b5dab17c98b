//! The rules of `migrations/README.md`, held against the database itself.

use std::path::Path;

use sqlx::AssertSqlSafe;

use super::super::Store;
use super::{Home, at, file, job, jobs};

async fn texts(store: &Store, statement: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(statement.to_owned()))
        .fetch_all(&store.pool)
        .await
        .unwrap()
}

const OURS: &str =
    "schema = 'main' and type = 'table' and name not like 'sqlite%' and name <> '_sqlx_migrations'";

#[tokio::test]
async fn every_table_is_strict() {
    let home = Home::new();
    let store = home.store().await;
    let all = texts(
        &store,
        &format!("select name from pragma_table_list where {OURS}"),
    )
    .await;
    assert_eq!(all.len(), 10, "{all:?}");
    let lax = texts(
        &store,
        &format!("select name from pragma_table_list where not strict and {OURS}"),
    )
    .await;
    assert_eq!(lax, Vec::<String>::new());
}

#[tokio::test]
async fn every_column_that_refers_to_a_row_is_a_foreign_key() {
    let home = Home::new();
    let store = home.store().await;
    let loose = texts(
        &store,
        &format!(
            "select t.name || '.' || c.name from pragma_table_list as t, pragma_table_info(t.name) as c
         where {} and c.name like '%\\_id' escape '\\'
           and not exists (select 1 from pragma_foreign_key_list(t.name) as f where f.\"from\" = c.name)",
            OURS.replace("schema", "t.schema")
                .replace("type", "t.type")
                .replace("name", "t.name"),
        ),
    )
    .await;
    assert_eq!(loose, Vec::<String>::new());
}

#[tokio::test]
async fn every_foreign_key_has_an_index_that_starts_with_it() {
    let home = Home::new();
    let store = home.store().await;
    let keys =
        "select t.name || '.' || f.\"from\" from pragma_table_list as t, pragma_foreign_key_list(t.name) as f
        where t.type = 'table'";
    assert_eq!(texts(&store, keys).await.len(), 8);
    // A key that is the row's own number needs none.
    let bare = texts(
        &store,
        &format!(
        "{keys} and not exists (
            select 1 from pragma_index_list(t.name) as i, pragma_index_info(i.name) as c
            where c.seqno = 0 and c.name = f.\"from\")
         and not exists (select 1 from pragma_table_info(t.name) as c where c.pk = 1 and c.name = f.\"from\")"
    ),
    )
    .await;
    assert_eq!(bare, Vec::<String>::new());
}

#[test]
fn every_constraint_is_named_and_all_sql_is_lower_case() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let files = directory.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let mut counted = 0;
    for file in files.filter(|file| file.extension().is_some_and(|extension| extension == "sql")) {
        let text = std::fs::read_to_string(file).unwrap();
        let code: Vec<_> = text.lines().filter_map(|line| line.split("--").next()).collect();
        for statement in code.join(" ").split(';') {
            assert!(
                !statement.contains(|c: char| c.is_ascii_uppercase()),
                "{statement}"
            );
            let count = |words| statement.matches(words).count();
            let rules = count("check (") + count("references ") + count("primary key") + count(" unique (");
            assert_eq!(count("constraint "), rules, "{statement}");
            counted += rules;
        }
    }
    assert!(counted > 0);
}

#[tokio::test]
async fn a_second_live_attempt_of_a_job_cannot_be_stored_by_any_code() {
    let home = Home::new();
    let store = home.store().await;
    store
        .add_set(at(1), &file("a", "1"), &jobs("a", 0..3))
        .await
        .unwrap();
    let insert = async |number: u32, state: &str| {
        sqlx::query("insert into attempt (job_id, number, host_name, epoch, state, journal_offset, intended_at, since_at)
             values (?, ?, 'eval1', 1, ?, 0, 0, 0)")
            .bind(job("a", 0).id.as_str()).bind(number).bind(state).execute(&store.pool).await
    };
    insert(1, "refused").await.unwrap();
    insert(2, "running").await.unwrap();
    let refused = insert(3, "intended").await.unwrap_err();
    assert!(refused.to_string().contains("attempt.job_id"), "{refused}");
}
