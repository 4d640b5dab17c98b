//! How long attempts took, phase by phase, as their journals say.

use super::{Store, StoreError};
use crate::domain::{AttemptId, Span};

impl Store {
    /// The sum of the phases of each attempt that did all of its phases itself. Not only of those that ended well.
    pub async fn took(&self) -> Result<Vec<(AttemptId, Span)>, StoreError> {
        let rows: Vec<(String, u32, i64)> = sqlx::query_as(
            "select job_id, n, sum(took) from (
                 select job_id,
                        json_extract(body, '$.journaled.attempt.n') as n,
                        json_extract(body, '$.journaled.line.what.phase-ended.took') as took,
                        json_extract(body, '$.journaled.line.what.phase-kept.from') as kept
                 from event where job_id is not null and body like '{\"journaled\"%'
             )
             group by job_id, n having sum(took) > 0 and count(kept) = 0 order by job_id, n",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|(job, n, took)| {
                let job = job
                    .parse()
                    .map_err(|what| StoreError::Row { table: "event", what })?;
                Ok((AttemptId { job, n }, Span(took.unsigned_abs())))
            })
            .collect()
    }
}
