//! The machine: disk, memory, engine, network, and hosts that are lost.

use super::Advice;

pub(super) const FULL_DISK: Advice = Advice {
    why: "the host's disk or its engine's is full",
    what: "free space there: `docker system df` tells what takes it",
    run: &[
        "fleet images prune --host {host}",
        "fleet resume host {host}",
        "fleet retry --fault {fault}",
    ],
};

pub(super) const FILES: Advice = Advice {
    why: "the host could not read or write its files",
    what: "free space there, or look for a damaged disk (`dmesg`)",
    run: &[
        "fleet doctor",
        "fleet resume host {host}",
        "fleet retry --fault {fault}",
    ],
};

pub(super) const ENGINE: Advice = Advice {
    why: "the host's Docker engine is down, missing, overloaded, or refuses the user",
    what: "start it, or add the user to group docker",
    run: &[
        "fleet doctor",
        "fleet resume host {host}",
        "fleet retry --fault {fault}",
    ],
};

pub(super) const LEFTOVERS: Advice = Advice {
    why: "something that earlier runs left on the host is in the way",
    what: "remove containers that are not needed (`docker ps`)",
    run: &[
        "fleet doctor",
        "fleet resume host {host}",
        "fleet retry --fault {fault}",
    ],
};

pub(super) const MEMORY: Advice = Advice {
    why: "the host ran out of memory, or another process killed the program or its container",
    what: "give the host fewer `slots`, or limit the tests with `memory`",
    run: &["fleet doctor", "fleet retry --fault {fault}"],
};

pub(super) const CRASH: Advice = Advice {
    why: "a program crashed; it may be built for another architecture",
    what: "set `arch` of the host and `platform` in `[images]`",
    run: &["fleet doctor", "fleet retry --fault {fault}"],
};

pub(super) const STORE: Advice = Advice {
    why: "the host cannot reach the image store, or the store's answer is not S3's",
    what: "try `curl` from the host; correct `endpoint`",
    run: &[
        "fleet doctor",
        "fleet resume host {host}",
        "fleet retry --fault {fault}",
    ],
};

pub(super) const LIMITS: Advice = Advice {
    why: "the host could not start a program",
    what: "look at the limits on processes and memory there",
    run: &["fleet doctor", "fleet retry --fault {fault}"],
};

pub(super) const LOST: Advice = Advice {
    why: "the host was rebooted, or a signal killed the supervisor",
    what: "nothing, if the job went on elsewhere; drain the host if it happens again",
    run: &["fleet doctor", "fleet retry --fault {fault}"],
};
