//! Reading a tree: names, modes and digests, file by file.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::domain::Sha256;
use crate::domain::tree::{Leaf, LeftOut, Mode, Tree, is_inside};
use crate::doors::files::hash_file;

/// Most files of a tree: what has more is no harness but a home directory.
const MOST_FILES: usize = 100_000;
/// Most bytes of them.
const MOST_BYTES: u64 = 8 << 30;

/// Why a tree cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The disk says no.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// What was read.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is no tree of ours.
    #[error("{} {why}", path.display())]
    Odd {
        /// What was found.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// All files below a directory but those that are left out.
pub fn read(dir: &Path, out: &LeftOut) -> Result<Tree, TreeError> {
    // The directory itself may be a link: that is how a version is put in its place.
    let root = dir.canonicalize().map_err(|source| fail(dir, source))?;
    let (mut files, mut bytes) = (BTreeMap::new(), 0);
    let mut dirs = vec![String::new()];
    while let Some(below) = dirs.pop() {
        let here = root.join(&below);
        for entry in fs::read_dir(&here).map_err(|source| fail(&here, source))? {
            let entry = entry.map_err(|source| fail(&here, source))?;
            let path = entry.path();
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                return Err(odd(&path, "has a name that is not UTF-8"));
            };
            let inside = match below.as_str() {
                "" => name.to_owned(),
                below => format!("{below}/{name}"),
            };
            if out.has(&inside) {
                continue;
            }
            let found = fs::symlink_metadata(&path).map_err(|source| fail(&path, source))?;
            if found.is_dir() {
                dirs.push(inside);
                continue;
            }
            let Some(leaf) = leaf(&path, &found)? else {
                return Err(odd(&path, "is neither a file nor a link"));
            };
            bytes += found.len();
            files.insert(inside, leaf);
            if files.len() > MOST_FILES || bytes > MOST_BYTES {
                return Err(odd(
                    &root,
                    &format!("holds more than {MOST_FILES} files or {MOST_BYTES} bytes: is it the harness?"),
                ));
            }
        }
    }
    Ok(Tree(files))
}

/// These files of a directory, as far as they are there.
pub fn some(dir: &Path, paths: &[String]) -> Result<Tree, TreeError> {
    let mut files = BTreeMap::new();
    for inside in paths.iter().take(MOST_FILES) {
        let path = dir.join(inside);
        if !is_inside(inside) {
            return Err(odd(Path::new(inside), "is no path in a tree"));
        }
        let found = match fs::symlink_metadata(&path) {
            Ok(found) => found,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => continue,
            Err(source) => return Err(fail(&path, source)),
        };
        if let Some(leaf) = leaf(&path, &found)? {
            files.insert(inside.clone(), leaf);
        }
    }
    Ok(Tree(files))
}

/// None for what is neither a file nor a link.
fn leaf(path: &Path, found: &Metadata) -> Result<Option<Leaf>, TreeError> {
    if found.is_symlink() {
        let target = fs::read_link(path).map_err(|source| fail(path, source))?;
        return Ok(Some(Leaf {
            mode: Mode::Link,
            sha256: Sha256::of(target.as_os_str().as_bytes()),
        }));
    }
    if !found.is_file() {
        return Ok(None);
    }
    let mode = if found.permissions().mode() & 0o100 == 0 {
        Mode::File
    } else {
        Mode::Program
    };
    let (_, sha256) = hash_file(path).map_err(|source| fail(path, source))?;
    Ok(Some(Leaf { mode, sha256 }))
}

fn fail(path: &Path, source: io::Error) -> TreeError {
    TreeError::Io {
        path: path.to_owned(),
        source,
    }
}

fn odd(path: &Path, why: &str) -> TreeError {
    TreeError::Odd {
        path: path.to_owned(),
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn keys_history_caches_and_results_are_no_part_of_a_tree_and_links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for path in [
            "config.toml",
            ".git/HEAD",
            "a/__pycache__/b.pyc",
            "a/b.py",
            "run.sh",
        ] {
            write(path, path);
        }
        write("evaluation/evaluation_outputs/x/output.jsonl", "paid for");
        fs::set_permissions(dir.path().join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink("/etc/passwd", dir.path().join("a/link")).unwrap();
        let tree = read(dir.path(), &LeftOut::with(&[])).unwrap();
        let names: Vec<(&str, Mode)> = tree
            .0
            .iter()
            .map(|(path, leaf)| (path.as_str(), leaf.mode))
            .collect();
        assert_eq!(
            names,
            [
                ("a/b.py", Mode::File),
                ("a/link", Mode::Link),
                ("run.sh", Mode::Program)
            ]
        );
        assert_eq!(tree.0["a/link"].sha256, Sha256::of(b"/etc/passwd"));
        assert_eq!(tree.0["a/b.py"].sha256, Sha256::of(b"a/b.py"));
        let paths = ["a/b.py".to_owned(), "a/no.py".to_owned(), "a".to_owned()];
        assert_eq!(some(dir.path(), &paths).unwrap(), tree.part(&paths));
        assert!(some(dir.path(), &["../x".to_owned()]).is_err());
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read(&dir.path().join("no"), &LeftOut::with(&[])).is_err());
        nix::unistd::mkfifo(&dir.path().join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let error = read(dir.path(), &LeftOut::with(&[])).unwrap_err();
        assert!(error.to_string().contains("neither a file nor a link"), "{error}");
    }
}
