//! Reading, up to a bound.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use super::open::{open_no_follow, open_plain};
use crate::domain::Sha256;
use crate::domain::digest::Hasher;

/// What a plain file holds; none if there is nothing of this name, or no plain file. One of more than `most` bytes is an
/// error, [`ErrorKind::FileTooLarge`].
pub fn read_plain(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = open_plain(path)? else {
        return Ok(None);
    };
    let bytes = read_beginning(&file, most.saturating_add(1))?;
    if bytes.len() as u64 > most {
        let why = match most >> 20 {
            0 => format!("larger than {most} bytes"),
            mebibytes => format!("larger than {mebibytes} MiB"),
        };
        return Err(io::Error::new(ErrorKind::FileTooLarge, why));
    }
    Ok(Some(bytes))
}

/// The first bytes of an open file, `most` at most. For text that has a digest, or whose end is not needed.
pub fn read_beginning(file: &File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// How many bytes a file has, and their digest. A link is an error.
pub fn hash_file(path: &Path) -> io::Result<(u64, Sha256)> {
    let mut file = open_no_follow(path)?;
    let (mut hasher, mut buffer) = (Hasher::default(), vec![0; 128 << 10]);
    let mut size = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((size, hasher.finish())),
            Ok(n) => {
                hasher.update(&buffer[..n]);
                size += n as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_bound_and_no_further() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, b"abc").unwrap();
        assert_eq!(read_plain(&path, 3).unwrap(), Some(b"abc".to_vec()));
        assert_eq!(read_plain(&path, 2).unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert_eq!(read_beginning(&File::open(&path).unwrap(), 2).unwrap(), b"ab");
        assert_eq!(read_plain(&dir.path().join("no"), 3).unwrap(), None);
    }

    #[test]
    fn a_digest_is_that_of_the_file_and_not_of_what_a_link_leads_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("file"), b"abc").unwrap();
        symlink(path("file"), path("link")).unwrap();
        assert_eq!(hash_file(&path("file")).unwrap(), (3, Sha256::of(b"abc")));
        assert!(hash_file(&path("link")).is_err());
    }
}
