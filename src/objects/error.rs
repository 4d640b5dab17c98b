//! What can go wrong with an object store, told apart, each with what to do.

use crate::domain::fault::{Again, Fault, FaultName};
use crate::text::sanitize_excerpt;

/// Why the store did not give what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// There is no such object or bucket.
    #[error("{0} does not exist; upload the image, or correct the bucket and prefix in fleet.toml")]
    Missing(String),
    /// The store knows us and says no.
    #[error(
        "{place} may not be read ({why}); check the policy of the bucket and whose credentials these are"
    )]
    Denied {
        /// The object.
        place: String,
        /// The store's word.
        why: String,
    },
    /// There are no credentials.
    #[error(
        "there are no credentials for {place}{}; run `aws configure` or `aws sso login`, or set AWS_PROFILE",
        detail(why)
    )]
    NoCredentials {
        /// The object.
        place: String,
        /// What the chain of providers says.
        why: String,
    },
    /// The credentials were good once.
    #[error("the credentials for {0} have expired; run `aws sso login` or renew them")]
    Expired(String),
    /// The bucket lives elsewhere.
    #[error("{place} is in another region ({why}); correct the region in fleet.toml")]
    OtherRegion {
        /// The object.
        place: String,
        /// The store's word.
        why: String,
    },
    /// No answer.
    #[error(
        "the store of {place} cannot be reached ({why}); check the endpoint in fleet.toml and the network"
    )]
    Unreachable {
        /// The object.
        place: String,
        /// What happened.
        why: String,
    },
    /// An answer that is none.
    #[error("the store of {place} answers oddly: {why}")]
    Odd {
        /// The object.
        place: String,
        /// What it says.
        why: String,
    },
}

/// What the chain of providers says, unless that is only that it has nothing: then it lists every provider there is.
fn detail(why: &str) -> String {
    if why.starts_with("no credentials found in chain") {
        return String::new();
    }
    format!(" ({why})")
}

impl ObjectError {
    /// What it is called, and what to do.
    pub fn blame(&self) -> (FaultName, Again) {
        match self {
            ObjectError::Missing(_) => (FaultName::ImageMissing, Again::Never),
            ObjectError::Denied { .. } => (FaultName::ImageForbidden, Again::Never),
            ObjectError::NoCredentials { .. } => (FaultName::NoCredentials, Again::Never),
            ObjectError::Expired(_) => (FaultName::CredentialsExpired, Again::Never),
            ObjectError::OtherRegion { .. } => (FaultName::OtherRegion, Again::Never),
            ObjectError::Unreachable { .. } => (FaultName::StoreUnreachable, Again::Anywhere),
            ObjectError::Odd { .. } => (FaultName::StoreOdd, Again::Anywhere),
        }
    }

    /// As a verdict keeps it.
    pub fn fault(&self) -> Fault {
        let (name, again) = self.blame();
        Fault::new(name, again, sanitize_excerpt(&self.to_string(), usize::MAX))
    }
}
