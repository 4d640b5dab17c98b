//! Wishes: what another process (`fleet cancel`, `fleet host gone`, `fleet collect`) asks of the running coordinator.
//!
//! Invariant: only the coordinator writes facts. A wish survives a crash between being granted and
//! being taken back, so granting one twice must do no harm.

use serde::{Deserialize, Serialize};

use super::read::from_json;
use super::write::to_json;
use super::{Store, StoreError};
use crate::domain::event::Past;
use crate::domain::hold::{Kind, Subject};
use crate::domain::{AttemptId, HostName, JobId, Timestamp, Verdict};

/// One wish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Stop a job.
    Cancel {
        /// Which.
        job: JobId,
        /// Without SIGTERM first.
        hard: bool,
    },
    /// A host will never come back, or has.
    HostGone {
        /// Which.
        host: HostName,
        /// The person's word; none means that it is back.
        word: Option<String>,
    },
    /// Nothing of this shall start.
    Hold {
        /// Where, or of what.
        subject: Subject,
        /// Paused or draining.
        kind: Kind,
        /// The person's word.
        why: String,
        /// When it ends by itself, if it does.
        until: Option<Timestamp>,
    },
    /// It may go on.
    Release {
        /// Where, or of what.
        subject: Subject,
        /// The person's word.
        why: String,
    },
    /// A closed job shall be tried again.
    Reopen {
        /// Which.
        job: JobId,
        /// Why.
        why: String,
        /// What the new attempt may take over.
        from: Past,
    },
    /// The result of an attempt is not to be trusted.
    Suspect {
        /// Which.
        attempt: AttemptId,
        /// Why.
        why: String,
    },
    /// The evidence of these attempts is at home, and has been graded.
    Grade(Vec<(AttemptId, Verdict)>),
}

impl Store {
    /// Leaves a wish for the coordinator.
    pub async fn wish(&self, at: Timestamp, wish: &Command) -> Result<(), StoreError> {
        sqlx::query("insert into wish (at, body) values (?, ?)")
            .bind(at.0)
            .bind(to_json(wish)?)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The wishes that no coordinator has granted yet, in order, each with its number.
    pub async fn wishes(&self) -> Result<Vec<(i64, Command)>, StoreError> {
        let rows: Vec<(i64, String)> = sqlx::query_as("select id, body from wish order by id")
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter()
            .map(|(id, body)| Ok((id, from_json("wish", &body)?)))
            .collect()
    }

    /// Takes back the wishes with these numbers. What came of them is committed already.
    pub async fn acknowledge(&self, wishes: &[i64]) -> Result<(), StoreError> {
        sqlx::query("delete from wish where id in (select value from json_each(?))")
            .bind(to_json(&wishes)?)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
