//! Is the database sound? For `fleet doctor`, and for tests that kill things.

use super::{Store, StoreError};
use crate::domain::Epoch;
use crate::schedule::Fleet;

impl Store {
    /// Everything that is wrong, in words; nothing if all is well.
    pub async fn check(&self) -> Result<Vec<String>, StoreError> {
        let mut wrong: Vec<String> = sqlx::query_scalar(
            "select integrity_check from pragma_integrity_check where integrity_check <> 'ok'",
        )
        .fetch_all(&self.pool)
        .await?;
        let orphans: Vec<String> = sqlx::query_scalar(
            r#"select format('a row of %s refers to a row of %s that is not there', "table", parent)
               from pragma_foreign_key_check"#,
        )
        .fetch_all(&self.pool)
        .await?;
        wrong.extend(orphans);
        let doubled: Vec<String> = sqlx::query_scalar(
            "select format('job %s has %d live attempts', job_id, count(*)) from attempt
             where state in ('intended', 'running') group by job_id having count(*) > 1",
        )
        .fetch_all(&self.pool)
        .await?;
        wrong.extend(doubled);
        let rows = self.load(Epoch::default(), &[]).await;
        let events = self.replay(Epoch::default(), &[]).await;
        match (rows, events) {
            (Ok(rows), Ok(events)) => wrong.extend(disagreement(&rows, &events)),
            (rows, events) => {
                wrong.extend(
                    [rows.err(), events.err()]
                        .into_iter()
                        .flatten()
                        .map(|error| error.to_string()),
                );
            }
        }
        Ok(wrong)
    }
}

/// The first thing that rows and events do not agree about.
fn disagreement(rows: &Fleet, events: &Fleet) -> Option<String> {
    if rows.same_facts(events) {
        return None;
    }
    let ids = rows.jobs().chain(events.jobs()).map(|entry| entry.job.id);
    Some(
        match ids.into_iter().find(|id| rows.job(*id) != events.job(*id)) {
            Some(id) => format!("job {id}: the rows say something else than the events"),
            None => "hosts: the rows say something else than the events".to_owned(),
        },
    )
}
