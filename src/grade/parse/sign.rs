//! That a framework came to its end.

/// Whether the framework itself says that it has run to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It says so, and with it, perhaps, how many tests it counted.
    Ended {
        /// How many passed.
        passed: Option<u32>,
        /// How many failed.
        failed: Option<u32>,
        /// How many could not be run.
        errors: Option<u32>,
        /// How many there were.
        total: Option<u32>,
    },
    /// It would have said so, and did not.
    Missing,
    /// The log's form has no place for such words.
    NotTold,
}

impl Sign {
    /// That it ended, without counts.
    pub(super) const ENDED: Sign = Sign::Ended {
        passed: None,
        failed: None,
        errors: None,
        total: None,
    };

    /// Where several programs ran one after the other, what they say together.
    pub(super) fn and(self, other: Sign) -> Sign {
        let (
            Sign::Ended {
                passed,
                failed,
                errors,
                total,
            },
            Sign::Ended {
                passed: more_passed,
                failed: more_failed,
                errors: more_errors,
                total: more_total,
            },
        ) = (self, other)
        else {
            return if matches!(self, Sign::Ended { .. }) {
                self
            } else {
                other
            };
        };
        Sign::Ended {
            passed: sum(passed, more_passed),
            failed: sum(failed, more_failed),
            errors: sum(errors, more_errors),
            total: sum(total, more_total),
        }
    }

    /// For a form that may come without such words.
    pub(super) fn or_not_told(self) -> Sign {
        match self {
            Sign::Missing => Sign::NotTold,
            told => told,
        }
    }
}

fn sum(one: Option<u32>, other: Option<u32>) -> Option<u32> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (one, other) => one.or(other),
    }
}
