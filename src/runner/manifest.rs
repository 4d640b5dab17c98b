//! Counting what an attempt left: every file under `out/` and `log/`, durable, with size and digest.
//!
//! Invariant: no link is followed. What does not come home is named, never passed over.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::capsule::Capsule;
use super::error::{Doing as _, RunnerError};
use crate::domain::manifest::{self, LeftOut, Manifest, Seal, VERSION};
use crate::domain::{Sha256, layout};
use crate::doors::files::{self, AS_UMASK, Durability, hash_file};

/// Writes the capsule's `manifest.json`, and makes it durable with everything that it names and all else
/// in the capsule: one sync of the file system, where each file and directory would need one of its own.
pub(super) fn seal(capsule: &Capsule) -> Result<Seal, RunnerError> {
    let manifest = count(&capsule.path)?;
    let text = serde_json::to_vec(&manifest).map_err(io::Error::from);
    let text = text.doing(|| "put the manifest in words")?;
    let doing = || format!("write {} of {}", layout::MANIFEST, capsule.path.display());
    let path = capsule.path.join(layout::MANIFEST);
    files::replace(&path, &text, AS_UMASK, Durability::Whole).doing(doing)?;
    let whole = File::open(&capsule.path).doing(doing)?;
    nix::unistd::syncfs(whole).doing(|| format!("sync {}", capsule.path.display()))?;
    Ok(Seal {
        sha256: Sha256::of(&text),
        files: manifest.files.len() as u64,
        bytes: manifest.files.iter().map(|file| file.size).sum(),
    })
}

fn count(capsule: &Path) -> Result<Manifest, RunnerError> {
    let mut found = Found::default();
    for top in [layout::OUT, layout::LOGS] {
        // The attempt could have put anything there, or taken it away.
        match capsule.join(top).symlink_metadata() {
            Ok(top_is) if top_is.is_dir() => found.dirs.push(capsule.join(top)),
            Ok(_) => found.leave_out(top.to_owned(), "it is no directory any more"),
            Err(error) if is_its_own_fault(&error) => found.leave_out(top.to_owned(), "it is gone"),
            Err(error) => return Err(error).doing(|| format!("look at {top}")),
        }
    }
    let mut next = 0;
    while let Some(dir) = found.dirs.get(next).cloned() {
        next += 1;
        walk(capsule, &dir, &mut found)?;
    }
    let mut files = Vec::new();
    for (path, name) in std::mem::take(&mut found.files) {
        match hash_file(&path) {
            Ok((size, sha256)) => files.push(manifest::File {
                path: name,
                size,
                sha256,
            }),
            Err(error) if is_its_own_fault(&error) => {
                found.leave_out(name, format!("cannot be read: {error}"));
            }
            Err(error) => return Err(error).doing(|| format!("read {}", path.display())),
        }
    }
    files.sort_by(|one, two| one.path.cmp(&two.path));
    found.left_out.sort_by(|one, two| one.path.cmp(&two.path));
    Ok(Manifest {
        version: VERSION,
        files,
        left_out: found.left_out,
    })
}

#[derive(Debug, Default)]
struct Found {
    dirs: Vec<PathBuf>,
    files: Vec<(PathBuf, String)>,
    left_out: Vec<LeftOut>,
}

impl Found {
    fn leave_out(&mut self, path: String, why: impl Into<String>) {
        self.left_out.push(LeftOut {
            path,
            why: why.into(),
        });
    }
}

fn walk(capsule: &Path, dir: &Path, found: &mut Found) -> Result<(), RunnerError> {
    let doing = || format!("list {}", dir.display());
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if is_its_own_fault(&error) => {
            let name = name_of(capsule, dir).unwrap_or_else(|escaped| escaped);
            found.leave_out(name, format!("cannot be listed: {error}"));
            return Ok(());
        }
        Err(error) => return Err(error).doing(doing),
    };
    for entry in entries {
        let entry = entry.doing(doing)?;
        let path = entry.path();
        let kind = entry.file_type().doing(doing)?;
        let why = match (name_of(capsule, &path), kind) {
            (Err(_), _) => "its name is not UTF-8",
            (Ok(name), kind) if kind.is_file() => {
                found.files.push((path, name));
                continue;
            }
            (Ok(_), kind) if kind.is_dir() => {
                found.dirs.push(path);
                continue;
            }
            (Ok(_), kind) if kind.is_symlink() => "it is a symbolic link",
            (Ok(_), kind) if kind.is_fifo() => "it is a pipe",
            (Ok(_), kind) if kind.is_socket() => "it is a socket",
            (Ok(_), _) => "it is a device",
        };
        found.leave_out(name_of(capsule, &path).unwrap_or_else(|escaped| escaped), why);
    }
    Ok(())
}

/// The path below the capsule; escaped as an error if it is not UTF-8.
fn name_of(capsule: &Path, path: &Path) -> Result<String, String> {
    let below = path.strip_prefix(capsule).unwrap_or(path);
    let text = below.to_str();
    text.map(str::to_owned)
        .ok_or_else(|| format!("{}", below.to_string_lossy().escape_debug()))
}

/// The file's fault and not the disk's: made unreadable, or nested beyond what a path can name.
fn is_its_own_fault(error: &io::Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied
        || [Errno::ENAMETOOLONG, Errno::ELOOP, Errno::ENOENT, Errno::ENXIO]
            .iter()
            .any(|errno| error.raw_os_error() == Some(*errno as i32))
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt as _;

    use super::*;

    fn capsule() -> (tempfile::TempDir, Capsule) {
        let dir = tempfile::tempdir().unwrap();
        for top in ["out", "log"] {
            std::fs::create_dir(dir.path().join(top)).unwrap();
        }
        let capsule = Capsule {
            attempt: "npb2wdccpkcv.1".parse().unwrap(),
            path: dir.path().to_owned(),
        };
        (dir, capsule)
    }

    #[test]
    fn files_are_counted_in_order_with_size_and_digest() {
        let (dir, capsule) = capsule();
        std::fs::create_dir(dir.path().join("out/a")).unwrap();
        std::fs::write(dir.path().join("out/b"), "two").unwrap();
        std::fs::write(dir.path().join("out/a/x y"), "").unwrap();
        std::fs::write(dir.path().join("log/p.log"), "one").unwrap();
        std::fs::write(dir.path().join("spec.json"), "not an artifact").unwrap();
        let seal = seal(&capsule).unwrap();
        assert_eq!((seal.files, seal.bytes), (3, 6));
        let text = std::fs::read(dir.path().join("manifest.json")).unwrap();
        assert_eq!(seal.sha256, Sha256::of(&text));
        let manifest: Manifest = serde_json::from_slice(&text).unwrap();
        let seen: Vec<_> = manifest
            .files
            .iter()
            .map(|file| (file.path.as_str(), file.sha256))
            .collect();
        assert_eq!(
            seen,
            [
                ("log/p.log", Sha256::of(b"one")),
                ("out/a/x y", Sha256::of(b"")),
                ("out/b", Sha256::of(b"two"))
            ]
        );
        assert_eq!(manifest.left_out, []);
    }

    #[test]
    fn links_pipes_sockets_and_unreadable_names_are_left_out_and_said() {
        let (dir, capsule) = capsule();
        let out = dir.path().join("out");
        std::os::unix::fs::symlink("/etc/passwd", out.join("link")).unwrap();
        std::os::unix::fs::symlink("/etc", out.join("linked-dir")).unwrap();
        nix::unistd::mkfifo(&out.join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(out.join("socket")).unwrap();
        std::fs::write(out.join(std::ffi::OsStr::from_bytes(b"bad\xff")), "x").unwrap();
        seal(&capsule).unwrap();
        let manifest = count(dir.path()).unwrap();
        assert_eq!(manifest.files, []);
        let left: Vec<_> = manifest.left_out.iter().map(|left| left.path.as_str()).collect();
        assert_eq!(
            left,
            [
                "out/bad\u{fffd}",
                "out/link",
                "out/linked-dir",
                "out/pipe",
                "out/socket"
            ]
        );
    }

    #[test]
    fn a_link_in_the_place_of_a_top_directory_is_not_followed() {
        let (dir, capsule) = capsule();
        std::fs::remove_dir(dir.path().join("out")).unwrap();
        std::os::unix::fs::symlink("/etc", dir.path().join("out")).unwrap();
        assert_eq!(seal(&capsule).unwrap().files, 0);
        assert_eq!(count(dir.path()).unwrap().left_out[0].path, "out");
    }

    #[test]
    fn many_files_are_counted_like_few() {
        let (dir, capsule) = capsule();
        for n in 0..128 {
            std::fs::write(dir.path().join(format!("out/{n}")), "x").unwrap();
        }
        assert_eq!(seal(&capsule).unwrap().files, 128);
    }
}
