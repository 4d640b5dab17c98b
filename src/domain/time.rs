//! Points in time and lengths of time, as values. The clock itself is behind a door (`doors::clock`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The time that has passed since `earlier`; zero if clocks disagree.
    pub fn since(self, earlier: Timestamp) -> Span {
        Span(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The moment when `span` will have passed.
    #[must_use]
    pub fn after(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_add_unsigned(span.0))
    }

    /// The moment when `span` had still to pass.
    #[must_use]
    pub fn before(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_sub_unsigned(span.0))
    }

    /// When a pause of this length ends that began now, unless it is over at `now`. If the clock was set back since, the
    /// pause is not longer for it: one that would begin later than it could last is over.
    pub fn pause(self, length: Span, now: Timestamp) -> Option<Timestamp> {
        let ends = self.after(length);
        (ends > now && self <= now.after(length)).then_some(ends)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, whole seconds: `2026-01-23T09:15:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(1000);
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}Z")
    }
}

/// Days since 1970-01-01 to year, month and day (proleptic Gregorian; years begin in March inside).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// A length of time in milliseconds, written `90s`, `10m`, `2h`, `250ms` or `1d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(pub u64);

impl Span {
    /// So many seconds.
    pub const fn seconds(n: u64) -> Span {
        Span(n * 1000)
    }

    /// As the standard library has it.
    pub fn duration(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0)
    }
}

impl fmt::Display for Span {
    /// For people, in two units at most: `350ms`, `42s`, `3m12s`, `2h05m`, `3d04h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.0 / 1000;
        match s {
            0 if self.0 == 0 => f.write_str("0s"),
            0 => write!(f, "{}ms", self.0),
            1..60 => write!(f, "{s}s"),
            60..3600 => write!(f, "{}m{:02}s", s / 60, s % 60),
            3600..86_400 => write!(f, "{}h{:02}m", s / 3600, s / 60 % 60),
            _ => write!(f, "{}d{:02}h", s / 86_400, s / 3600 % 24),
        }
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let unit = match &text[digits..] {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => {
                return Err(format!(
                    "`{text}` is not a length of time; write 250ms, 90s, 10m, 2h or 1d"
                ));
            }
        };
        let count: u64 = text[..digits]
            .parse()
            .map_err(|_| format!("`{text}` is not a length of time; write 250ms, 90s, 10m, 2h or 1d"))?;
        // A century is more than any job, and keeps every sum with a timestamp far from overflow.
        count
            .checked_mul(unit)
            .filter(|ms| *ms <= 36_500 * 86_400_000)
            .map(Span)
            .ok_or_else(|| format!("`{text}` is longer than a century"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_prints_as_a_utc_date() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_769_159_700_000, "2026-01-23T09:15:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(Timestamp(ms).to_string(), text);
        }
    }

    #[test]
    fn a_pause_is_not_longer_for_a_clock_that_was_set_back() {
        let (noon, minutes) = (Timestamp(12 * 3_600_000), |n: u64| Span::seconds(60 * n));
        let pause = |now| noon.pause(minutes(10), now);
        assert_eq!(pause(noon), Some(noon.after(minutes(10))));
        assert_eq!(pause(noon.after(minutes(9))), Some(noon.after(minutes(10))));
        assert_eq!(pause(noon.after(minutes(10))), None);
        // Clocks are corrected by a little all the time.
        assert!(pause(noon.before(Span::seconds(1))).is_some());
        assert_eq!(pause(noon.before(minutes(240))), None);
    }

    #[test]
    fn beyond_the_last_moment_there_is_none_and_before_the_first_neither() {
        let (first, last, longest) = (Timestamp(i64::MIN), Timestamp(i64::MAX), Span(u64::MAX));
        assert_eq!(last.after(Span(1)), last);
        assert_eq!(Timestamp(0).after(longest), last);
        assert_eq!(first.before(Span(1)), first);
        assert_eq!(Timestamp(0).before(longest), first);
        assert_eq!(last.since(first), Span(i64::MAX.unsigned_abs()));
        assert_eq!(first.since(last), Span(0));
        assert_eq!(last.pause(longest, first), Some(last));
    }

    #[test]
    fn a_span_reads_its_units_and_refuses_everything_else() {
        for (text, ms) in [
            ("250ms", 250),
            ("90s", 90_000),
            ("10m", 600_000),
            ("2h", 7_200_000),
            ("1d", 86_400_000),
        ] {
            assert_eq!(text.parse(), Ok(Span(ms)));
        }
        for text in [
            "",
            "s",
            "10",
            "-1s",
            "1.5h",
            "1 h",
            "99999999999999999999s",
            "40000d",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
