//! Opening the database: to write, once its format is known to be ours; or only to look.
//!
//! Invariant: a file that is not a fleet database, or one of a newer format, is never written to.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, SqlitePool};

use super::migrations::{FORMAT, migrator};
use super::{Store, StoreError};
use crate::doors::files::{OWNER_ONLY, create_new, sync_dir};

/// How long a database may be between two formats.
const MOMENT: Duration = Duration::from_millis(50);
const MOMENTS: u32 = 10;

/// `flet`, in the header of every database of ours.
const APPLICATION: i64 = 0x666c_6574;

impl Store {
    /// Opens the database to write, after making or updating it.
    pub async fn open(path: &Path) -> Result<Store, StoreError> {
        let fail = |source| StoreError::Io {
            path: path.to_owned(),
            source,
        };
        create(path).map_err(fail)?;
        match format(path).await? {
            Some(found) if found > FORMAT => return Err(newer(path, found)),
            Some(_) | None => {}
        }
        let options = options(path)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // Job ids are random, so the indexes on them are touched all over: 16 MB hold those of 100,000
            // jobs, and a log of 16 MB folds many touches of one page into one.
            .pragma("cache_size", "-16384")
            .pragma("wal_autocheckpoint", "4096")
            .synchronous(SqliteSynchronous::Full);
        let pool = pool(options).await?;
        let mut tries = 0;
        let migrator = migrator();
        while let Err(source) = migrator.run(&pool).await {
            // Another process may be making the same database in the same moment, file by file.
            tries += 1;
            if tries > 2 * FORMAT {
                return Err(StoreError::Migrate {
                    path: path.to_owned(),
                    source: Box::new(source),
                });
            }
        }
        Ok(Store { pool })
    }

    /// Opens the database to read. None if there is none. Never waits for a writer, nor makes one wait.
    pub async fn peek(path: &Path) -> Result<Option<Store>, StoreError> {
        let there = path.try_exists().map_err(|source| StoreError::Io {
            path: path.to_owned(),
            source,
        })?;
        if !there {
            return Ok(None);
        }
        let mut known = format(path).await?;
        // Another process may be making or updating it in this moment, file by file.
        for _ in 0..MOMENTS {
            if known.is_none_or(|found| found >= FORMAT) {
                break;
            }
            tokio::time::sleep(MOMENT).await;
            known = format(path).await?;
        }
        match known {
            None => Ok(None),
            Some(found) if found > FORMAT => Err(newer(path, found)),
            Some(found) if found < FORMAT => Err(StoreError::Older {
                path: path.to_owned(),
                found,
                known: FORMAT,
            }),
            Some(_) => Ok(Some(Store {
                pool: pool(options(path).read_only(true)).await?,
            })),
        }
    }

    /// Closes the database. Without it nothing is lost either; the next one to open it tidies up.
    pub async fn close(self) {
        self.pool.close().await;
    }
}

fn newer(path: &Path, found: i64) -> StoreError {
    StoreError::Newer {
        path: path.to_owned(),
        found,
        known: FORMAT,
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(Duration::from_secs(10))
        .disable_statement_logging()
}

async fn pool(options: SqliteConnectOptions) -> Result<SqlitePool, StoreError> {
    // One connection that lives as long as the store: nothing to test, to reopen or to wait for.
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // A caller that waits here waits for another transaction of this process, which ends.
        .acquire_timeout(Duration::from_hours(1));
    Ok(pool.connect_with(options).await?)
}

/// Makes the file and its directories: readable by their owner alone, and durable as names.
fn create(path: &Path) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    match create_new(path, OWNER_ONLY) {
        Ok(_) => sync_dir(directory),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// The format of the database in this file; none if nothing was ever stored in it.
async fn format(path: &Path) -> Result<Option<i64>, StoreError> {
    let size = fs::metadata(path)
        .map(|data| data.len())
        .map_err(|source| StoreError::Io {
            path: path.to_owned(),
            source,
        })?;
    if size == 0 {
        return Ok(None);
    }
    let looked = match look(options(path).read_only(true)).await {
        // A first start was killed in mid-write, before the write-ahead log. SQLite must open the file for writing
        // to roll that back.
        Err(error) if code(&error) == Some(READONLY) => look(options(path)).await,
        looked => looked,
    };
    match looked.map_err(|error| foreign(path, error))? {
        (APPLICATION, format, _) => Ok(Some(format)),
        // A first start that was cut off before its one transaction.
        (0, 0, 0) => Ok(None),
        _ => Err(StoreError::Foreign(path.to_owned())),
    }
}

/// Application, format, and how many tables are not the migrator's.
async fn look(options: SqliteConnectOptions) -> Result<(i64, i64, i64), sqlx::Error> {
    let mut connection = options.connect().await?;
    let row = sqlx::query_as(
        "select (select application_id from pragma_application_id),
                (select user_version from pragma_user_version),
                (select count(*) from sqlite_schema where type = 'table' and name <> '_sqlx_migrations')",
    )
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    Ok(row)
}

/// `SQLITE_READONLY`.
const READONLY: u32 = 8;
/// `SQLITE_NOTADB`.
const NOT_A_DATABASE: u32 = 26;

/// SQLite's primary result code: the low byte of the extended one.
fn code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

fn foreign(path: &Path, error: sqlx::Error) -> StoreError {
    match code(&error) {
        Some(NOT_A_DATABASE) => StoreError::Foreign(path.to_owned()),
        _ => error.into(),
    }
}
