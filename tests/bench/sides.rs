//! Who competes, and at what.

use std::fmt;

/// A way to run jobs on many hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// `fleet dispatch`: durable, detached jobs.
    Fleet,
    /// GNU parallel over ssh connections that jobs share.
    Master,
    /// GNU parallel over ssh, as it comes.
    Parallel,
    /// A shell loop: a wave of `ssh host job &`, and `wait`.
    Loop,
}

/// In the order in which they take turns.
pub(crate) const SIDES: [Side; 4] = [Side::Fleet, Side::Master, Side::Parallel, Side::Loop];

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Fleet => "fleet",
            Side::Master => "GNU parallel over ssh, ControlMaster",
            Side::Parallel => "GNU parallel over ssh",
            Side::Loop => "loop of ssh, wave by wave",
        })
    }
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Nothing at all.
    Nothing,
    /// It sleeps for a second.
    Second,
}

impl Work {
    /// Program and arguments.
    pub(crate) fn argv(self) -> &'static [&'static str] {
        match self {
            Work::Nothing => &["true"],
            Work::Second => &["sleep", "1"],
        }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.argv().join(" "))
    }
}
