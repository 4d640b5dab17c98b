//! The image of an instance: its archive, its contents, its repairs.

use super::Advice;

pub(super) const UPLOAD: Advice = Advice {
    why: "the archive is gone from the store, or the image from the engine",
    what: "upload it, or correct the dataset's `image_storage_uri`",
    run: &["fleet retry --fault {fault}"],
};

pub(super) const UPLOAD_AGAIN: Advice = Advice {
    why: "the archive is cut short, damaged, not an image, or was replaced while it was read",
    what: "upload it again; nothing of it was loaded",
    run: &["fleet retry --fault {fault}"],
};

pub(super) const OTHER_PLATFORM: Advice = Advice {
    why: "the image is built for another kind of machine",
    what: "set `platform` in `[images]`, or upload another image",
    run: &["fleet retry --fault {fault}"],
};

pub(super) const NOT_THE_INSTANCES: Advice = Advice {
    why: "the image is not the instance's, or lacks what evaluation needs",
    what: "correct `base_commit` and `repo_path`, or upload the right image",
    run: &["fleet retry --fault {fault}"],
};

pub(super) const WRONG_TAG: Advice = Advice {
    why: "a tag on the host belongs to another instance's image",
    what: "remove the images there; they are fetched again",
    run: &["fleet images prune --host {host}", "fleet retry --fault {fault}"],
};

pub(super) const NOT_REPAIRED: Advice = Advice {
    why: "the image lacks a program, and no recipe could put it there",
    what: "read what the recipe printed; correct `[[repair]]`, or build the program into the image",
    run: &["fleet logs --phase image {job}", "fleet retry --fault {fault}"],
};

pub(super) const TESTS_NOT_STARTED: Advice = Advice {
    why: "the tests could not be started in the image",
    what: "read `test_output.log.gz`; correct the image or `test_command`, or give tests that install packages a `[[network]]`",
    run: &[
        "fleet logs --phase evaluation {job}",
        "fleet retry --fault {fault}",
    ],
};

pub(super) const SLOW_BUILD: Advice = Advice {
    why: "the agent's runtime image was not built in time; a very large base image may be why",
    what: "raise the `deadline` of the trajectory, or make the image smaller",
    run: &["fleet retry --fault {fault}"],
};

pub(super) const NOT_REMOVED: Advice = Advice {
    why: "an image to be removed is in use, or `fleet` did not bring it",
    what: "remove the container first; images of others are left alone",
    run: &["fleet images --host {host}"],
};
