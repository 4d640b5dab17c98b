//! What a login shell is told: one line that sh, bash, dash, zsh, csh, tcsh and fish understand alike. It hands over to
//! the host's `/bin/sh` at once.
//!
//! Invariant: within the quotes of that line is nothing that one of them reads in its own way: csh ends a quoted text at
//! a newline and replaces `!`, fish reads `\\`, and a second quote ends the first.

/// Words that are not among these would need quotes of their own.
const PLAIN: &[u8] = b"._-+@=/~,:%";

/// The line that has `/bin/sh` run this script, with these words as `$1`, `$2` and so on. None if it cannot be said to
/// every shell.
pub(super) fn line(script: &str, words: &[&str]) -> Option<String> {
    let mut text = String::new();
    if !words.is_empty() {
        text.push_str("set --");
        for word in words {
            if !word
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || PLAIN.contains(&b))
            {
                return None;
            }
            text.push_str(" \"");
            text.push_str(word);
            text.push('"');
        }
        text.push_str("; ");
    }
    text.push_str(script);
    let odd = |c: char| c.is_control() || matches!(c, '\'' | '!');
    if text.contains(odd) || text.contains(r"\\") || text.ends_with('\\') {
        return None;
    }
    Some(format!("exec /bin/sh -c '{text}'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doors::spawn;

    #[test]
    fn every_login_shell_hands_the_same_script_and_words_over_to_sh() {
        let script = r#"[ "$#" = 3 ] && echo; printf "%s|" "$@" "$(echo $((1+1)) | tr 2 3)" ~ \ x; exit 7"#;
        let line = line(script, &["~/.fleet/bin/a-b_c@d=e+f", "", "50%:a,b"]).unwrap();
        // What sshd does: the login shell, `-c`, and the one line.
        for shell in ["sh", "bash", "dash", "zsh", "csh", "tcsh", "fish"] {
            let ran = spawn::command(shell)
                .args(["-c", &line])
                .env("HOME", "/home/me")
                .output()
                .unwrap_or_else(|error| panic!("tests/setup installs {shell}: {error}"));
            let said = String::from_utf8_lossy(&ran.stdout);
            assert_eq!(
                (said.as_ref(), ran.status.code()),
                ("\n~/.fleet/bin/a-b_c@d=e+f||50%:a,b|3|/home/me| x|", Some(7)),
                "{shell}: {}",
                String::from_utf8_lossy(&ran.stderr)
            );
        }
    }

    #[test]
    fn what_shells_read_in_different_ways_is_refused() {
        for script in [
            "a\nb",
            "echo '$1'",
            "[ ! -e x ]",
            r"printf '\\n'",
            r"echo \",
            "a\rb",
        ] {
            assert_eq!(line(script, &[]), None, "{script:?}");
        }
        for word in ["a b", "$HOME", "a\"b", "`x`", "a;b", "a!b", "é", "a\\b"] {
            assert_eq!(line("true", &[word]), None, "{word:?}");
        }
    }
}
