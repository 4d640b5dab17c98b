//! Whose things in the engine are. Several roots may share one engine, and have an attempt of the same name: the same
//! assignment, run by two users. So each root has an identity, made at random when it is first asked for.
//!
//! Invariant: once an identity was told, it is durable, and no other one is ever told of that root.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use crate::domain::layout;
use crate::doors::files::{OWNER_ONLY, create_new, sync_dir};
use crate::doors::random;

/// The label that names the root of whatever fleet starts.
pub const LABEL: &str = "fleet.root";

/// The identity of a root.
pub fn identity(root: &Path) -> io::Result<String> {
    let path = root.join(layout::IDENTITY);
    if let Some(known) = read(&path)? {
        return Ok(known);
    }
    let token = random::token()?;
    let new = root.join(format!("{}.{token}", layout::IDENTITY));
    let made = make(&new, &path, &token);
    // It has served, or it is of no use.
    let _ = fs::remove_file(&new);
    made?;
    sync_dir(root)?;
    // Another process may have been first.
    read(&path)?.ok_or_else(|| io::Error::other(format!("{} is damaged", path.display())))
}

/// Is something that bears this label (none: empty) this root's? What bears none is from before there was one, or the user's own
/// doing: then the attempt's capsule decides.
pub fn is_ours(label: &str, root: &str) -> bool {
    label.is_empty() || label == root
}

fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text
            .strip_suffix('\n')
            .filter(|id| id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .map(str::to_owned)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A link never replaces what is there, so that of several the first one stays.
fn make(new: &Path, path: &Path, token: &str) -> io::Result<()> {
    let mut file = create_new(new, OWNER_ONLY)?;
    writeln!(file, "{token}")?;
    file.sync_all()?;
    match fs::hard_link(new, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_keeps_the_identity_that_the_first_of_many_gave_it() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let told: Vec<String> = std::thread::scope(|scope| {
            let asked: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| identity(one.path()).unwrap()))
                .collect();
            asked.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(told.iter().all(|id| *id == told[0]), "{told:?}");
        assert_eq!(identity(one.path()).unwrap(), told[0]);
        assert_ne!(identity(two.path()).unwrap(), told[0]);
        assert_eq!(fs::read_dir(one.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_identity_that_cannot_be_read_is_an_error_and_not_a_new_one() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(layout::IDENTITY), "torn").unwrap();
        assert!(identity(dir.path()).is_err());
        assert!(identity(&dir.path().join("nowhere")).is_err());
    }

    #[test]
    fn what_bears_no_label_may_be_anybodys() {
        assert!(is_ours("a", "a") && is_ours("", "a") && !is_ours("b", "a"));
    }
}
