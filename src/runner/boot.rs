//! Which machine this is, and which life of it.

use std::io::ErrorKind;

use super::error::{Doing as _, RunnerError};
use super::processes;

/// Where Linux keeps the name of an installation.
const MACHINE: &str = "/etc/machine-id";

/// The kernel's boot id and the start of process 1: a container that is restarted lives on the same
/// kernel, but not with the same first process.
pub(super) fn identity() -> Result<String, RunnerError> {
    let path = "/proc/sys/kernel/random/boot_id";
    let kernel = std::fs::read_to_string(path).doing(|| format!("read {path}"))?;
    // One that the system hides is hidden always; anything else must not look like another life.
    let first = processes::look(1).doing(|| "look at process 1")?;
    let first = first.map_or(0, |process| process.started);
    Ok(format!("{}-{first}", kernel.trim()))
}

/// The name of this machine; none if it has none.
pub(super) fn machine() -> Result<Option<String>, RunnerError> {
    match std::fs::read_to_string(MACHINE) {
        Ok(text) => Ok(named(&text)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => Ok(None),
        Err(error) => Err(error).doing(|| format!("read {MACHINE}")),
    }
}

/// 128 bits in hexadecimal; an image that is not set up yet has another word there, or none.
fn named(text: &str) -> Option<String> {
    let id = text.trim();
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_looks_in_one_life_agree() {
        let one = super::identity().unwrap();
        assert_eq!(one, super::identity().unwrap());
        assert!(one.len() > 36, "{one}");
    }

    #[test]
    fn a_machine_that_is_not_set_up_has_no_name() {
        for none in ["", "uninitialized\n", "no id at all"] {
            assert_eq!(super::named(none), None, "{none:?}");
        }
        let id = "3d1219c7c4c5404aaa1f6d2a48adfda4";
        assert_eq!(
            super::named(&format!("{}\n", id.to_uppercase())).as_deref(),
            Some(id)
        );
    }
}
