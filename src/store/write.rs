//! Writing many rows at once, and how values are written.
//!
//! A statement takes up to [`MOST`] rows. Batches are cut into powers of two, so that each kind of row
//! has eight texts at most: they stay prepared, and a batch of any size is a few round trips to SQLite's thread.

use serde::Serialize;
use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::StoreError;

/// Most rows of one statement.
const MOST: usize = 128;

/// Something that is written as a row.
pub(super) trait WrittenRow {
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
pub(super) async fn write_rows<R: WrittenRow>(
    connection: &mut SqliteConnection,
    rows: &[R],
) -> Result<(), StoreError> {
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

/// A count as SQLite holds it.
pub(super) fn sql_count(value: u64, what: &'static str) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Absurd(value, what))
}

/// A value as JSON text.
pub(super) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    Ok(serde_json::to_string(value)?)
}

/// A list, unless it is empty.
pub(super) fn non_empty<T>(list: &Vec<T>) -> Option<&Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// Binds values in the order of their places.
macro_rules! bind {
    ($values:ident: $($value:expr),* $(,)?) => {{
        $(sqlx::Arguments::add($values, $value)?;)*
        Ok(())
    }};
}
pub(super) use bind;
