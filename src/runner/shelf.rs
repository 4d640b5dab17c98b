//! The images of this host, for a coordinator that asks: seen, fetched ahead of the jobs, removed.

use std::collections::BTreeMap;

use super::clean;
use super::image::{self, block_on};
use super::root::Root;
use crate::docker::owner;
use crate::domain::swe::Image;
use crate::domain::wire::Answer;
use crate::images::{self, ImageError, PART_SIZE, PARTS, STALL, Shelved, Wanted};

/// Every image that was made ready here, and every one that the harness has built, in these repositories.
pub(super) fn list(root: &Root, runtimes: &[String]) -> Answer {
    answer(images::list(root.path(), runtimes))
}

/// Makes an image ready before a job needs it.
pub(super) fn prefetch(root: &Root, image: &Image, url: Option<&str>) -> Answer {
    let mut labels = BTreeMap::from([(clean::PREFETCH.to_owned(), clean::signature())]);
    let identity = owner::identity(root.path()).ok();
    labels.extend(identity.map(|identity| (owner::LABEL.to_owned(), identity)));
    let wanted = Wanted {
        image,
        url,
        labels: &labels,
        root: root.path(),
        parts: PARTS,
        part_size: PART_SIZE,
        stall: STALL,
    };
    let ready = match image::prepare(&wanted, &mut |_| {}) {
        Ok(ready) => ready,
        Err(fault) => return Answer::Fault(fault),
    };
    let found = images::list(root.path(), &[]).map(|all| {
        let ours = all.into_iter().filter(|shelved| shelved.id == ready.id);
        ours.map(|shelved| Shelved {
            moved: ready.moved,
            ..shelved
        })
        .collect()
    });
    answer(found)
}

/// Removes an image that no container uses.
pub(super) fn discard(root: &Root, source: &str, runtimes: &[String]) -> Answer {
    let removed = block_on(images::remove(root.path(), source, runtimes));
    match removed {
        Ok(removed) => answer(removed.map(|one| vec![one])),
        Err(fault) => Answer::Fault(fault),
    }
}

fn answer(images: Result<Vec<Shelved>, ImageError>) -> Answer {
    match images {
        Ok(images) => Answer::Images(images),
        Err(error) => Answer::Fault(error.fault()),
    }
}
