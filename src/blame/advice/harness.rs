//! The harness, agents and programs: ended without what they had to leave.

use super::Advice;

pub(super) const NO_RESULT: Advice = Advice {
    why: "the agent ended without a result, and said nothing that is known as a cause",
    what: "look at what it said",
    run: &[
        "fleet logs --phase trajectory {job}",
        "fleet retry --fault {fault}",
    ],
};

pub(super) const BROKEN_OFF: Advice = Advice {
    why: "the evaluation did not come to its end",
    what: "read its log; another try may succeed",
    run: &["fleet logs {job}", "fleet retry --fault {fault}"],
};

pub(super) const GRADED_WRONGLY: Advice = Advice {
    why: "a run whose shell failed was counted as resolved",
    what: "grade it again; the evidence is kept",
    run: &["fleet regrade"],
};

pub(super) const PROGRAM: Advice = Advice {
    why: "a program of the pipeline failed, and `fleet` does not know its errors",
    what: "read its log; correct it, and run its jobs again",
    run: &["fleet logs {job}", "fleet retry --fault {fault}"],
};

pub(super) const GIVEN_UP: Advice = Advice {
    why: "every try of the job ended early",
    what: "read its history; remove the cause, and run it again",
    run: &["fleet history {job}", "fleet retry --fault {fault}"],
};
