//! What a host's own facts amount to.

use super::{HealthCheck, check};
use crate::domain::Span;
use crate::domain::host::HostConfig;
use crate::domain::memory::{self, MemoryLimit};
use crate::domain::wire::{Facts, Program};
use crate::doors::clock;
use crate::report::words;

/// A disk that has less than this free will soon fail jobs for no fault of theirs.
pub(super) const DISK: u64 = 10 << 30;
/// Clocks further apart than this make ages in `status` misleading, and signed URLs invalid.
const SKEW: Span = Span::seconds(60);
/// With less memory than this, the kernel ends tests.
const MEMORY: u64 = 3 << 30;
/// With less memory free than this, it ends what is started next.
const FREE_MEMORY: u64 = 256 << 20;

/// The checks of a host that answered.
pub(super) fn check_facts(
    host: &HostConfig,
    facts: &Facts,
    platform: Option<&str>,
    limit: Option<MemoryLimit>,
) -> Vec<HealthCheck> {
    let name = host.name.as_str();
    let containers = platform.is_some();
    let skew = Span((facts.now.0 - clock::now().0).unsigned_abs());
    let low = |free: u64, least: u64, remedy: &str| (free < least).then(|| remedy.to_owned());
    let mut checks = vec![
        check(
            name,
            "link",
            format!(
                "fleet {} on {} ({})",
                env!("CARGO_PKG_VERSION"),
                facts.hostname,
                facts.os
            ),
            None,
        ),
        version(
            name,
            "rsync",
            &facts.rsync,
            Some("install it there (apt install rsync): results come home with it"),
        ),
        version(
            name,
            "docker",
            &facts.docker,
            containers.then(|| docker(&facts.docker)),
        ),
        check(
            name,
            "disk",
            format!(
                "{} free of {}",
                words::bytes(facts.disk.1),
                words::bytes(facts.disk.0)
            ),
            low(
                facts.disk.1,
                DISK.min(facts.disk.0 / 20),
                "free some space there (`fleet images prune`; docker system df; old results)",
            ),
        ),
        check(
            name,
            "inodes",
            format!("{} free of {}", facts.inodes.1, facts.inodes.0),
            low(
                facts.inodes.1,
                facts.inodes.0 / 50,
                "remove many small files there",
            ),
        ),
        memory_check(host, facts, containers, limit),
        check(
            name,
            "clock",
            format!("{skew} apart from here"),
            (skew > SKEW).then(|| "set the clock there (timedatectl set-ntp true)".to_owned()),
        ),
        check(name, "slots", slots(host, facts), None),
    ];
    if facts.arch != host.arch {
        checks.push(check(
            name,
            "arch",
            format!("it is {}, fleet.toml says {}", facts.arch, host.arch),
            Some("correct `arch` of the host in fleet.toml".to_owned()),
        ));
    }
    if let Some(platform) = platform.filter(|platform| !runs(&facts.arch, platform)) {
        checks.push(check(
            name,
            "platform",
            format!("it is {}, images are for {platform}", facts.arch),
            Some("take a host of that kind: emulated tests crash (exit 139)".to_owned()),
        ));
    }
    checks
}

/// How much there is, and how much of it the tests of a job get.
fn memory_check(
    host: &HostConfig,
    facts: &Facts,
    containers: bool,
    limit: Option<MemoryLimit>,
) -> HealthCheck {
    let (all, free) = facts.memory;
    let mut told = format!("{} free of {}", words::bytes(free), words::bytes(all));
    let mut remedy = ((containers && all < MEMORY) || free < FREE_MEMORY)
        .then(|| "end what uses it (ps aux --sort=-rss), or take a larger machine".to_owned());
    if containers {
        let each = MemoryLimit::of_container(limit, all, host.slots);
        told += &each.map_or_else(
            || "; tests have no limit, and may stop the host".to_owned(),
            |bytes| format!("; tests of a job get {}", words::bytes(bytes)),
        );
        let jobs = each.map_or(u64::MAX, |bytes| memory::fits(all, bytes));
        if jobs < u64::from(host.slots) {
            let why = format!(
                "it is enough for {jobs} of {} slots: write a smaller `memory`",
                host.slots
            );
            remedy.get_or_insert(why);
        }
    }
    check(host.name.as_str(), "memory", told, remedy)
}

fn slots(host: &HostConfig, facts: &Facts) -> String {
    let held: Vec<String> = facts.slots.iter().flatten().map(ToString::to_string).collect();
    if held.is_empty() {
        return format!("{} idle", host.slots);
    }
    format!("{} of {} held by {}", held.len(), host.slots, held.join(", "))
}

/// Docker's word for a machine, and the kernel's.
fn runs(arch: &str, platform: &str) -> bool {
    match platform.split('/').nth(1) {
        Some("amd64") => arch == "x86_64",
        Some("arm64") => arch == "aarch64",
        _ => true,
    }
}

/// The way to an engine that answers.
fn docker(program: &Program) -> &'static str {
    let why = match program {
        Program::Missing(why) => why.to_lowercase(),
        Program::Version(_) => String::new(),
    };
    if why.contains("permission denied") {
        "let the user use it there: sudo usermod -aG docker $USER, then log in again"
    } else if why.contains("cannot connect")
        || why.contains("does not answer")
        || why.contains("connect to the docker")
    {
        "start it there: sudo systemctl restart docker"
    } else {
        "install it there (apt install docker.io) and add the user to group docker; or start it"
    }
}

/// A program on a host; without a remedy it is good to know, and no more.
fn version(place: &str, what: &'static str, program: &Program, remedy: Option<&str>) -> HealthCheck {
    match program {
        Program::Version(version) => check(place, what, version.clone(), None),
        Program::Missing(why) => check(place, what, why.clone(), remedy.map(str::to_owned)),
    }
}
