//! Memory of a host, and how much of it tests get: so that tests that eat all there is die by their own limit, and the
//! host lives on.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What is left to the machine itself, at least and at most; between them a sixteenth.
const RESERVE: (u64, u64) = (512 << 20, 4 << 30);

/// The word for no limit at all.
pub const UNLIMITED: &str = "unlimited";

/// Most memory for the tests, where `fleet.toml` says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryLimit {
    /// So many bytes.
    Bytes(u64),
    /// No limit: tests that eat all memory stop the host.
    Unlimited,
}

/// Bytes that a machine with so many has for tests: all but a reserve. None where the machine's are not known.
pub fn for_tests(machine: u64) -> Option<u64> {
    let reserve = (machine / 16).clamp(RESERVE.0, RESERVE.1).min(machine / 2);
    Some(machine - reserve).filter(|bytes| *bytes > 0)
}

/// How many tests a machine has memory for at a time, if each gets so many bytes.
pub fn fits(machine: u64, each: u64) -> u64 {
    for_tests(machine).map_or(u64::MAX, |all| all / each.max(1))
}

impl MemoryLimit {
    /// The limit of a container: as `fleet.toml` says, else the machine's memory less a reserve, shared by so many.
    pub fn of_container(wanted: Option<MemoryLimit>, machine: u64, shares: u32) -> Option<u64> {
        match wanted {
            Some(MemoryLimit::Bytes(bytes)) => Some(bytes),
            Some(MemoryLimit::Unlimited) => None,
            None => for_tests(machine)
                .map(|all| all / u64::from(shares.max(1)))
                .filter(|limit| *limit > 0),
        }
    }
}

impl Serialize for MemoryLimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            MemoryLimit::Bytes(bytes) => serializer.serialize_u64(*bytes),
            MemoryLimit::Unlimited => serializer.serialize_str(UNLIMITED),
        }
    }
}

impl<'de> Deserialize<'de> for MemoryLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<MemoryLimit, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Bytes(u64),
            Word(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Bytes(bytes) => Ok(MemoryLimit::Bytes(bytes)),
            Written::Word(word) if word == UNLIMITED => Ok(MemoryLimit::Unlimited),
            Written::Word(word) => Err(de::Error::custom(format!("{word:?} is no limit of memory"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_get_the_machines_memory_less_a_reserve_in_equal_shares() {
        let limit = |gib: u64, shares| MemoryLimit::of_container(None, gib << 30, shares).unwrap() >> 20;
        assert_eq!(limit(1, 1), 512);
        assert_eq!(limit(4, 1), 4096 - 512);
        assert_eq!(limit(32, 1), (32 << 10) - 2048);
        assert_eq!(limit(256, 1), (256 << 10) - 4096);
        assert_eq!(limit(32, 2), (16 << 10) - 1024);
        assert_eq!(limit(32, 0), limit(32, 1));
        assert_eq!(MemoryLimit::of_container(None, 0, 1), None);
    }

    #[test]
    fn what_is_written_down_counts_and_no_limit_is_a_choice() {
        let of = |wanted| MemoryLimit::of_container(Some(wanted), 32 << 30, 2);
        assert_eq!(of(MemoryLimit::Bytes(7)), Some(7));
        assert_eq!(of(MemoryLimit::Unlimited), None);
        for (limit, text) in [
            (MemoryLimit::Bytes(7), "7"),
            (MemoryLimit::Unlimited, "\"unlimited\""),
        ] {
            assert_eq!(serde_json::to_string(&limit).unwrap(), text);
            assert_eq!(serde_json::from_str::<MemoryLimit>(text).unwrap(), limit);
        }
        assert!(serde_json::from_str::<MemoryLimit>("\"much\"").is_err());
    }

    #[test]
    fn a_machine_has_memory_for_so_many_tests_at_a_time() {
        let gib = |n: u64| n << 30;
        assert_eq!(fits(gib(32), gib(8)), 3);
        assert_eq!(fits(gib(8), gib(16)), 0);
        assert_eq!(fits(0, gib(16)), u64::MAX);
    }
}
