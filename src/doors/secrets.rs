//! What this process knows and must not show: no text leaves it but through the one redactor here, and no other process
//! of the same user reads its memory.

use std::sync::{PoisonError, RwLock};

use crate::domain::Secrets;
use crate::domain::secret::{Hide, Redactor};

static KNOWN: RwLock<(Redactor, Secrets)> = RwLock::new((Redactor::new(), Secrets::none()));

/// From now on these are hidden.
pub fn learn(secrets: &Secrets) {
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    known.0.learn(secrets);
    for (name, value) in secrets.iter() {
        known.1.insert(name.to_owned(), value.to_owned());
    }
}

/// A text as it may be shown.
pub fn hidden(text: &str) -> String {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    known.0.hidden(text)
}

/// Hides them in all texts of a value.
pub fn hide(value: &mut impl Hide) {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    value.hide(&known.0);
}

/// The names of the variables that are known: a caller removes them from the environment of programs it starts.
pub fn names() -> Vec<String> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    known.1.iter().map(|(name, _)| name.to_owned()).collect()
}

/// From now on `/proc` shows other processes of the user neither the memory nor the environment nor the open files of
/// this one, and no core is dumped. Ends with the next `exec`, so each of our processes does it for itself.
pub fn shield() {
    if let Err(error) = nix::sys::prctl::set_dumpable(false) {
        tracing::warn!(%error, "other processes of this user can look into this one");
    }
}
