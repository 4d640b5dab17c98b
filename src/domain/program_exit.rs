//! Exit codes of programs that mean the same wherever they are met: those of shells, of Docker's client, and of ssh.

/// What the exit code of a program says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgramExit {
    /// It ended well.
    Done,
    /// A shell found the command, and could not start it.
    CannotStart,
    /// A shell did not find the command.
    NotFound,
    /// Signal 9 ended it, as the kernel does for want of memory.
    Killed,
    /// Signal 11 ended it.
    Crashed,
    /// Docker lacked a resource.
    NoResource,
    /// ssh has no connection; any program that has no better word for its end.
    NoConnection,
    /// What the program alone knows.
    Other(i32),
}

impl ProgramExit {
    /// What this code says.
    pub const fn of(code: i32) -> ProgramExit {
        match code {
            0 => ProgramExit::Done,
            126 => ProgramExit::CannotStart,
            127 => ProgramExit::NotFound,
            137 => ProgramExit::Killed,
            139 => ProgramExit::Crashed,
            252 => ProgramExit::NoResource,
            255 => ProgramExit::NoConnection,
            code => ProgramExit::Other(code),
        }
    }

    /// The code of a program that this signal ended, as a shell tells it.
    pub const fn of_signal(signal: i32) -> ProgramExit {
        ProgramExit::of(128 + signal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_told_as_a_shell_tells_it() {
        assert_eq!(ProgramExit::of_signal(9), ProgramExit::Killed);
        assert_eq!(ProgramExit::of_signal(11), ProgramExit::Crashed);
        assert_eq!(ProgramExit::of_signal(15), ProgramExit::Other(143));
        assert_eq!(ProgramExit::of(3), ProgramExit::Other(3));
    }
}
