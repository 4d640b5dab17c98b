//! Table `attempt`: every try of a job.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use sqlx::SqliteConnection;
use sqlx::error::BoxDynError;

use super::StoreError;
use super::names::Names;
use super::read::{from_json, from_row};
use super::write::{Values, WrittenRow, bind, non_empty, sql_count, to_json};
use crate::domain::attempt::AttemptState;
use crate::domain::journal::Outcome;
use crate::domain::{AttemptId, Epoch, JobId, PhaseName, Span, Timestamp};
use crate::schedule::fleet::Attempt;

/// A row of `attempt`.
pub(super) struct WrittenAttempt<'a> {
    job: JobId,
    attempt: &'a Attempt,
    epoch: i64,
    offset: i64,
    outcome: Option<String>,
    seal: Option<String>,
    told: Option<String>,
    took: Option<String>,
}

impl<'a> WrittenAttempt<'a> {
    pub(super) fn new(job: JobId, attempt: &'a Attempt) -> Result<WrittenAttempt<'a>, StoreError> {
        Ok(WrittenAttempt {
            job,
            attempt,
            epoch: sql_count(attempt.epoch.0, "epoch")?,
            offset: sql_count(attempt.offset, "place in a journal")?,
            outcome: match &attempt.state {
                AttemptState::Ended(outcome) => Some(to_json(outcome)?),
                AttemptState::Intended | AttemptState::Refused | AttemptState::Running { .. } => None,
            },
            seal: attempt.seal.as_ref().map(to_json).transpose()?,
            told: attempt.told.as_ref().map(to_json).transpose()?,
            took: non_empty(&attempt.took).map(to_json).transpose()?,
        })
    }

    fn phase(&self) -> Option<&str> {
        match &self.attempt.state {
            AttemptState::Running { phase } => phase.as_ref().map(PhaseName::as_str),
            AttemptState::Intended | AttemptState::Refused | AttemptState::Ended(_) => None,
        }
    }
}

impl WrittenRow for WrittenAttempt<'_> {
    const HEAD: &'static str =
        "insert into attempt (job_id, number, host_name, epoch, state, phase, outcome, seal,
        excerpt, told, took, journal_offset, intended_at, since_at) values";
    const ROW: &'static str = "(?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
    const TAIL: &'static str = "on conflict (job_id, number) do update set
        state = excluded.state, phase = excluded.phase, outcome = excluded.outcome, seal = excluded.seal,
        excerpt = excluded.excerpt, told = excluded.told, took = excluded.took, journal_offset = excluded.journal_offset, since_at = excluded.since_at";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        bind!(values:
            self.job.as_str(),
            self.attempt.n,
            self.attempt.host.as_str(),
            self.epoch,
            self.attempt.state.word(),
            self.phase(),
            self.outcome.as_deref(),
            self.seal.as_deref(),
            self.attempt.excerpt.as_deref(),
            self.told.as_deref(),
            self.took.as_deref(),
            self.offset,
            self.attempt.intended.0,
            self.attempt.since.0,
        )
    }
}

/// Removes an attempt that never began: nothing refers to it.
pub(super) async fn delete_attempt(
    connection: &mut SqliteConnection,
    id: AttemptId,
) -> Result<(), StoreError> {
    sqlx::query("delete from attempt where job_id = ? and number = ?")
        .bind(id.job.as_str())
        .bind(id.n)
        .execute(connection)
        .await?;
    Ok(())
}

/// All attempts, by job, in the order in which they were learned.
pub(super) async fn read_attempts(
    connection: &mut SqliteConnection,
    names: &mut Names,
) -> Result<BTreeMap<JobId, Vec<Attempt>>, StoreError> {
    let mut attempts: BTreeMap<JobId, Vec<Attempt>> = BTreeMap::new();
    let mut rows = sqlx::query_as::<_, StoredAttempt>("select * from attempt order by id").fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let job = row.job_id.parse().map_err(|what| StoreError::Row {
            table: "attempt",
            what,
        })?;
        let tries = attempts.entry(job).or_default();
        // Most jobs have one attempt; the room for four that a push makes would be most of the memory.
        tries.reserve_exact(1);
        tries.push(row.attempt(names)?);
    }
    Ok(attempts)
}

from_row! {
    struct StoredAttempt {
        job_id: String,
        number: u32,
        host_name: String,
        epoch: i64,
        state: String,
        phase: Option<String>,
        outcome: Option<String>,
        seal: Option<String>,
        excerpt: Option<String>,
        told: Option<String>,
        took: Option<String>,
        journal_offset: i64,
        intended_at: i64,
        since_at: i64,
    }
}

impl StoredAttempt {
    fn attempt(self, names: &mut Names) -> Result<Attempt, StoreError> {
        let state = match (self.state.as_str(), self.outcome) {
            ("intended", _) => AttemptState::Intended,
            ("refused", _) => AttemptState::Refused,
            ("running", _) => AttemptState::Running {
                phase: self.phase.map(|phase| names.phase.get(&phase)).transpose()?,
            },
            (_, Some(outcome)) => AttemptState::Ended(match from_json("attempt", &outcome)? {
                Outcome::Failed { phase, ending } => Outcome::Failed {
                    phase: names.phase.get(phase.as_str())?,
                    ending,
                },
                other @ (Outcome::Succeeded | Outcome::Cancelled | Outcome::Lost { .. }) => other,
            }),
            (word, None) => {
                let what = format!("an attempt is {word}, and has no outcome");
                return Err(StoreError::Row {
                    table: "attempt",
                    what,
                });
            }
        };
        Ok(Attempt {
            n: self.number,
            host: names.host.get(&self.host_name)?,
            epoch: Epoch(self.epoch.unsigned_abs()),
            state,
            offset: self.journal_offset.unsigned_abs(),
            intended: Timestamp(self.intended_at),
            since: Timestamp(self.since_at),
            excerpt: self.excerpt,
            seal: self.seal.map(|seal| from_json("attempt", &seal)).transpose()?,
            told: self.told.map(|told| from_json("attempt", &told)).transpose()?,
            took: match self.took {
                Some(took) => {
                    let took: Vec<(PhaseName, Span)> = from_json("attempt", &took)?;
                    took.into_iter()
                        .map(|(phase, span)| Ok((names.phase.get(phase.as_str())?, span)))
                        .collect::<Result<_, StoreError>>()?
                }
                None => Vec::new(),
            },
        })
    }
}
