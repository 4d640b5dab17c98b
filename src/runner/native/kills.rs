//! What the kernel has killed for want of memory: in one container, or on the whole host.
//!
//! Invariant: what is killed in one container says nothing of another. The host's own count is the last thing that is
//! asked, since the kills of all containers are in it.

use std::fs;

use crate::runner::cgroup;

/// What the kernel has killed in a container that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kills {
    /// How many processes.
    pub(super) processes: u64,
    /// How often the container met its own limit; not every kernel counts this.
    pub(super) limits_met: Option<u64>,
    /// It has used all that its own limit allows, at some time; told only where that count is not.
    pub(super) was_at_limit: bool,
}

impl Kills {
    /// What was killed in the container of this process. None if its control group is not to be seen here, as with an
    /// engine on another machine.
    pub(super) fn in_container_of(pid: i32) -> Option<Kills> {
        if let Some(group) = cgroup::of(pid, "memory") {
            let text = |name: &str| fs::read_to_string(group.join(name));
            let bytes = |name: &str| text(name).ok()?.trim().parse::<u64>().ok();
            let most = bytes("memory.max_usage_in_bytes");
            let was_at_limit = most >= bytes("memory.limit_in_bytes").filter(|limit| *limit > 0);
            return Kills::read_old(&text("memory.oom_control").ok()?, most.is_some() && was_at_limit);
        }
        let group = cgroup::of(pid, "")?;
        Kills::read(&fs::read_to_string(group.join("memory.events")).ok()?)
    }

    fn read(text: &str) -> Option<Kills> {
        Some(Kills {
            processes: count(text, "oom_kill")?,
            limits_met: count(text, "oom"),
            was_at_limit: false,
        })
    }

    /// The old kind of control group does not say whose limit it was.
    fn read_old(text: &str, was_at_limit: bool) -> Option<Kills> {
        Some(Kills {
            processes: count(text, "oom_kill")?,
            limits_met: None,
            was_at_limit,
        })
    }
}

/// How many processes the kernel has killed on this host since it began, in all containers and outside of them.
pub(super) fn on_this_host() -> Option<u64> {
    count(&fs::read_to_string("/proc/vmstat").ok()?, "oom_kill")
}

fn count(text: &str, name: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_control_groups_are_read() {
        let unified = "low 0\nhigh 0\nmax 3\noom 2\noom_kill 1\noom_group_kill 0\n";
        assert_eq!(
            Kills::read(unified),
            Some(Kills {
                processes: 1,
                limits_met: Some(2),
                was_at_limit: false,
            })
        );
        let old = "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n";
        assert_eq!(
            Kills::read_old(old, true),
            Some(Kills {
                processes: 4,
                limits_met: None,
                was_at_limit: true,
            })
        );
        assert_eq!(Kills::read_old("oom_kill_disable 0\nunder_oom 0\n", true), None);
    }
}
