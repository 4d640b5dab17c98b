//! The set-up: fleet.toml, credentials, and the harness on the hosts.

use super::Advice;

pub(super) const REFUSED_BY_STORE: Advice = Advice {
    why: "the store refuses the coordinator",
    what: "run `aws sso login`; look at the bucket's policy and at `region` in `[images]`",
    run: &["fleet retry --fault {fault}"],
};

pub(super) const NO_ADDRESS: Advice = Advice {
    why: "no address could be signed for the image, or it had expired when the job used it",
    what: "renew your credentials; raise `expires`",
    run: &["fleet retry --fault {fault}"],
};

pub(super) const NO_RANGES: Advice = Advice {
    why: "the image store does not speak S3",
    what: "correct `endpoint` in `[images]`",
    run: &["fleet retry --fault {fault}"],
};

pub(super) const BAD_NAME: Advice = Advice {
    why: "no image can have this name",
    what: "correct the instance's id or `image_storage_uri`; unset `RUNTIME_CONTAINER_IMAGE`",
    run: &["fleet retry --fault {fault}"],
};

pub(super) const NOT_IN_CONFIG: Advice = Advice {
    why: "`fleet.toml` no longer has a pipeline, model or agent that the job was dispatched with",
    what: "put it back into `fleet.toml`",
    run: &["fleet retry --fault {fault}"],
};

pub(super) const NO_DATA: Advice = Advice {
    why: "the job was found on a host, but its dataset or trajectory is not on this machine",
    what: "dispatch the assignment that names it, with the same data",
    run: &["fleet retry --fault {fault}"],
};

pub(super) const NO_AGENT: Advice = Advice {
    why: "the agent is not on that host, or `fleet.toml` names another place",
    what: "correct `harness` of the host or `run` of the agent, or install it there",
    run: &[
        "fleet deploy",
        "fleet resume host {host}",
        "fleet retry --fault {fault}",
    ],
};

pub(super) const HARNESS_INCOMPLETE: Advice = Advice {
    why: "the harness on that host is incomplete, or another version",
    what: "deploy the whole tree again",
    run: &[
        "fleet verify",
        "fleet deploy",
        "fleet resume host {host}",
        "fleet retry --fault {fault}",
    ],
};

pub(super) const POETRY: Advice = Advice {
    why: "poetry is not on the `PATH` of a login without terminal, or too old for the kernel",
    what: "install or update it there",
    run: &[
        "fleet doctor",
        "fleet resume host {host}",
        "fleet retry --fault {fault}",
    ],
};

pub(super) const SET_UP_WRONGLY: Advice = Advice {
    why: "the harness or the model is set up wrongly",
    what: "correct the harness's `config.toml` or the agent's arguments",
    run: &["fleet deploy", "fleet retry --fault {fault}"],
};

pub(super) const LOG_CUT: Advice = Advice {
    why: "expected tests may be in the part of the log that was not kept",
    what: "raise `log_cap`",
    run: &["fleet retry --fault {fault}"],
};

pub(super) const TOO_LONG: Advice = Advice {
    why: "it printed nothing and used no CPU for `stall`, or it ran longer than `deadline`",
    what: "see where it was (`fleet logs`); raise the limit if it was working",
    run: &["fleet logs {job}", "fleet retry --fault {fault}"],
};
