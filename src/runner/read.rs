//! Reading a file of a capsule, and nothing else, whatever the path says and whatever the attempt has put
//! there.
//!
//! Invariant: each step of the path is opened by itself, below the one before, and never through a link.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use base64::Engine as _;

use super::capsule::Capsule;
use super::error::{Doing as _, RunnerError};
use crate::domain::wire::Answer;
use crate::doors::files::open_below;

/// Most bytes of one answer.
const MOST: u64 = 1 << 20;

/// Up to `most` bytes of `file` from byte `from` on.
pub(super) fn read(capsule: &Capsule, file: &str, from: u64, most: u64) -> Result<Answer, RunnerError> {
    let open = open(capsule, file)?;
    let doing = || format!("read {}", file.escape_debug());
    let about = open.metadata().doing(doing)?;
    if !about.is_file() {
        return Err(RunnerError::NotAFile(file.to_owned()));
    }
    let wanted = most.min(MOST).min(about.len().saturating_sub(from));
    let mut bytes = vec![0; usize::try_from(wanted).unwrap_or(0)];
    let mut have = 0;
    while have < bytes.len() {
        match open
            .read_at(&mut bytes[have..], from + have as u64)
            .doing(doing)?
        {
            0 => break,
            n => have += n,
        }
    }
    bytes.truncate(have);
    Ok(Answer::Bytes {
        data: base64::engine::general_purpose::STANDARD.encode(&bytes),
        size: about.len(),
    })
}

fn open(capsule: &Capsule, file: &str) -> Result<File, RunnerError> {
    let steps: Vec<&str> = file.split('/').collect();
    let bad = |step: &&str| step.is_empty() || *step == "." || *step == ".." || step.contains('\0');
    if steps.iter().any(bad) {
        return Err(RunnerError::NotAFile(file.to_owned()));
    }
    let top = File::open(&capsule.path).doing(|| format!("open {}", capsule.path.display()))?;
    open_below(&top, &steps).doing(|| format!("open {}", file.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capsule() -> (tempfile::TempDir, Capsule) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("capsule/out/a")).unwrap();
        std::fs::write(dir.path().join("secret"), "secret").unwrap();
        std::fs::write(dir.path().join("capsule/out/a/file"), "0123456789").unwrap();
        let capsule = Capsule {
            attempt: "npb2wdccpkcv.1".parse().unwrap(),
            path: dir.path().join("capsule"),
        };
        (dir, capsule)
    }

    fn text(answer: Answer) -> (String, u64) {
        let Answer::Bytes { data, size } = answer else {
            panic!("{answer:?}")
        };
        let bytes = base64::engine::general_purpose::STANDARD.decode(data).unwrap();
        (String::from_utf8(bytes).unwrap(), size)
    }

    #[test]
    fn the_bytes_asked_for_come_back_and_no_more_than_there_are() {
        let (_dir, capsule) = capsule();
        let read = |from, most| text(read(&capsule, "out/a/file", from, most).unwrap());
        assert_eq!(read(0, 4), ("0123".to_owned(), 10));
        assert_eq!(read(8, u64::MAX), ("89".to_owned(), 10));
        assert_eq!(read(10, 1), (String::new(), 10));
        assert_eq!(read(u64::MAX, u64::MAX), (String::new(), 10));
    }

    #[test]
    fn no_path_leads_out_of_the_capsule_or_to_something_else_than_a_file() {
        let (dir, capsule) = capsule();
        let out = dir.path().join("capsule/out");
        std::os::unix::fs::symlink("../../secret", out.join("link")).unwrap();
        std::os::unix::fs::symlink("../..", out.join("up")).unwrap();
        nix::unistd::mkfifo(&out.join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        for file in [
            "",
            "/",
            "../secret",
            "out/../../secret",
            "/etc/passwd",
            "out",
            "out/",
            "out//a/file",
            "./out/a/file",
            "out/link",
            "out/up/secret",
            "out/pipe",
            "out/a/file\0",
            "out/nothing",
        ] {
            assert!(read(&capsule, file, 0, 10).is_err(), "{file:?}");
        }
    }
}
