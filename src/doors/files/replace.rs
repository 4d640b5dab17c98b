//! Replacing a file: the old one or the new one is there, never a part.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::open::create_new;
use crate::doors::random;

/// What a replacement outlives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The end of any process. After a power failure it counts only if a later sync covers it, or its reader checks it.
    Whole,
    /// A power failure, too, as soon as it is done: the bytes are synced before the rename, and the directory behind it.
    Durable,
}

/// Writes a file in one step, over what had its name. The new one has this mode, less the umask.
pub fn replace(path: &Path, bytes: &[u8], mode: u32, durability: Durability) -> io::Result<()> {
    let draft = draft_of(path);
    remove_file(&draft)?;
    let write = |draft: &Path| {
        let mut file = create_new(draft, mode)?;
        file.write_all(bytes)?;
        Ok(file)
    };
    put_in_place(write, &draft, path, durability)
}

/// The same where others may have put anything in the place of the file: whatever it is, it goes.
pub fn replace_foreign(path: &Path, bytes: &[u8], mode: u32, durability: Durability) -> io::Result<()> {
    remove_any(&draft_of(path))?;
    if path.symlink_metadata().is_ok_and(|kind| kind.is_dir()) {
        remove_any(path)?;
    }
    replace(path, bytes, mode, durability)
}

/// Puts a copy of a file, with its permissions, in the place of another one, in one step.
pub fn copy_over(from: &Path, to: &Path, durability: Durability) -> io::Result<()> {
    let draft = draft_of(to);
    remove_file(&draft)?;
    let write = |draft: &Path| {
        fs::copy(from, draft)?;
        File::open(draft)
    };
    put_in_place(write, &draft, to, durability)
}

fn put_in_place(
    write: impl FnOnce(&Path) -> io::Result<File>,
    draft: &Path,
    path: &Path,
    durability: Durability,
) -> io::Result<()> {
    let durable = durability == Durability::Durable;
    let put = || {
        let file = write(draft)?;
        if durable {
            file.sync_all()?;
        }
        fs::rename(draft, path)
    };
    if let Err(error) = put() {
        // Half a file takes room that others may need. What keeps it from going is told already.
        let _ = fs::remove_file(draft);
        return Err(error);
    }
    match path.parent().filter(|_| durable) {
        Some(dir) if dir.as_os_str().is_empty() => sync_dir(Path::new(".")),
        Some(dir) => sync_dir(dir),
        None => Ok(()),
    }
}

/// The name that a file has before it is whole.
fn draft_of(path: &Path) -> PathBuf {
    path.with_added_extension("new")
}

/// Makes the names in a directory durable.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes whatever has this name; a link, not what it leads to. A directory that only root may empty, as an agent's
/// container may leave it, is moved out of the way.
pub fn remove_any(path: &Path) -> io::Result<()> {
    let removed = match path.symlink_metadata() {
        Ok(kind) if kind.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    removed.or_else(|error| match error.kind() {
        ErrorKind::NotFound => Ok(()),
        ErrorKind::PermissionDenied => fs::rename(path, path.with_added_extension(random::token()?)),
        _ => Err(error),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_replaced_with_either_durability_and_no_draft_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file.json");
        for durability in [Durability::Whole, Durability::Durable] {
            for text in [&b"old"[..], b"new"] {
                replace(&path, text, 0o600, durability).unwrap();
                assert_eq!(fs::read(&path).unwrap(), text);
            }
        }
        assert_eq!(mode(&path), 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn neither_a_link_nor_a_hard_link_in_the_way_leads_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("precious"), b"old").unwrap();
        symlink(path("precious"), path("one")).unwrap();
        symlink(path("precious"), path("one.new")).unwrap();
        fs::hard_link(path("precious"), path("two.new")).unwrap();
        for name in ["one", "two"] {
            replace(&path(name), b"new", 0o600, Durability::Whole).unwrap();
            assert_eq!(fs::read(path(name)).unwrap(), b"new");
            assert!(!path(name).is_symlink());
        }
        assert_eq!(fs::read(path("precious")).unwrap(), b"old");
    }

    #[test]
    fn only_among_strangers_a_directory_gives_way() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        for name in ["a/inside", "a.new/inside"] {
            fs::create_dir_all(path(name)).unwrap();
        }
        assert!(replace(&path("a"), b"new", 0o600, Durability::Whole).is_err());
        assert!(path("a.new/inside").exists());
        replace_foreign(&path("a"), b"new", 0o600, Durability::Whole).unwrap();
        assert_eq!(fs::read(path("a")).unwrap(), b"new");
        assert!(!path("a.new").exists());
    }

    #[test]
    fn a_copy_takes_permissions_along_and_what_fails_leaves_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("from"), b"new").unwrap();
        fs::set_permissions(path("from"), fs::Permissions::from_mode(0o640)).unwrap();
        fs::write(path("to"), b"old").unwrap();
        assert!(copy_over(&path("no"), &path("to"), Durability::Durable).is_err());
        assert_eq!(fs::read(path("to")).unwrap(), b"old");
        copy_over(&path("from"), &path("to"), Durability::Durable).unwrap();
        assert_eq!(
            (fs::read(path("to")).unwrap(), mode(&path("to"))),
            (b"new".to_vec(), 0o640)
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
