//! Exit codes. Stable: scripts rely on them.

use std::fmt::Write as _;
use std::process::ExitCode;

/// How a verb ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum VerbExit {
    /// Everything that was asked for is done.
    Done,
    /// A bug, or a database that contradicts itself.
    Internal,
    /// The command line, `fleet.toml`, or an assignment is wrong. Nothing was done.
    Input,
    /// Jobs are left, and waiting would not help; the same command goes on later.
    Incomplete,
    /// Every job is closed, and not every one succeeded.
    Failed,
    /// It may not be done now, because of another coordinator for example.
    Refused,
    /// This machine, a host, the network or a disk is at fault.
    Environment,
    /// Interrupted by a signal; jobs go on.
    Interrupted,
    /// As another program ended, which this one stands for.
    Passed(u8),
}

pub(super) const OK: VerbExit = VerbExit::Done;
pub(super) const INTERNAL: VerbExit = VerbExit::Internal;
pub(super) const INPUT: VerbExit = VerbExit::Input;
pub(super) const INCOMPLETE: VerbExit = VerbExit::Incomplete;
pub(super) const FAILED: VerbExit = VerbExit::Failed;
pub(super) const REFUSED: VerbExit = VerbExit::Refused;
pub(super) const ENVIRONMENT: VerbExit = VerbExit::Environment;
pub(super) const INTERRUPTED: VerbExit = VerbExit::Interrupted;

impl VerbExit {
    /// Those that `fleet` itself has.
    const ALL: [VerbExit; 8] = [
        OK,
        INTERNAL,
        INPUT,
        INCOMPLETE,
        FAILED,
        REFUSED,
        ENVIRONMENT,
        INTERRUPTED,
    ];

    /// The end that another program had. One that a signal ended has no code.
    pub(super) fn passed(code: Option<i32>, without: VerbExit) -> VerbExit {
        code.and_then(|code| u8::try_from(code).ok())
            .map_or(without, VerbExit::Passed)
    }

    /// The number that the shell gets.
    fn code(self) -> u8 {
        match self {
            VerbExit::Done => 0,
            VerbExit::Internal => 1,
            VerbExit::Input => 2,
            VerbExit::Incomplete => 3,
            VerbExit::Failed => 4,
            VerbExit::Refused => 5,
            VerbExit::Environment => 6,
            VerbExit::Interrupted => 130,
            VerbExit::Passed(code) => code,
        }
    }

    /// What it means, in the help.
    fn meaning(self) -> &'static str {
        match self {
            VerbExit::Done => "done",
            VerbExit::Internal => "a bug, or a database that contradicts itself",
            VerbExit::Input => {
                "the command line, fleet.toml, an assignment or a dataset is wrong; nothing was done"
            }
            VerbExit::Incomplete => {
                "something is left, and waiting would not help; the same command goes on later"
            }
            VerbExit::Failed => {
                "every job is closed, and not every one ran to its end (dispatch; an unresolved
       job did), or not every instance can be trusted (calibrate)"
            }
            VerbExit::Refused => {
                "refused: another coordinator is at work, for example; results of several
       harnesses share no rate (collect); a directory is in the way (deploy)"
            }
            VerbExit::Environment => {
                "this machine, a host, the network, the store or a disk is at fault; or doctor
       or verify found something"
            }
            VerbExit::Interrupted => "interrupted; jobs continue on their hosts",
            VerbExit::Passed(_) => "as the program that was run",
        }
    }
}

impl From<VerbExit> for ExitCode {
    fn from(exit: VerbExit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// The end of `fleet --help`.
pub(super) fn help() -> String {
    let mut text = "Exit codes:".to_owned();
    for exit in VerbExit::ALL {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  {:<3}  {}", exit.code(), exit.meaning());
    }
    text
}

/// The end of the process, without another word. Only for a second Ctrl-C.
#[expect(
    clippy::exit,
    reason = "the user asked twice; jobs and database are safe at any instant"
)]
pub(super) fn at_once(exit: VerbExit) -> ! {
    std::process::exit(exit.code().into())
}
