//! Files in places where others write, too: opened without following a link, read up to a bound, replaced whole, locked.
//!
//! Invariant: a name is never taken for the file that was meant. What is opened for reading is not a link's target; what is
//! written is a new file under a name of its own, until it is renamed.

mod lock;
mod open;
mod read;
mod replace;

pub use lock::{FileLock, open_lock, try_lock};
pub use open::{create_empty, create_new, is_no_file, open_below, open_no_follow, open_plain};
pub use read::{hash_file, read_beginning, read_plain};
pub use replace::{Durability, copy_over, remove_any, replace, replace_foreign, sync_dir};

/// The mode of a file for its owner alone.
pub const OWNER_ONLY: u32 = 0o600;
/// The mode of a file that is open to those whom the umask lets in.
pub const AS_UMASK: u32 = 0o666;
