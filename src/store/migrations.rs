//! The files of `migrations/`, which make a database or bring an older one to this build's format.

use std::borrow::Cow;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// The format that this build writes: the number of the last file in `migrations/`.
pub const FORMAT: i64 = 4;

/// What each file is about, and its text. The first one is number 1.
const FILES: [(&str, &str); 4] = [
    ("store", include_str!("../../migrations/0001_store.sql")),
    ("native", include_str!("../../migrations/0002_native.sql")),
    ("operation", include_str!("../../migrations/0003_operation.sql")),
    ("promises", include_str!("../../migrations/0004_promises.sql")),
];

/// All of them, in order. Their digests are compared with those in the database.
pub(super) fn migrator() -> Migrator {
    let migration = |(number, (about, text)): (i64, &(&'static str, &'static str))| {
        let (about, text) = (Cow::Borrowed(*about), text.into_sql_str());
        Migration::new(number, about, MigrationType::Simple, text, false)
    };
    Migrator::with_migrations((1..).zip(&FILES).map(migration).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_directory_is_here_under_its_number() {
        let listed = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap();
        let mut found: Vec<(String, String)> = listed
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ext| ext == "sql"))
            .map(|path| {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, std::fs::read_to_string(&path).unwrap())
            })
            .collect();
        found.sort();
        let known = (1..).zip(&FILES);
        let known: Vec<(String, String)> = known
            .map(|(number, (about, text)): (i64, _)| (format!("{number:04}_{about}.sql"), (*text).to_owned()))
            .collect();
        assert_eq!(found, known);
        assert_eq!(i64::try_from(found.len()).unwrap(), FORMAT);
    }
}
