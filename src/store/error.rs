//! What can go wrong with the store, in words that say what to do.

use std::path::PathBuf;

use crate::schedule::fleet::FoldError;

/// Why the store could not do as asked. Whatever it was, nothing is half-done.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file or its directory.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Written by a newer build.
    #[error(
        "{} has format {found}, and this fleet knows formats up to {known}: use the newer fleet that wrote it",
        path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Written by an older build, and opened only to read.
    #[error(
        "{} has format {found}, older than this fleet's {known}: `fleet dispatch` brings it up to date",
        path.display()
    )]
    Older {
        /// The database.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Something else lies where the database should.
    #[error("{} is not a fleet database; move it away, or name another state directory", .0.display())]
    Foreign(PathBuf),
    /// The migrations and the database have different pasts, or one failed.
    #[error("cannot bring {} up to date: {source}", path.display())]
    Migrate {
        /// The database.
        path: PathBuf,
        /// Why.
        source: Box<sqlx::migrate::MigrateError>,
    },
    /// `SQLITE_FULL`.
    #[error(
        "the disk that holds the database is full; nothing is lost: free some space and run the same again"
    )]
    Full,
    /// `SQLITE_BUSY`, after the timeout.
    #[error("another process has kept the database busy for ten seconds")]
    Busy,
    /// `SQLITE_IOERR`: the disk, not us.
    #[error("the disk that holds the database does not obey: {0}")]
    Disk(String),
    /// `SQLITE_CORRUPT`.
    #[error(
        "the database is damaged ({0}): move it away and run `fleet adopt`, which rebuilds it from the hosts"
    )]
    Damaged(String),
    /// Events that cannot follow what is stored. Nothing of them is stored.
    #[error("the events contradict what is stored: {0}")]
    Contradiction(#[from] FoldError),
    /// A stored event that cannot follow those before it.
    #[error("event {id} contradicts those before it: {source}")]
    Past {
        /// Its row.
        id: i64,
        /// How.
        source: FoldError,
    },
    /// A stored value that is not what its column holds.
    #[error("table {table}: {what}")]
    Row {
        /// Where.
        table: &'static str,
        /// What it is instead.
        what: String,
    },
    /// A count that comes from elsewhere and is larger than SQLite can hold.
    #[error("{0} is too large to be a real {1}")]
    Absurd(u64, &'static str),
    /// Nothing of that name is stored.
    #[error("{0} is not in the database")]
    Unknown(String),
    /// A value that cannot be written as JSON.
    #[error("cannot encode: {0}")]
    Encode(#[from] serde_json::Error),
    /// Anything else that SQLite says.
    #[error("the database: {0}")]
    Sql(sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        // SQLite's primary result code is the low byte of the extended one.
        let code = error
            .as_database_error()
            .and_then(|error| error.code()?.parse::<u32>().ok())
            .map(|code| code & 0xff);
        match code {
            Some(13) => StoreError::Full,
            Some(5 | 6) => StoreError::Busy,
            Some(10) => StoreError::Disk(error.to_string()),
            Some(11) => StoreError::Damaged(error.to_string()),
            _ => StoreError::Sql(error),
        }
    }
}
