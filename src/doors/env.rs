//! The environment.

/// A variable, if it is set and is text.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn get(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The user's home directory.
pub fn home() -> Option<std::path::PathBuf> {
    get("HOME").filter(|home| !home.is_empty()).map(Into::into)
}

/// Every variable, text or not. For programs that inherit them.
pub fn all() -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    std::env::vars_os().collect()
}
