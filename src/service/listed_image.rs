//! One image of one host, as it is listed.

use serde::Serialize;

use crate::domain::HostName;
use crate::domain::wire::Shelved;

/// One image of one host.
#[derive(Debug, Serialize)]
pub struct ListedImage {
    /// The host.
    pub host: HostName,
    /// Of an instance, or a runtime image.
    pub kind: &'static str,
    #[serde(flatten)]
    /// What the host says of it.
    pub image: Shelved,
}
