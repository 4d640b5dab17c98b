//! A remote shell for rsync that endures login shells which print.
//!
//! rsync speaks a binary protocol from the first byte, so that one `echo` in a `.bashrc` ends it. This
//! stands between: it has the remote side print a mark first, and lets through only what follows.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write as _};
use std::process::Stdio;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::shell;
use crate::doors::spawn;

/// No login script prints this by chance at the start of a line.
const MARK: &str = "@fleet-shell ready";

/// Most chatter that is endured before the mark.
const CHATTER: usize = 1 << 20;

/// Runs `argv`, which is `ssh OPTION… DESTINATION COMMAND…`; the last word of the options is `--`. Gives
/// ssh's exit code.
pub fn run(argv: &[OsString]) -> io::Result<i32> {
    let usage = || {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "usage: ssh OPTION… -- DESTINATION COMMAND…",
        )
    };
    let end = argv.iter().position(|word| word == "--").ok_or_else(usage)?;
    let (ssh, rest) = argv.split_at(end);
    let (program, options) = ssh.split_first().ok_or_else(usage)?;
    let (destination, words) = rest[1..].split_first().ok_or_else(usage)?;
    let mut script = format!("echo; echo \"{MARK}\"; exec");
    for word in words {
        // As ssh itself joins them; rsync has quoted them for the remote shell.
        script.push(' ');
        script.push_str(word.to_str().ok_or_else(usage)?);
    }
    let command = shell::line(&script, &[]).ok_or_else(usage)?;
    let mut child = spawn::command(program)
        .args(options)
        .arg("--")
        .arg(destination)
        .arg(command)
        .stdin(Stdio::inherit())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?;
    if let Some(stdout) = child.stdout.take() {
        let mut reader = BufReader::new(stdout);
        if skip_chatter(&mut reader)? {
            // rsync hands its remote shells a stdout that does not wait; we want to.
            fcntl(io::stdout(), FcntlArg::F_SETFL(OFlag::empty()))?;
            let mut out = io::stdout().lock();
            io::copy(&mut reader, &mut out)?;
            out.flush()?;
        }
    }
    Ok(child.wait()?.code().unwrap_or(255))
}

/// Reads up to the mark. False if it never came.
fn skip_chatter(reader: &mut impl BufRead) -> io::Result<bool> {
    let mut line = Vec::new();
    let mut seen = 0;
    while seen < CHATTER {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(false);
        }
        if line.strip_suffix(b"\n") == Some(MARK.as_bytes()) {
            return Ok(true);
        }
        seen += read;
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_comes_before_the_mark_is_dropped_and_nothing_after_it() {
        let mut text = &b"welcome\nno newline\n@fleet-shell ready\n\0\x01binary\n"[..];
        assert!(skip_chatter(&mut text).unwrap());
        let mut rest = Vec::new();
        text.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"\0\x01binary\n");
        assert!(!skip_chatter(&mut &b"bash: rsync: command not found\n"[..]).unwrap());
    }
}
