//! Rows as structs: each field is the column of its name.

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
