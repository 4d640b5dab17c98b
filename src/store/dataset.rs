//! Table `dataset`: the files that travel with jobs, by their content.

use sqlx::SqliteConnection;
use sqlx::error::BoxDynError;

use super::write::{Values, WrittenRow, bind};
use super::{Store, StoreError};
use crate::domain::{Sha256, Timestamp};

/// A file by its content; one that was only known by its digest is known now.
const KEEP: &str = "insert into dataset (sha256, added_at, body) values (?, ?, ?)
    on conflict (sha256) do update set body = excluded.body where dataset.body is null";

/// A dataset that is known by its digest alone, unless there is a row for it.
pub(super) struct DatasetDigest {
    pub(super) sha256: Sha256,
    pub(super) at: Timestamp,
}

impl WrittenRow for DatasetDigest {
    const HEAD: &'static str = "insert or ignore into dataset (sha256, added_at) values";
    const ROW: &'static str = "(?,?)";
    const TAIL: &'static str = "";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        bind!(values: String::from(self.sha256), self.at.0)
    }
}

/// Keeps the text of a file.
pub(super) async fn write_dataset(
    connection: &mut SqliteConnection,
    at: Timestamp,
    sha256: Sha256,
    body: &str,
) -> Result<(), StoreError> {
    sqlx::query(KEEP)
        .bind(sha256.to_string())
        .bind(at.0)
        .bind(body)
        .execute(connection)
        .await?;
    Ok(())
}

impl Store {
    /// Keeps a file that will travel with a job.
    pub async fn keep_file(&self, at: Timestamp, sha256: Sha256, body: &str) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await?;
        write_dataset(&mut connection, at, sha256, body).await
    }

    /// The text of a dataset; none if it is not here.
    pub async fn dataset(&self, sha256: &Sha256) -> Result<Option<String>, StoreError> {
        let body: Option<Option<String>> = sqlx::query_scalar("select body from dataset where sha256 = ?")
            .bind(sha256.to_string())
            .fetch_optional(&self.pool)
            .await?;
        Ok(body.flatten())
    }
}
