//! Table `assignment_set`: every stored revision of every file that was dispatched.

use sqlx::SqliteConnection;
use sqlx::error::BoxDynError;

use super::read::from_row;
use super::write::{Values, WrittenRow, bind};
use super::{Store, StoreError};
use crate::domain::name::BadName;
use crate::domain::{SetName, Sha256, Timestamp};

/// One stored revision of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetRow {
    /// The set.
    pub name: SetName,
    /// Counted from 1.
    pub revision: u32,
    /// The file and its digest; none if the jobs were found on hosts.
    pub file: Option<(String, Sha256)>,
    /// When it was stored.
    pub added: Timestamp,
    /// How many jobs it brought.
    pub jobs: u64,
}

/// A set that is known by its jobs alone, unless there is a row for it.
pub(super) struct FoundSet<'a> {
    pub(super) set: &'a SetName,
    pub(super) at: Timestamp,
}

impl WrittenRow for FoundSet<'_> {
    const HEAD: &'static str = "insert or ignore into assignment_set (name, revision, added_at) values";
    const ROW: &'static str = "(?,1,?)";
    const TAIL: &'static str = "";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        bind!(values: self.set.as_str(), self.at.0)
    }
}

impl Store {
    /// Every stored revision of every file, the oldest first.
    pub async fn sets(&self) -> Result<Vec<SetRow>, StoreError> {
        let rows: Vec<StoredSet> = sqlx::query_as(
            "select name, revision, file, sha256, added_at,
                    (select count(*) from job where job.set_id = assignment_set.id) as jobs
             from assignment_set order by id",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(StoredSet::row).collect()
    }
}

from_row! {
    struct StoredSet {
        name: String,
        revision: u32,
        file: Option<String>,
        sha256: Option<String>,
        added_at: i64,
        jobs: i64,
    }
}

impl StoredSet {
    fn row(self) -> Result<SetRow, StoreError> {
        let wrong = |what| StoreError::Row {
            table: "assignment_set",
            what,
        };
        let sha256 = self
            .sha256
            .map(|sha256| sha256.parse())
            .transpose()
            .map_err(wrong)?;
        Ok(SetRow {
            name: self.name.parse().map_err(|bad: BadName| wrong(bad.to_string()))?,
            revision: self.revision,
            file: self.file.zip(sha256),
            added: Timestamp(self.added_at),
            jobs: self.jobs.unsigned_abs(),
        })
    }
}

/// Stores a revision, if the file is not the one that is stored last.
pub(super) async fn write_revision(
    connection: &mut SqliteConnection,
    at: Timestamp,
    (name, file, sha256): (&SetName, &str, Sha256),
) -> Result<Option<u32>, StoreError> {
    let last: Option<(u32, Option<String>)> = sqlx::query_as(
        "select revision, sha256 from assignment_set where name = ? order by revision desc limit 1",
    )
    .bind(name.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    let sha256 = sha256.to_string();
    let revision = match last {
        Some((_, Some(stored))) if stored == sha256 => return Ok(None),
        Some((revision, _)) => revision + 1,
        None => 1,
    };
    sqlx::query("insert into assignment_set (name, revision, file, sha256, added_at) values (?, ?, ?, ?, ?)")
        .bind(name.as_str())
        .bind(revision)
        .bind(file)
        .bind(sha256)
        .bind(at.0)
        .execute(connection)
        .await?;
    Ok(Some(revision))
}
