//! Exit codes. Stable: scripts rely on them.

/// Everything that was asked for is done.
pub(super) const OK: u8 = 0;
/// A bug, or a database that contradicts itself.
pub(super) const INTERNAL: u8 = 1;
/// The command line, `fleet.toml`, or an assignment is wrong. Nothing was done.
pub(super) const INPUT: u8 = 2;
/// Jobs are left, and waiting would not help; the same command goes on later.
pub(super) const INCOMPLETE: u8 = 3;
/// Every job is closed, and not every one succeeded.
pub(super) const FAILED: u8 = 4;
/// It may not be done now, because of another coordinator for example.
pub(super) const REFUSED: u8 = 5;
/// This machine, a host, the network or a disk is at fault.
pub(super) const ENVIRONMENT: u8 = 6;
/// Interrupted by a signal; jobs go on.
pub(super) const INTERRUPTED: u8 = 130;

/// The end of `fleet --help`.
pub(super) const HELP: &str = "Exit codes:
  0    done
  1    a bug, or a database that contradicts itself
  2    the command line, fleet.toml, an assignment or a dataset is wrong; nothing was done
  3    something is left, and waiting would not help; the same command goes on later
  4    every job is closed, and not every one ran to its end (dispatch; an unresolved
       job did), or not every instance can be trusted (calibrate)
  5    refused: another coordinator is at work, for example; results of several
       harnesses share no rate (collect); a directory is in the way (deploy)
  6    this machine, a host, the network, the store or a disk is at fault; or doctor
       or verify found something
  130  interrupted; jobs continue on their hosts";

/// The end of the process, without another word. Only for a second Ctrl-C.
#[expect(
    clippy::exit,
    reason = "the user asked twice; jobs and database are safe at any instant"
)]
pub(super) fn at_once(code: u8) -> ! {
    std::process::exit(code.into())
}
