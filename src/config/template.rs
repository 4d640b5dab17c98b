//! Placeholders: `{instance}` and its like inside the words of a phase.
//!
//! A word is substituted as one argument and stays one. Scripts of shells are never substituted: there
//! the same facts are in the environment, where no value can become code.

use super::finding::{quoted, suggestion};

/// Every placeholder, without braces.
pub const PLACEHOLDERS: [&str; 8] = [
    "instance", "model", "run", "set", "task", "job", "attempt", "harness",
];

/// A piece of a word: text, or what stands between the braces of a placeholder.
enum Piece<'w> {
    Text(&'w str),
    Hole(&'w str),
}

/// Cuts a word at `{lower_case}`; `{{lower_case}}` is the text `{lower_case}`; other braces are text.
fn pieces(word: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut done, mut at) = (0, 0);
    while let Some(open) = word[at..].find('{').map(|found| at + found) {
        let rest = &word[open + 1..];
        if let Some(name) = rest.strip_prefix('{').and_then(hole)
            && rest[name.len() + 2..].starts_with('}')
        {
            let text = open + 1..open + 3 + name.len();
            pieces.push(Piece::Text(&word[done..open]));
            pieces.push(Piece::Text(&word[text.clone()]));
            at = text.end + 1;
            done = at;
        } else if let Some(name) = hole(rest) {
            pieces.push(Piece::Text(&word[done..open]));
            pieces.push(Piece::Hole(name));
            at = open + name.len() + 2;
            done = at;
        } else {
            at = open + 1;
        }
    }
    pieces.push(Piece::Text(&word[done..]));
    pieces
}

/// The lower-case word that is closed by a brace.
fn hole(text: &str) -> Option<&str> {
    let name = text.split_once('}')?.0;
    let good = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    good.then_some(name)
}

/// Does the word hold this placeholder?
pub fn mentions(word: &str, placeholder: &str) -> bool {
    pieces(word)
        .iter()
        .any(|piece| matches!(piece, Piece::Hole(name) if *name == placeholder))
}

/// The word with its placeholders filled in; `value` knows them all.
pub fn fill<'v>(word: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut filled = String::with_capacity(word.len());
    for piece in pieces(word) {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Hole(name) => filled.push_str(value(name).unwrap_or_default()),
        }
    }
    filled
}

/// Which words of a command are scripts of a shell (`sh -c SCRIPT`, also behind `env` or `timeout`).
pub fn scripts(argv: &[&str]) -> Vec<bool> {
    let mut scripts = vec![false; argv.len()];
    for (n, word) in argv.iter().enumerate() {
        let program = word.rsplit('/').next().unwrap_or(word);
        if matches!(program, "sh" | "bash" | "dash" | "zsh" | "ksh" | "ash")
            && let Some(script) = script_after(&argv[n + 1..])
        {
            scripts[n + 1 + script] = true;
        }
    }
    scripts
}

fn script_after(args: &[&str]) -> Option<usize> {
    let (mut command, mut skip) = (false, false);
    for (n, arg) in args.iter().enumerate() {
        if std::mem::take(&mut skip) {
            continue;
        }
        match arg.strip_prefix('-').or_else(|| arg.strip_prefix('+')) {
            // `-- SCRIPT` and `- SCRIPT`: options end here.
            Some("" | "-") => return command.then_some(n + 1).filter(|n| *n < args.len()),
            Some(long) if long.starts_with('-') => skip = matches!(long, "-rcfile" | "-init-file"),
            Some(short) => {
                command |= short.contains('c');
                skip = short.ends_with(['o', 'O']);
            }
            None => return command.then_some(n),
        }
    }
    None
}

/// What is wrong with one word, and what to do.
pub(super) fn fault(word: &str) -> Option<(String, String)> {
    pieces(word).iter().find_map(|piece| match piece {
        Piece::Hole(name) if !PLACEHOLDERS.contains(name) => Some((
            format!("unknown placeholder {}", quoted(&format!("{{{name}}}"))),
            format!(
                "{} (the text itself is written {{{{{name}}}}})",
                suggestion(name, PLACEHOLDERS)
            ),
        )),
        Piece::Hole(_) | Piece::Text(_) => None,
    })
}

/// What is wrong with the words of a command: the number of the word, the fault, what to do.
pub(super) fn check(argv: &[&str]) -> Vec<(usize, (String, String))> {
    let scripts = scripts(argv);
    let mut faults = Vec::new();
    for (n, word) in argv.iter().enumerate() {
        let fault = if scripts[n] {
            script_fault(word)
        } else {
            fault(word)
        };
        faults.extend(fault.map(|fault| (n, fault)));
    }
    faults
}

fn script_fault(script: &str) -> Option<(String, String)> {
    PLACEHOLDERS.iter().find_map(|name| {
        let hole = format!("{{{name}}}");
        let mut found = script.match_indices(&hole);
        // `${run}` is the shell's own.
        found.find(|(at, _)| !script[..*at].ends_with('$'))?;
        Some((
            format!("a shell script is not substituted, but this one holds `{hole}`"),
            format!("use \"$FLEET_{}\"", name.to_uppercase()),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lower_case_words_in_braces_are_placeholders() {
        let value = |name: &str| (name == "model").then_some("gpt");
        for (word, filled) in [
            ("llm.{model}", "llm.gpt"),
            ("{model}{model}", "gptgpt"),
            ("{{model}}", "{model}"),
            ("{{{model}}}", "{{model}}"),
            ("{{model}", "{gpt"),
            ("${MODEL} {} {a b} {", "${MODEL} {} {a b} {"),
            (r#"{"a":{"b":1}}"#, r#"{"a":{"b":1}}"#),
            ("ä{model}ö", "ägptö"),
        ] {
            assert_eq!(fill(word, value), filled, "{word}");
        }
    }

    #[test]
    fn the_script_of_a_shell_is_found_wherever_it_stands() {
        for (argv, script) in [
            (&["sh", "-c", "x"][..], Some(2)),
            (&["/bin/bash", "-eu", "-o", "pipefail", "-c", "x", "y"], Some(5)),
            (&["bash", "-lc", "x"], Some(2)),
            (&["bash", "-c", "-e", "x"], Some(3)),
            (&["env", "A=1", "sh", "-ec", "x"], Some(4)),
            (&["sh", "-c", "--", "x"], Some(3)),
            (&["sh", "file.sh", "-c", "x"], None),
            (&["sh", "-c"], None),
            (&["prog", "-c", "x"], None),
        ] {
            let found = scripts(argv).iter().position(|script| *script);
            assert_eq!(found, script, "{argv:?}");
        }
    }

    #[test]
    fn a_placeholder_in_a_script_is_a_fault_and_the_shells_own_braces_are_not() {
        let faults = check(&["sh", "-c", "echo {instance}"]);
        assert_eq!(faults[0].1.1, "use \"$FLEET_INSTANCE\"");
        assert!(check(&["sh", "-c", "f() { echo ${run} ${X} {print}; }; f {}"]).is_empty());
        assert_eq!(check(&["prog", "{modell}"])[0].0, 1);
    }
}
