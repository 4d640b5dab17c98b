//! What lives on this machine, as `/proc` tells it.

use std::fs;
use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A live process.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) argv: Vec<u8>,
    pub(crate) environ: Vec<u8>,
    pub(crate) cwd: PathBuf,
}

impl Process {
    /// Does it work in this directory, or has it been told to work there?
    pub(crate) fn is_at(&self, dir: &Path) -> bool {
        self.cwd.starts_with(dir) || contains(&self.argv, dir.as_os_str().as_encoded_bytes())
    }

    /// Sends it a signal; it may be gone already.
    pub(crate) fn send(&self, signal: Signal) {
        let _ = kill(Pid::from_raw(self.pid), signal);
    }

    /// Is this text in its environment?
    pub(crate) fn knows(&self, text: &str) -> bool {
        contains(&self.environ, text.as_bytes())
    }
}

/// Every process that may be looked at. Dead ones that wait for their parent are none.
pub(crate) fn all() -> Vec<Process> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let argv = fs::read(entry.path().join("cmdline")).ok()?;
            let environ = fs::read(entry.path().join("environ")).unwrap_or_default();
            let cwd = fs::read_link(entry.path().join("cwd")).unwrap_or_default();
            (!argv.is_empty()).then_some(Process {
                pid,
                argv,
                environ,
                cwd,
            })
        })
        .collect()
}

/// Does this have that in it?
pub(crate) fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
