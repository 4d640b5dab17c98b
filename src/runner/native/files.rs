//! Files in a directory that strangers write to: read without following links, written whole.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::libc;

use crate::doors::random;

/// Removes whatever has this name; a link, not what it leads to. A directory that only root may empty, as an agent's container
/// may leave it, is moved out of the way.
pub(super) fn clear(path: &Path) -> io::Result<()> {
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

/// Writes a file so that it is never seen half. The seal of the capsule makes it durable.
pub(in crate::runner) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    clear(&new)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(bytes)?;
    drop(file);
    if path.symlink_metadata().is_ok_and(|kind| kind.is_dir()) {
        clear(path)?;
    }
    fs::rename(&new, path)
}

/// What a plain file holds; none if there is nothing of this name, or no plain file.
pub(super) fn read(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let opened = OpenOptions::new()
        .read(true)
        // A link is not followed; a pipe does not keep us waiting.
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.raw_os_error() == Some(Errno::ELOOP as i32) => return Ok(None),
        Err(error) if error.raw_os_error() == Some(Errno::ENXIO as i32) => return Ok(None),
        Err(error) => return Err(error),
    };
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(
            ErrorKind::FileTooLarge,
            format!("larger than {} MiB", most >> 20),
        ));
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_a_pipe_and_a_directory_are_no_files() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("real"), "x").unwrap();
        std::os::unix::fs::symlink(path("real"), path("link")).unwrap();
        nix::unistd::mkfifo(&path("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        for name in ["link", "pipe", ".", "missing"] {
            assert_eq!(read(&path(name), 10).unwrap(), None, "{name}");
        }
        assert_eq!(read(&path("real"), 1).unwrap(), Some(b"x".to_vec()));
        assert_eq!(
            read(&path("real"), 0).unwrap_err().kind(),
            ErrorKind::FileTooLarge
        );
    }

    #[test]
    fn writing_replaces_a_link_and_a_directory_and_leaves_alone_what_they_lead_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("precious"), "old").unwrap();
        std::os::unix::fs::symlink(path("precious"), path("out")).unwrap();
        std::os::unix::fs::symlink(path("precious"), path("out.new")).unwrap();
        fs::create_dir_all(path("dir/below")).unwrap();
        write(&path("out"), b"new").unwrap();
        write(&path("dir"), b"new").unwrap();
        assert_eq!(fs::read(path("precious")).unwrap(), b"old");
        assert_eq!(read(&path("out"), 9).unwrap(), Some(b"new".to_vec()));
        assert_eq!(read(&path("dir"), 9).unwrap(), Some(b"new".to_vec()));
        assert!(!path("out.new").exists());
    }
}
