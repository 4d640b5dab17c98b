//! Listening to the plug-in: a process in the container that copies its pipe, line by line, until the tests are over.

use std::io::{self, ErrorKind, Read};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Plugin;
use crate::domain::evidence::{Telling, Told};
use crate::doors::{clock, random, spawn};
use crate::runner::native::container::Container;

/// Most bytes that are kept.
const MOST: usize = 64 << 20;
/// Most bytes of a line. Names of tests are shorter.
const LONGEST: usize = 1 << 20;
/// How long the first line and the last may take to come through.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(10);

/// Open at both ends, so that no writer's end is an end. Begins with an empty line: from there on it listens.
const COPY: &str = r#"exec <> "$1"; echo; exec cat"#;
/// Nothing is lost of a pipe before this line, if it comes through.
const LAST: &str = r#"printf '%s\n' "$2" 1<> "$1""#;

/// What listens.
#[derive(Debug)]
pub(in crate::runner::native) struct Listener {
    client: Child,
    thread: JoinHandle<Option<Heard>>,
    pipe: String,
    last: String,
}

/// What was heard.
#[derive(Debug, Default)]
pub(in crate::runner::native) struct Heard {
    /// The plug-in's lines, without its word.
    pub(in crate::runner::native) lines: Vec<u8>,
    /// How it went.
    pub(in crate::runner::native) told: Option<Told>,
}

impl Heard {
    /// Of a container in which there was nothing to listen to.
    pub(in crate::runner::native) fn unplaced() -> Heard {
        Heard {
            lines: Vec::new(),
            told: Some(Told {
                state: Telling::Unplaced,
                strange: 0,
            }),
        }
    }
}

impl Listener {
    /// Begins to listen.
    pub(in crate::runner::native) fn start(plugin: &Plugin, container: &Container) -> io::Result<Listener> {
        let (pipe, last) = (format!("{}/pipe", plugin.dir), random::token()?);
        let mut client = spawn::command("docker")
            .args([
                "exec",
                "-u",
                "0",
                "-w",
                "/",
                &container.id,
                "sh",
                "-c",
                COPY,
                "sh",
                &pipe,
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stream = client.stdout.take();
        let (word, until) = (format!("{} ", plugin.word), last.clone());
        let (begun, begins) = mpsc::channel();
        let thread = thread::spawn(move || {
            let mut stream = stream?;
            // What is wrong with it shows as it is read on.
            let _ = stream.read_exact(&mut [0]);
            let _ = begun.send(());
            Some(hear(stream, &word, &until))
        });
        // One that takes too long may miss what is told at first: then the report is not whole, and that is told.
        let _ = begins.recv_timeout(PATIENCE);
        Ok(Listener {
            client,
            thread,
            pipe,
            last,
        })
    }

    /// Ends it, once the tests are over and while the container still runs.
    pub(in crate::runner::native) fn end(mut self, container: &Container) -> Heard {
        let comes = container
            .root_script(LAST, &[&self.pipe, &self.last], b"")
            .is_ok();
        let until = clock::tick() + PATIENCE;
        while comes && !self.thread.is_finished() && clock::tick() < until {
            thread::sleep(LOOK);
        }
        // It has nothing more to say.
        let _ = self.client.kill();
        let _ = self.client.wait();
        self.thread.join().ok().flatten().unwrap_or_default()
    }
}

/// Reads to the last line, or as far as there is anything.
fn hear(mut stream: impl Read, word: &str, last: &str) -> Heard {
    let mut heard = Hearing::default();
    let mut buffer = vec![0; 64 << 10];
    let state = loop {
        match stream.read(&mut buffer) {
            Ok(0) => break Telling::Broken,
            Ok(n) => {
                if heard.take(&buffer[..n], word, last) {
                    break if heard.cut {
                        Telling::Broken
                    } else {
                        Telling::Heard
                    };
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break Telling::Broken,
        }
    };
    let strange = heard.strange;
    Heard {
        lines: heard.lines,
        told: Some(Told { state, strange }),
    }
}

#[derive(Default)]
struct Hearing {
    lines: Vec<u8>,
    /// The beginning of a line.
    rest: Vec<u8>,
    strange: u64,
    cut: bool,
}

impl Hearing {
    /// Takes in what has come. Was the last line there?
    fn take(&mut self, bytes: &[u8], word: &str, last: &str) -> bool {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(part);
            if self.rest.last() != Some(&b'\n') {
                if self.rest.len() > LONGEST {
                    self.rest.clear();
                    self.strange += 1;
                }
                continue;
            }
            let line = std::mem::take(&mut self.rest);
            if line.strip_suffix(b"\n") == Some(last.as_bytes()) {
                return true;
            }
            match line.strip_prefix(word.as_bytes()) {
                None => self.strange += 1,
                Some(line) if self.lines.len() + line.len() > MOST => self.cut = true,
                Some(line) => self.lines.extend_from_slice(line),
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_plug_ins_own_lines_are_kept_and_the_last_one_ends_it() {
        let text = b"w {\"a\":1}\nfalse {\"a\":2}\n\nw {\"a\":3}\nend\nw {\"a\":4}\n";
        let heard = hear(&text[..], "w ", "end");
        assert_eq!(heard.lines, b"{\"a\":1}\n{\"a\":3}\n");
        let told = heard.told.unwrap();
        assert_eq!((told.state, told.strange), (Telling::Heard, 2));
        let heard = hear(&text[..20], "w ", "end");
        assert_eq!(heard.told.unwrap().state, Telling::Broken);
        assert_eq!(heard.lines, b"{\"a\":1}\n");
    }

    #[test]
    fn a_line_without_an_end_is_not_kept_in_memory() {
        let mut hearing = Hearing::default();
        for _ in 0..4 {
            assert!(!hearing.take(&vec![b'x'; LONGEST], "w ", "end"));
        }
        assert!(hearing.rest.len() <= LONGEST && hearing.strange > 0);
    }
}
