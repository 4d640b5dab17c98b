//! What a run of the binary came to.

use std::process::{ExitStatus, Output};

/// Its output, and the assertions that tests make of it.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) status: ExitStatus,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("fleet prints text");
        let ran = Ran {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            status: output.status,
        };
        assert!(
            !ran.stderr.contains("panicked at"),
            "fleet panicked:\n{}",
            ran.stderr
        );
        ran
    }
}

impl Ran {
    /// It ended with this code.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Ran {
        assert_eq!(
            self.status.code(),
            Some(code),
            "\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// It ended well.
    #[track_caller]
    pub(crate) fn ok(self) -> Ran {
        self.code(0)
    }

    /// It talked of this.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Ran {
        assert!(
            self.stderr.contains(words),
            "stderr lacks {words:?}:\n{}",
            self.stderr
        );
        self
    }

    /// Its data has this.
    #[track_caller]
    pub(crate) fn prints(self, words: &str) -> Ran {
        assert!(
            self.stdout.contains(words),
            "stdout lacks {words:?}:\n{}",
            self.stdout
        );
        self
    }

    /// Its data is this JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in\n{}\n{}", self.stdout, self.stderr))
    }
}
