//! Table `stand`: what is held now, and what once was.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;
use sqlx::error::BoxDynError;

use super::StoreError;
use super::read::from_json;
use super::write::{Values, WrittenRow, bind, to_json};
use crate::domain::hold::{HoldRecord, Subject};

/// A row of `stand`.
pub(super) struct WrittenStand {
    subject: String,
    body: String,
}

impl WrittenStand {
    pub(super) fn new(subject: &Subject, stand: &HoldRecord) -> Result<WrittenStand, StoreError> {
        let (subject, body) = (subject.to_string(), to_json(stand)?);
        Ok(WrittenStand { subject, body })
    }
}

impl WrittenRow for WrittenStand {
    const HEAD: &'static str = "insert into stand (subject, body) values";
    const ROW: &'static str = "(?,?)";
    const TAIL: &'static str = "on conflict (subject) do update set body = excluded.body";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        bind!(values: self.subject.as_str(), self.body.as_str())
    }
}

/// All of them.
pub(super) async fn read_stands(
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<Subject, HoldRecord>, StoreError> {
    let rows: Vec<(String, String)> = sqlx::query_as("select subject, body from stand order by subject")
        .fetch_all(connection)
        .await?;
    rows.into_iter()
        .map(|(subject, stand)| {
            let subject = subject
                .parse()
                .map_err(|what| StoreError::Row { table: "stand", what })?;
            Ok((subject, from_json("stand", &stand)?))
        })
        .collect()
}
