//! Why an image could not be made ready: whose doing it is, and whether trying again can help.

use std::io;
use std::path::{Path, PathBuf};

use crate::docker::DockerError;
use crate::domain::fault::{Again, Class, Fault, FaultName};
use crate::text::sanitize_excerpt;

/// Why an image could not be made ready. No variant ever holds the signed link.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The engine.
    #[error(transparent)]
    Docker(#[from] DockerError),
    /// Nothing to fetch it with.
    #[error("{0} is not on this host, and the job came without a link to fetch it; dispatch again")]
    NoLink(String),
    /// There is no such object.
    #[error("{0} does not exist; upload the image or correct its name")]
    Missing(String),
    /// The store says no.
    #[error("{place} may not be read ({why}); check the coordinator's credentials and the bucket's policy")]
    Forbidden {
        /// The object.
        place: String,
        /// The store's word.
        why: String,
    },
    /// The link was good once.
    #[error("the link to {0} has expired; the next try gets a new one")]
    Expired(String),
    /// Another object has taken its place while it was read.
    #[error("{0} was replaced while it was being read")]
    Changed(String),
    /// The store does not answer, or not whole.
    #[error("{place} cannot be fetched: {why}")]
    Unreachable {
        /// The object.
        place: String,
        /// What happened last.
        why: String,
    },
    /// The store gives all or nothing.
    #[error("the store of {0} does not serve ranges; use one that speaks S3")]
    NoRanges(String),
    /// The object ends too early.
    #[error("{place} is torn: {why}; upload it again")]
    Torn {
        /// The object.
        place: String,
        /// How that shows.
        why: String,
    },
    /// The object is not what it says it is.
    #[error("{place} is corrupt: {why}; if that stays, upload it again")]
    Corrupt {
        /// The object.
        place: String,
        /// How that shows.
        why: String,
    },
    /// The object is no archive of one image.
    #[error("{place} is no archive of one image: {why}")]
    NotAnImage {
        /// The object.
        place: String,
        /// How that shows.
        why: String,
    },
    /// It is for other machines.
    #[error("the image is for {is}, and {wanted} is wanted")]
    Platform {
        /// What it is for.
        is: String,
        /// What is asked for.
        wanted: String,
    },
    /// What must be in it is not.
    #[error("the image lacks what the task starts from: {0}")]
    NoBase(String),
    /// Nothing can be run in it.
    #[error("nothing can be run in the image: {0}")]
    Unusable(String),
    /// A recipe did not help.
    #[error("the repair `{name}` failed: {why}")]
    RepairFailed {
        /// The recipe.
        name: String,
        /// How.
        why: String,
    },
    /// It would not fit.
    #[error(
        "the image needs {need} MB on the disk of the Docker engine, and {free} MB are free; `fleet images` removes what is not needed"
    )]
    NoSpace {
        /// Megabytes.
        need: u64,
        /// Megabytes.
        free: u64,
    },
    /// The registry cannot be reached.
    #[error("`docker pull {reference}`: {why}")]
    Registry {
        /// What was pulled.
        reference: String,
        /// The engine's words.
        why: String,
    },
    /// It is being used.
    #[error("{image} is used by {containers}; remove the containers first")]
    InUse {
        /// Its name.
        image: String,
        /// Their names.
        containers: String,
    },
    /// It is none of ours.
    #[error("fleet made no image `{0}` ready on this host, and removes no other")]
    NotOurs(String),
    /// Our own files.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: io::Error,
    },
    /// A task of ours died.
    #[error("a part of the work on the image stopped: {0}")]
    Stopped(String),
}

impl ImageError {
    pub(super) fn io(path: &Path, error: impl Into<io::Error>) -> ImageError {
        ImageError::Io {
            path: path.to_owned(),
            error: error.into(),
        }
    }

    /// What it is called, and what to do.
    pub fn blame(&self) -> (FaultName, Again) {
        use Again::{Anywhere, Cleaned, Elsewhere, Never};
        match self {
            ImageError::Docker(error) => error.blame(),
            ImageError::NoLink(_) => (FaultName::ImageLinkMissing, Anywhere),
            ImageError::Missing(_) => (FaultName::ImageMissing, Never),
            ImageError::Forbidden { .. } => (FaultName::ImageForbidden, Never),
            ImageError::Expired(_) => (FaultName::ImageLinkExpired, Anywhere),
            ImageError::Changed(_) => (FaultName::ImageChanged, Anywhere),
            ImageError::Unreachable { .. } => (FaultName::StoreUnreachable, Elsewhere),
            ImageError::NoRanges(_) => (FaultName::StoreWithoutRanges, Never),
            ImageError::Torn { .. } => (FaultName::ImageTorn, Never),
            ImageError::Corrupt { .. } => (FaultName::ImageCorrupt, Anywhere),
            ImageError::NotAnImage { .. } => (FaultName::ImageUnreadable, Never),
            ImageError::Platform { .. } => (FaultName::WrongPlatform, Never),
            ImageError::NoBase(_) => (FaultName::BaseCommitMissing, Never),
            ImageError::Unusable(_) => (FaultName::ImageUnusable, Never),
            ImageError::RepairFailed { .. } => (FaultName::RepairFailed, Anywhere),
            ImageError::NoSpace { .. } => (FaultName::NoSpace, Cleaned),
            ImageError::Registry { .. } => (FaultName::RegistryUnreachable, Elsewhere),
            ImageError::InUse { .. } => (FaultName::ImageInUse, Never),
            ImageError::NotOurs(_) => (FaultName::ImageNotOurs, Never),
            ImageError::Io { error, .. } if error.kind() == io::ErrorKind::StorageFull => {
                (FaultName::NoSpace, Cleaned)
            }
            ImageError::Io { .. } => (FaultName::HostDisk, Elsewhere),
            ImageError::Stopped(_) => (FaultName::ImageWorkStopped, Anywhere),
        }
    }

    /// As the verdict keeps it.
    pub fn fault(&self) -> Fault {
        let (name, again) = self.blame();
        let fault = Fault::new(name, again, sanitize_excerpt(&self.to_string(), usize::MAX));
        match self {
            // What only the text of a failure tells of may be the dataset's mistake; here the image was looked into.
            ImageError::NoBase(_) => Fault {
                class: Class::Image,
                ..fault
            },
            _ => fault,
        }
    }
}
