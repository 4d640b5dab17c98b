//! Parts of `fleet` against the real thing: engines, images, object stores, and the phases of a job.

mod images;
mod native;
mod object_store;
mod objects;
mod podman;
mod service;
mod swe;
