//! New jobs, with rows for whatever they name that is not there yet.

use std::collections::BTreeSet;

use sqlx::SqliteConnection;

use super::StoreError;
use super::dataset::DatasetDigest;
use super::host::NewHost;
use super::job::NewJob;
use super::revision::FoundSet;
use super::write::write_rows;
use crate::domain::Timestamp;

/// Writes new jobs, after rows for whatever they name that is not there yet.
pub(super) async fn write_new_jobs(
    connection: &mut SqliteConnection,
    at: Timestamp,
    rows: &[NewJob<'_>],
) -> Result<(), StoreError> {
    let hosts: BTreeSet<_> = rows.iter().filter_map(NewJob::host).collect();
    write_rows(connection, &hosts.into_iter().map(NewHost).collect::<Vec<_>>()).await?;
    let sets: BTreeSet<_> = rows.iter().map(NewJob::set).collect();
    write_rows(
        connection,
        &sets
            .into_iter()
            .map(|set| FoundSet { set, at })
            .collect::<Vec<_>>(),
    )
    .await?;
    let digests: BTreeSet<_> = rows.iter().flat_map(NewJob::files).collect();
    write_rows(
        connection,
        &digests
            .into_iter()
            .map(|sha256| DatasetDigest { sha256, at })
            .collect::<Vec<_>>(),
    )
    .await?;
    write_rows(connection, rows).await
}
