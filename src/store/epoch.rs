//! Epochs: durable before they are spoken.

use super::write::sql_count;
use super::{Store, StoreError};
use crate::domain::Epoch;

impl Store {
    /// The last epoch that was handed out here.
    pub async fn epoch(&self) -> Result<Epoch, StoreError> {
        let epoch: i64 = sqlx::query_scalar("select epoch from meta")
            .fetch_one(&self.pool)
            .await?;
        Ok(Epoch(epoch.unsigned_abs()))
    }

    /// The epoch for a new coordinator: above every one that was handed out here, and above what hosts have heard.
    pub async fn next_epoch(&self, at_least: Epoch) -> Result<Epoch, StoreError> {
        // One less than the most, so that there is a next one.
        let at_least = sql_count(at_least.0.saturating_add(1), "epoch")? - 1;
        let epoch: i64 = sqlx::query_scalar("update meta set epoch = max(epoch, ?) + 1 returning epoch")
            .bind(at_least)
            .fetch_one(&self.pool)
            .await?;
        Ok(Epoch(epoch.unsigned_abs()))
    }
}
