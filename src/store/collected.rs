//! What is home: attempts whose artifacts were fetched and verified.

use std::collections::BTreeMap;

use super::read::from_json;
use super::write::to_json;
use super::{Store, StoreError};
use crate::domain::manifest::Seal;
use crate::domain::{AttemptId, Timestamp};

/// Where an attempt's artifacts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collected {
    /// When they were found whole.
    pub at: Timestamp,
    /// The directory.
    pub path: String,
    /// What they were verified against.
    pub seal: Seal,
}

impl Store {
    /// Every attempt whose artifacts are home.
    pub async fn collected(&self) -> Result<BTreeMap<AttemptId, Collected>, StoreError> {
        let rows: Vec<(String, u32, i64, String, String)> = sqlx::query_as(
            "select job_id, number, at, path, collected.seal
             from collected join attempt on attempt.id = attempt_id",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|(job, n, at, path, seal)| {
                let wrong = |what| StoreError::Row {
                    table: "attempt",
                    what,
                };
                let job = job.parse().map_err(wrong)?;
                let (at, seal) = (Timestamp(at), from_json("collected", &seal)?);
                Ok((AttemptId { job, n }, Collected { at, path, seal }))
            })
            .collect()
    }

    /// Stores that an attempt's artifacts are home, whole and verified against `seal`.
    pub async fn mark_collected(
        &self,
        attempt: AttemptId,
        at: Timestamp,
        path: &str,
        seal: &Seal,
    ) -> Result<(), StoreError> {
        let done = sqlx::query(
            "insert into collected (attempt_id, at, path, seal)
             select id, ?, ?, ? from attempt where job_id = ? and number = ?
             on conflict (attempt_id) do update set at = excluded.at, path = excluded.path, seal = excluded.seal",
        )
        .bind(at.0)
        .bind(path)
        .bind(to_json(seal)?)
        .bind(attempt.job.as_str())
        .bind(attempt.n)
        .execute(&self.pool)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Unknown(format!("attempt {attempt}")));
        }
        Ok(())
    }
}
