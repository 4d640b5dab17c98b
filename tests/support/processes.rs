//! What lives on this machine, as `/proc` tells it.

use std::fs;

/// A live process.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) argv: Vec<u8>,
    pub(crate) environ: Vec<u8>,
}

impl Process {
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
            (!argv.is_empty()).then_some(Process { pid, argv, environ })
        })
        .collect()
}

/// Does this have that in it?
pub(crate) fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
