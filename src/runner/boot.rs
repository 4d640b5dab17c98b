//! Which life of the machine this is.

use super::error::{Doing as _, RunnerError};
use super::processes;

/// The kernel's boot id and the start of process 1: a container that is restarted lives on the same
/// kernel, but not with the same first process.
pub(super) fn identity() -> Result<String, RunnerError> {
    let path = "/proc/sys/kernel/random/boot_id";
    let kernel = std::fs::read_to_string(path).doing(|| format!("read {path}"))?;
    let first = processes::read(1).map_or(0, |process| process.started);
    Ok(format!("{}-{first}", kernel.trim()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_looks_in_one_life_agree() {
        let one = super::identity().unwrap();
        assert_eq!(one, super::identity().unwrap());
        assert!(one.len() > 36, "{one}");
    }
}
