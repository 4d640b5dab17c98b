//! The machine of the engine: its memory, and the disk that containers write to.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{DockerError, ask};

/// For one question.
const PATIENCE: Duration = Duration::from_mins(2);

/// What is left to the machine itself, at least and at most; between them a sixteenth.
const RESERVE: (u64, u64) = (512 << 20, 4 << 30);

/// What the engine says of its machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Bytes of memory; 0 if it does not say.
    memory: u64,
    /// Where images and containers lie.
    data_root: PathBuf,
}

impl Machine {
    /// Asks the engine.
    pub fn ask() -> Result<Machine, DockerError> {
        let text = ask(
            &["info", "--format", "{{.MemTotal}} {{.DockerRootDir}}"],
            PATIENCE,
        )?;
        Ok(Machine::read(&text))
    }

    fn read(text: &str) -> Machine {
        let (memory, data_root) = text.trim().split_once(' ').unwrap_or_default();
        Machine {
            memory: memory.parse().unwrap_or(0),
            data_root: data_root.into(),
        }
    }

    /// Most memory for a container where nobody says: all but a reserve, shared by so many at a time. Then one that eats all
    /// that there is dies by its own limit, and takes nobody with it. None where the machine is not known.
    pub fn memory_limit(&self, shares: u32) -> Option<u64> {
        let reserve = (self.memory / 16)
            .clamp(RESERVE.0, RESERVE.1)
            .min(self.memory / 2);
        Some((self.memory - reserve) / u64::from(shares.max(1))).filter(|limit| *limit > 0)
    }

    /// Where images and containers lie.
    pub fn data_root(&self) -> &Path {
        &self.data_root
    }
}

/// Arguments of `docker run` for a limit of memory: no swap beyond it.
pub fn memory_args(limit: Option<u64>) -> Vec<String> {
    let args = |limit| [format!("--memory={limit}"), format!("--memory-swap={limit}")];
    limit.map(args).into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_the_machines_memory_less_a_reserve() {
        let limit = |gib: u64, shares| {
            let machine = Machine::read(&format!("{} /var/lib/docker\n", gib << 30));
            machine.memory_limit(shares).unwrap() >> 20
        };
        assert_eq!(limit(1, 1), 512);
        assert_eq!(limit(4, 1), 4096 - 512);
        assert_eq!(limit(32, 1), (32 << 10) - 2048);
        assert_eq!(limit(256, 1), (256 << 10) - 4096);
        assert_eq!(limit(32, 2), (16 << 10) - 1024);
        assert_eq!(limit(32, 0), limit(32, 1));
    }

    #[test]
    fn a_machine_that_is_not_known_has_no_limit() {
        for text in ["", "0 /var/lib/docker", "much /x"] {
            assert_eq!(Machine::read(text).memory_limit(1), None, "{text:?}");
        }
        assert_eq!(Machine::read("7 /a b\n").data_root(), Path::new("/a b"));
        assert_eq!(memory_args(None), [""; 0]);
        assert_eq!(memory_args(Some(7)), ["--memory=7", "--memory-swap=7"]);
    }
}
