//! The binary: everything is in the library.

use std::process::ExitCode;

/// The allocator of the static binary's libc has one lock for all threads: plays and coordinator would wait for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    fleet::cli::main()
}
