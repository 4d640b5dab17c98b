//! Loading: from rows to the fleet in memory.

use super::attempt::read_attempts;
use super::hold::read_stands;
use super::host::{read_shelves, read_words};
use super::job::read_jobs;
use super::names::Names;
use super::{Store, StoreError};
use crate::domain::Epoch;
use crate::domain::host::HostConfig;
use crate::schedule::Fleet;
use crate::schedule::fleet::StoredRows;

impl Store {
    /// The stored fleet, under a coordinator with this epoch and these hosts.
    pub async fn load(&self, epoch: Epoch, hosts: &[HostConfig]) -> Result<Fleet, StoreError> {
        // One transaction, so that a reader beside a running coordinator sees one moment.
        let mut transaction = self.pool.begin().await?;
        let mut names = Names::default();
        let mut rows = StoredRows::default();
        let attempts = read_attempts(&mut transaction, &mut names).await?;
        read_jobs(&mut transaction, &mut names, attempts, |entry| {
            rows.jobs.insert(entry.job.id, entry);
        })
        .await?;
        rows.gone = read_words(&mut transaction, &mut names).await?;
        rows.shelves = read_shelves(&mut transaction, &mut names).await?;
        rows.stands = read_stands(&mut transaction).await?;
        Ok(Fleet::from_facts(epoch, hosts, rows.into()))
    }
}
