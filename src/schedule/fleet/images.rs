//! Images: which ones jobs need, and what a host lacks of them.

use std::sync::Arc;

use super::{Fleet, HostEntry, ImageNeed};
use crate::domain::event::Stock;
use crate::domain::{HostName, JobId, runtime};

impl Fleet {
    /// Is it known of any job which image it needs?
    pub fn knows_images(&self) -> bool {
        !self.notes.images.is_empty()
    }

    /// The image that a job needs, if it is known.
    pub fn image(&self, job: JobId) -> Option<&Arc<ImageNeed>> {
        self.notes.images.get(&job)
    }

    /// Bytes that must move before this host has this image: of layers that it lacks, where they are known.
    pub fn missing(&self, host: HostEntry<'_>, image: &ImageNeed) -> u64 {
        if host.shelf.contains_key(&image.source) {
            return 0;
        }
        let Some(layers) = self.layers_of(&image.source) else {
            // An image whose size is not known still costs something.
            return image.bytes.max(1);
        };
        let lacks = layers
            .iter()
            .filter(|(digest, _)| !host.layers.contains(digest.as_str()));
        lacks.map(|(_, bytes)| *bytes).sum()
    }

    /// Is this a runtime image that belongs to the image which is needed?
    pub fn is_runtime_of(&self, stock: &Stock, image: &ImageNeed) -> bool {
        stock.runtime.as_ref().is_some_and(|base| {
            let below = self.layers_of(&image.source).unwrap_or_default();
            runtime::belongs(base, &stock.layers, image.names.iter(), below)
        })
    }

    /// The layers of an image that some host has.
    fn layers_of(&self, source: &str) -> Option<&[(String, u64)]> {
        self.index
            .anatomy
            .get(source)
            .map(|stock| stock.layers.as_slice())
    }

    /// Notes that this job is reserved for the host. The image that the host lacks for it, which is on its way now.
    pub fn reserve_next(&mut self, host: &HostName, job: JobId) -> Option<Arc<str>> {
        let images = self.facts.host(host).shelf();
        self.notes.reserve(host, job, |image| images.contains_key(image))
    }
}
