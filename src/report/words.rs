//! Words for people: plural forms, sizes, and how things ended. In one place, so that they agree.

use crate::domain::journal::Ending;

/// `1 job`, `3 jobs`.
pub fn count(n: impl TryInto<u64>, one: &str, many: &str) -> String {
    let n = n.try_into().unwrap_or(u64::MAX);
    format!("{n} {}", if n == 1 { one } else { many })
}

/// So many jobs.
pub fn jobs(n: usize) -> String {
    count(n, "job", "jobs")
}

/// `512 B`, `3.4 MB`: powers of a thousand, one decimal.
pub fn bytes(n: u64) -> String {
    let mut unit = "B";
    let (mut whole, mut tenth) = (n, 0);
    for next in ["kB", "MB", "GB", "TB"] {
        if whole < 1000 {
            break;
        }
        (tenth, whole, unit) = (whole % 1000 / 100, whole / 1000, next);
    }
    if unit == "B" {
        format!("{whole} B")
    } else {
        format!("{whole}.{tenth} {unit}")
    }
}

/// How a step ended.
pub fn ending(ending: &Ending) -> String {
    match ending {
        Ending::Exit(0) => "ended well".to_owned(),
        Ending::Exit(code) => format!("exit code {code}"),
        Ending::Signal(signal) => format!("signal {signal}"),
        Ending::Deadline => "deadline passed".to_owned(),
        Ending::Stall => "stalled".to_owned(),
        Ending::Cancelled => "cancelled".to_owned(),
        Ending::NotStarted(why) => format!("not started: {why}"),
        Ending::HostFault(why) => format!("host fault: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_sizes_read_well() {
        assert_eq!([jobs(0), jobs(1), jobs(2)], ["0 jobs", "1 job", "2 jobs"]);
        assert_eq!(
            [0, 999, 1000, 3_450_000, 2_000_000_000_000_000].map(bytes),
            ["0 B", "999 B", "1.0 kB", "3.4 MB", "2000.0 TB"]
        );
    }
}
