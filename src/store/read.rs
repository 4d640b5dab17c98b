//! Reading rows: structs whose fields are the columns of their names, and bodies that are JSON.

use super::StoreError;

/// Declares a struct that a row is read into.
macro_rules! from_row {
    (struct $name:ident { $($field:ident: $type:ty,)* }) => {
        struct $name {
            $($field: $type,)*
        }
        impl<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> for $name {
            fn from_row(row: &'r sqlx::sqlite::SqliteRow) -> sqlx::Result<$name> {
                use sqlx::Row as _;
                Ok($name { $($field: row.try_get(stringify!($field))?,)* })
            }
        }
    };
}
pub(super) use from_row;

/// A body that was written as JSON.
pub(super) fn from_json<T: serde::de::DeserializeOwned>(
    table: &'static str,
    body: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(|error| StoreError::Row {
        table,
        what: error.to_string(),
    })
}
