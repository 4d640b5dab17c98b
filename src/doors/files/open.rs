//! Opening and creating without following links.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::libc;
use nix::sys::stat::Mode;

/// Opens for reading. A link in the place of the file is an error; opening a pipe does not block.
pub fn open_no_follow(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
}

/// Opens a plain file for reading; none if there is nothing of this name, or something else: a link, a directory, a pipe.
pub fn open_plain(path: &Path) -> io::Result<Option<File>> {
    match open_no_follow(path) {
        Ok(file) => Ok(file.metadata()?.is_file().then_some(file)),
        Err(error) if is_no_file(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Does this error of opening mean that there is no plain file of that name?
pub fn is_no_file(error: &io::Error) -> bool {
    // ELOOP: a link. ENXIO: a socket.
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
        || [Errno::ELOOP, Errno::ENXIO]
            .iter()
            .any(|errno| error.raw_os_error() == Some(*errno as i32))
}

/// Opens for reading what lies so many steps below a directory: each step by itself, none through a link.
pub fn open_below(dir: &File, steps: &[&str]) -> io::Result<File> {
    let mut at = dir.try_clone()?;
    for (i, step) in steps.iter().enumerate() {
        let mut flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
        if i + 1 < steps.len() {
            flags |= OFlag::O_DIRECTORY;
        }
        at = File::from(openat(&at, *step, flags, Mode::empty())?);
    }
    Ok(at)
}

/// Creates a file for writing that is not there yet; a link in its place is something that is there.
pub fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
}

/// A file for writing, empty, whether or not it was there. A link in its place is an error.
pub fn create_empty(path: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn no_way_to_open_follows_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir(path("d")).unwrap();
        fs::write(path("d/file"), b"abc").unwrap();
        symlink(path("d/file"), path("link")).unwrap();
        symlink(path("d"), path("linked")).unwrap();
        assert!(open_no_follow(&path("link")).is_err());
        assert!(open_plain(&path("link")).unwrap().is_none());
        assert!(create_new(&path("link"), 0o600).is_err());
        assert!(create_empty(&path("link"), 0o600).is_err());
        let top = File::open(dir.path()).unwrap();
        assert!(open_below(&top, &["d", "file"]).is_ok());
        for steps in [&["link"][..], &["linked", "file"], &["d", "file", "x"], &["no"]] {
            assert!(open_below(&top, steps).is_err(), "{steps:?}");
        }
        assert_eq!(fs::read(path("d/file")).unwrap(), b"abc");
    }

    #[test]
    fn what_is_no_plain_file_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("file"), b"abc").unwrap();
        nix::unistd::mkfifo(&path("pipe"), Mode::S_IRWXU).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        assert!(open_plain(&path("file")).unwrap().is_some());
        for name in ["pipe", "socket", ".", "no", "file/x", "no/x"] {
            assert!(open_plain(&path(name)).unwrap().is_none(), "{name}");
        }
    }
}
