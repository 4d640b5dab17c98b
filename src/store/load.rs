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

impl Store {
    /// The stored fleet, under a coordinator with this epoch and these hosts.
    pub async fn load(&self, epoch: Epoch, hosts: &[HostConfig]) -> Result<Fleet, StoreError> {
        // One transaction, so that a reader beside a running coordinator sees one moment.
        let mut transaction = self.pool.begin().await?;
        let mut names = Names::default();
        let mut fleet = Fleet::new(epoch, hosts);
        let attempts = read_attempts(&mut transaction, &mut names).await?;
        read_jobs(&mut transaction, &mut names, attempts, |entry| {
            fleet.restore(entry);
        })
        .await?;
        for (host, word) in read_words(&mut transaction, &mut names).await? {
            fleet.restore_host(&host, Some(word));
        }
        for (host, stock) in read_shelves(&mut transaction, &mut names).await? {
            fleet.restore_shelf(&host, &stock);
        }
        for (subject, stand) in read_stands(&mut transaction).await? {
            fleet.restore_stand(subject, stand);
        }
        fleet.relearn();
        Ok(fleet)
    }
}
