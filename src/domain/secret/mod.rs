//! Secrets: values that no text may show, and the one redactor that takes them out of whatever is quoted.
//!
//! Invariant: printing any of this prints names, never values.

mod hide;
mod needle;
mod shape;

pub use hide::Hide;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use needle::Needle;

/// Values that are secret, by the names of their variables.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// None.
    pub const fn none() -> Secrets {
        Secrets(BTreeMap::new())
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// One more.
    pub fn insert(&mut self, name: String, value: String) {
        self.0.insert(name, value);
    }

    /// All names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Those whose names are wanted.
    #[must_use]
    pub fn only(&self, wanted: impl Fn(&str) -> bool) -> Secrets {
        let some = self.iter().filter(|(name, _)| wanted(name));
        some.map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl FromIterator<(String, String)> for Secrets {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Secrets {
        Secrets(pairs.into_iter().collect())
    }
}

impl<const N: usize> From<[(String, String); N]> for Secrets {
    fn from(pairs: [(String, String); N]) -> Secrets {
        pairs.into_iter().collect()
    }
}

/// Takes secrets out of texts: the values that it knows, however they are spelled, and what looks like a secret
/// wherever it stands.
#[derive(Clone, Default)]
pub struct Redactor {
    needles: Vec<Needle>,
}

impl Redactor {
    /// One that knows no value.
    pub const fn new() -> Redactor {
        Redactor { needles: Vec::new() }
    }

    /// From now on it knows these values, too. Values of less than four bytes are not looked for: they hide nothing, and
    /// are in every text.
    pub fn learn(&mut self, secrets: &Secrets) {
        for (name, value) in secrets.iter() {
            for needle in Needle::all(name, value) {
                if !self.needles.contains(&needle) {
                    self.needles.push(needle);
                }
            }
        }
    }

    /// The text as it may be shown: `[NAME]` in place of a value, `[hidden]` in place of what looks like one.
    pub fn hidden(&self, text: &str) -> String {
        shape::hidden(&self.without_values(text))
    }

    fn without_values(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let (mut copied, mut at) = (0, 0);
        while at < text.len() && !self.needles.is_empty() {
            let found = self.needles.iter().filter_map(|needle| {
                let (from, to) = needle.at(text, copied, at)?;
                Some((to, from, needle.name()))
            });
            match found.max_by_key(|(to, from, _)| (*to, usize::MAX - *from)) {
                Some((to, from, name)) => {
                    shown.push_str(&text[copied..from]);
                    shown.extend(["[", name, "]"]);
                    (copied, at) = (to, to);
                }
                None => at += 1,
            }
        }
        shown.push_str(&text[copied..]);
        shown
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.needles.iter().map(Needle::name))
            .finish()
    }
}

#[cfg(test)]
mod tests;
