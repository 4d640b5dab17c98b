//! The image of an instance: its archive, its contents, its repairs.

use super::{Advice, advice};

pub(super) const ALL: &[Advice] = &[
    advice(
        &["image-missing", "object-missing"],
        "the archive is gone from the store, or the image from the engine",
        "upload it, or correct the dataset's `image_storage_uri`",
        &["fleet retry --fault {fault}"],
    ),
    advice(
        &["image-torn", "image-corrupt", "image-unreadable", "image-changed"],
        "the archive is cut short, damaged, not an image, or was replaced while it was read",
        "upload it again; nothing of it was loaded",
        &["fleet retry --fault {fault}"],
    ),
    advice(
        &["wrong-platform"],
        "the image is built for another kind of machine",
        "set `platform` in `[images]`, or upload another image",
        &["fleet retry --fault {fault}"],
    ),
    advice(
        &[
            "base-commit-missing",
            "no-base-commit",
            "no-repository",
            "no-git",
            "no-bash",
            "no-shell",
            "image-unusable",
            "cannot-restore",
        ],
        "the image is not the instance's, or lacks what evaluation needs",
        "correct `base_commit` and `repo_path`, or upload the right image",
        &["fleet retry --fault {fault}"],
    ),
    advice(
        &["other-repository", "wrong-image-tagged"],
        "a tag on the host belongs to another instance's image",
        "remove the images there; they are fetched again",
        &["fleet images prune --host {host}", "fleet retry --fault {fault}"],
    ),
    advice(
        &["repair-failed", "tmux-missing", "packages-unreachable"],
        "the image lacks a program, and no recipe could put it there",
        "read what the recipe printed; correct `[[repair]]`, or build the program into the image",
        &["fleet logs --phase image {job}", "fleet retry --fault {fault}"],
    ),
    advice(
        &["environment-broken"],
        "the tests could not be started in the image",
        "read `test_output.log.gz`; correct the image or `test_command`, or give tests that install packages a `[[network]]`",
        &[
            "fleet logs --phase evaluation {job}",
            "fleet retry --fault {fault}",
        ],
    ),
    advice(
        &["runtime-build-slow"],
        "the agent's runtime image was not built in time; a very large base image may be why",
        "raise the `deadline` of the trajectory, or make the image smaller",
        &["fleet retry --fault {fault}"],
    ),
    advice(
        &["image-in-use", "image-not-ours"],
        "an image to be removed is in use, or `fleet` did not bring it",
        "remove the container first; images of others are left alone",
        &["fleet images --host {host}"],
    ),
];
