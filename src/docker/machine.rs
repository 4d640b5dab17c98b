//! The machine of the engine: its memory, and the disk that containers write to.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{DockerError, ask};

/// For one question.
const PATIENCE: Duration = Duration::from_mins(2);

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

    /// Bytes of memory; 0 if it does not say.
    pub fn memory(&self) -> u64 {
        self.memory
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
    fn an_engine_tells_of_its_machine_or_does_not() {
        for text in ["", "0 /var/lib/docker", "much /x"] {
            assert_eq!(Machine::read(text).memory(), 0, "{text:?}");
        }
        assert_eq!(Machine::read("7 /a b\n").data_root(), Path::new("/a b"));
        assert_eq!(memory_args(None), [""; 0]);
        assert_eq!(memory_args(Some(7)), ["--memory=7", "--memory-swap=7"]);
    }
}
