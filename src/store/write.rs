//! Writing many rows at once.
//!
//! A statement takes up to [`MOST`] rows. Batches are cut into powers of two, so that each kind of row
//! has eight texts at most: they stay prepared, and a batch of any size is a few round trips to SQLite's thread.

use std::collections::BTreeSet;

use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::StoreError;
use super::row::{DigestRow, FoundRow, HostRow, JobRow};
use crate::domain::Timestamp;

/// Most rows of one statement.
const MOST: usize = 128;

/// Something that is written as a row.
pub(super) trait Row {
    /// The statement before the rows.
    const HEAD: &'static str;
    /// The place of one row in it, with a `?` for each value.
    const ROW: &'static str;
    /// The statement after the rows.
    const TAIL: &'static str;
    /// Adds the values, in the order of the places.
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError>;
}

/// The values of a statement.
pub(super) type Values = SqliteArguments;

/// Writes these rows, in this order.
pub(super) async fn all<R: Row>(connection: &mut SqliteConnection, rows: &[R]) -> Result<(), StoreError> {
    let mut rest = rows;
    while let Some(power) = rest.len().checked_ilog2() {
        let (now, later) = rest.split_at(MOST.min(1 << power));
        rest = later;
        let mut values = Values::default();
        for row in now {
            row.bind(&mut values).map_err(sqlx::Error::Encode)?;
        }
        let text = [R::HEAD, &vec![R::ROW; now.len()].join(","), R::TAIL].join(" ");
        // Constants and question marks, nothing else.
        sqlx::query_with(AssertSqlSafe(text), values)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Writes new jobs, after rows for whatever they name that is not there yet.
pub(super) async fn jobs(
    connection: &mut SqliteConnection,
    at: Timestamp,
    rows: &[JobRow<'_>],
) -> Result<(), StoreError> {
    let hosts: BTreeSet<_> = rows.iter().filter_map(JobRow::host).collect();
    all(connection, &hosts.into_iter().map(HostRow).collect::<Vec<_>>()).await?;
    let sets: BTreeSet<_> = rows.iter().map(JobRow::set).collect();
    all(
        connection,
        &sets
            .into_iter()
            .map(|set| FoundRow { set, at })
            .collect::<Vec<_>>(),
    )
    .await?;
    let digests: BTreeSet<_> = rows.iter().flat_map(JobRow::files).collect();
    all(
        connection,
        &digests
            .into_iter()
            .map(|sha256| DigestRow { sha256, at })
            .collect::<Vec<_>>(),
    )
    .await?;
    all(connection, rows).await
}
