//! What is asked of an image, and what is answered.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use crate::domain::swe;

/// Whom progress is told.
pub(super) type Say<'a> = &'a mut (dyn FnMut(&str) + Send);

/// An image that is wanted, and how it may be fetched.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// The image.
    pub image: &'a swe::Image,
    /// A signed link to the object. A secret.
    pub url: Option<&'a str>,
    /// What the containers that look into the image are labelled with.
    pub labels: &'a BTreeMap<String, String>,
    /// `~/.fleet`; the records are in `images/` below it.
    pub root: &'a Path,
    /// Ranges under way at once.
    pub parts: usize,
    /// Bytes of each.
    pub part_size: u64,
    /// How long the store may be silent. A slow store is not a silent one.
    pub stall: Duration,
}

impl fmt::Debug for Wanted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wanted")
            .field("image", self.image)
            .finish_non_exhaustive()
    }
}

/// An image that is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// `sha256:…`
    pub id: String,
    /// The same before it was mended: what the archive holds.
    pub loaded: String,
    /// The name that the phases use.
    pub reference: String,
    /// Bytes that came from the store. What a registry sent is not counted.
    pub moved: u64,
    /// Bytes of the archive; of the image, where there is none.
    pub size: u64,
    /// How it came.
    pub how: How,
    /// Where its repository lies.
    pub repo_path: String,
    /// What is worth knowing and no fault.
    pub notes: Vec<String>,
}

/// How an image came to be ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Fleet had made it ready before.
    Cached,
    /// Only missing layers were moved.
    Layers {
        /// Layers that the engine lacked.
        missing: usize,
        /// Layers of the image.
        total: usize,
    },
    /// The whole archive was moved.
    Whole,
    /// From a registry.
    Pulled,
    /// The engine had it.
    Local,
}
