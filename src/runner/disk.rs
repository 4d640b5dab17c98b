//! The file system of the runner's root: are its locks real, and is it this machine's alone?
//!
//! Invariant: where they are not, nothing is started: a free lock would prove nothing.

use std::path::Path;

use nix::sys::statfs::statfs;

use super::error::{Doing as _, RunnerError};

/// File systems that several machines can see, or whose locks are made up somewhere else: the number that the kernel
/// knows each by, and its name.
const SHARED: [(u32, &str); 12] = [
    (0x0000_6969, "NFS"),
    (0x0102_1997, "9p"),
    (0x0000_517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x6573_5546, "FUSE"),
    (0x5346_414f, "AFS"),
    (0x7375_7245, "Coda"),
    (0x0bd0_0bd0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x1983_0326, "BeeGFS"),
    (0x786f_4256, "a shared folder of VirtualBox"),
];

/// The name of the file system below `path`, if a lock there proves nothing.
pub(super) fn shared(path: &Path) -> Result<Option<&'static str>, RunnerError> {
    let found = statfs(path).doing(|| format!("look at the file system of {}", path.display()))?;
    Ok(name(found.filesystem_type().0))
}

/// An error if a lock there proves nothing.
pub(super) fn must_be_own(path: &Path) -> Result<(), RunnerError> {
    match shared(path)? {
        Some(kind) => Err(RunnerError::Shared {
            path: path.to_owned(),
            kind: kind.to_owned(),
        }),
        None => Ok(()),
    }
}

/// The kernel's number is one of 32 bits, whatever it is kept in.
fn name(kind: impl TryInto<i64>) -> Option<&'static str> {
    let kind: i64 = kind.try_into().ok()?;
    let kind = u32::try_from(kind & 0xffff_ffff).ok()?;
    SHARED
        .iter()
        .find(|(known, _)| *known == kind)
        .map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_of_several_machines_is_told_from_a_disk() {
        assert_eq!(name(0x6969_i64), Some("NFS"));
        assert_eq!(name(0xff53_4d42_i64), Some("CIFS"));
        assert_eq!(
            name(i64::from(0xff53_4d42_u32.cast_signed())),
            Some("CIFS"),
            "kept in 32 bits"
        );
        assert_eq!(name(0xef53_i64), None, "ext4");
        let dir = tempfile::tempdir().unwrap();
        must_be_own(dir.path()).unwrap();
        let error = RunnerError::Shared {
            path: "/home/eval/.fleet".into(),
            kind: "NFS".to_owned(),
        };
        assert!(
            error
                .to_string()
                .contains("give the host a `root` on a disk of its own")
        );
    }
}
