//! The dataset: what it says of an instance cannot be used.

use super::Advice;

pub(super) const WRONG_DATA: Advice = Advice {
    why: "the dataset's data for the instance is wrong",
    what: "correct the dataset, check it, and dispatch it under another name: a job keeps the data that it was dispatched with",
    run: &["fleet logs {job}"],
};

pub(super) const UNREADABLE: Advice = Advice {
    why: "the dataset, or the trajectory that was given, cannot be read",
    what: "correct the file, check it, and dispatch it under another name: a job keeps the data that it was dispatched with",
    run: &["fleet logs {job}"],
};

pub(super) const DISTRUSTED: Advice = Advice {
    why: "calibration found that the instance's own solution does not pass, or that no solution is needed",
    what: "correct the dataset or the image, and calibrate again; until then its verdicts do not count",
    run: &["fleet logs --phase evaluation {job}"],
};
