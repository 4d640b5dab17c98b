//! Lines of a phase's output that show how the provider of its model bears up, while the phase still runs.
//!
//! They are no faults: a harness tries again by itself. They are for the pace of everybody else's starts.

use memchr::memmem;

use super::catalogue::{HARMLESS, catalogue};
use crate::domain::fault::FaultName;

/// What a line tells of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressure {
    /// It limits the rate.
    Limited,
    /// It fails, or is overloaded.
    Failed,
}

/// The faults of the catalogue that are meant.
const TOLD_BY: [(FaultName, Pressure); 2] = [
    (FaultName::RateLimit, Pressure::Limited),
    (FaultName::ProviderUnavailable, Pressure::Failed),
];

/// Every line that is meant holds one of these, however it is written. Few other lines do, and only those with one
/// are looked at more closely.
const HINTS: [&[u8]; 4] = [b"429", b"rror", b"xhausted", b"XHAUSTED"];

/// Might there be such a line in this text? Quick, for floods of output.
pub fn may_hold_pressure(text: &[u8]) -> bool {
    HINTS.iter().any(|hint| memmem::find(text, hint).is_some())
}

/// What this line tells of a provider, if it tells of one.
pub fn pressure(line: &[u8]) -> Option<Pressure> {
    if !may_hold_pressure(line) {
        return None;
    }
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    let harmless = |marks: &&[&str]| marks.iter().all(|mark| line.contains(mark));
    if HARMLESS.iter().any(harmless) {
        return None;
    }
    TOLD_BY.iter().find_map(|(name, pressure)| {
        catalogue()
            .filter(|signature| signature.name == *name)
            .any(|signature| signature.is_told_by(&line))
            .then_some(*pressure)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_of_a_provider_under_pressure_is_seen_and_told_apart() {
        for (name, expected) in TOLD_BY {
            let marks = || {
                catalogue()
                    .filter(move |signature| signature.name == name)
                    .flat_map(|signature| signature.marks)
            };
            assert!(marks().count() > 0, "{name} is in the catalogue");
            for marks in marks() {
                let line = format!("12:00:01 {} and so on", marks.join(" "));
                assert_eq!(pressure(line.as_bytes()), Some(expected), "{line}");
            }
        }
    }

    #[test]
    fn what_providers_print_is_counted_and_what_looks_like_it_is_not() {
        for (line, expected) in [
            (
                "litellm.RateLimitError: OpenAIException - Error code: 429",
                Some(Pressure::Limited),
            ),
            ("HTTP/1.1 429 Too Many Requests", Some(Pressure::Limited)),
            ("google: RESOURCE_EXHAUSTED", Some(Pressure::Limited)),
            (
                "openai.InternalServerError: Error code: 503 - {'error': …}",
                Some(Pressure::Failed),
            ),
            (
                "Error code: 529 - {'type': 'error', 'error': {'type': 'overloaded_error'}}",
                Some(Pressure::Failed),
            ),
            ("collected 429 items", None),
            ("ValueError: rate must be positive", None),
            ("ModuleNotFoundError: No module named 'x'", None),
            ("Native Gemini SDK not available: RateLimitError", None),
            ("", None),
        ] {
            assert_eq!(pressure(line.as_bytes()), expected, "{line}");
        }
        assert_eq!(pressure(b"\xff\xfe RateLimitError"), Some(Pressure::Limited));
    }
}
