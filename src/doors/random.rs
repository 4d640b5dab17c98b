//! Randomness, from the kernel. For names that must not meet by chance, and for nothing else.

use std::io::Read as _;

/// Sixteen random hex digits: no two calls give the same, in practice.
pub fn token() -> std::io::Result<String> {
    let mut bytes = [0; 8];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes)))
}
