//! Table `event`: everything that happened, in order.

use futures::TryStreamExt as _;
use sqlx::error::BoxDynError;

use super::read::from_json;
use super::write::{Values, WrittenRow, bind, to_json};
use super::{Store, StoreError};
use crate::domain::event::Event;
use crate::domain::host::HostConfig;
use crate::domain::{Epoch, JobId, Timestamp};
use crate::schedule::Fleet;

/// A row of `event`.
pub(super) struct EventRow {
    at: Timestamp,
    job: Option<JobId>,
    body: String,
}

impl EventRow {
    pub(super) fn new(at: Timestamp, event: &Event) -> Result<EventRow, StoreError> {
        let (job, body) = (event.job(), to_json(event)?);
        Ok(EventRow { at, job, body })
    }
}

impl WrittenRow for EventRow {
    const HEAD: &'static str = "insert into event (at, job_id, body) values";
    const ROW: &'static str = "(?,?,?)";
    const TAIL: &'static str = "";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        bind!(values: self.at.0, self.job.as_ref().map(JobId::as_str), self.body.as_str())
    }
}

impl Store {
    /// The fleet that follows from the events alone. Gives the same facts as [`Store::load`], slowly.
    pub async fn replay(&self, epoch: Epoch, hosts: &[HostConfig]) -> Result<Fleet, StoreError> {
        let mut fleet = Fleet::new(epoch, hosts);
        let mut rows = sqlx::query_as::<_, (i64, i64, String)>("select id, at, body from event order by id")
            .fetch(&self.pool);
        while let Some((id, at, body)) = rows.try_next().await? {
            let event: Event = from_json("event", &body)?;
            fleet
                .fold(Timestamp(at), &event)
                .map_err(|source| StoreError::Past { id, source })?;
        }
        Ok(fleet)
    }

    /// When the last fact was stored; none if there is none.
    pub async fn last_event(&self) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = sqlx::query_scalar("select at from event order by id desc limit 1")
            .fetch_optional(&self.pool)
            .await?;
        Ok(at.map(Timestamp))
    }

    /// Everything that happened to one job, in order, with the number of each event.
    pub async fn history(&self, job: JobId) -> Result<Vec<(i64, Timestamp, Event)>, StoreError> {
        let rows: Vec<(i64, i64, String)> =
            sqlx::query_as("select id, at, body from event where job_id = ? order by id")
                .bind(job.as_str())
                .fetch_all(&self.pool)
                .await?;
        rows.into_iter()
            .map(|(id, at, body)| Ok((id, Timestamp(at), from_json("event", &body)?)))
            .collect()
    }
}
