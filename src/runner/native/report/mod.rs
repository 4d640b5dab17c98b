//! A report of the tests that is not what they print: a plug-in of ours tells what pytest tells it, on a pipe of its own.
//!
//! It lies outside of the repository, belongs to root, and is found by its entry point below the last directory of `PYTHONPATH`: where that is
//! not looked at (tox, `python -E`, a `PYTHONPATH` of the command's own), pytest runs as it always did, and there is no report. What has
//! been told can't be taken back: it is read out of the container as it comes. Code under test is in the same process, and may still tell
//! lies in the plug-in's name.

mod listener;

use super::container::Container;
use super::context::say;
use crate::doors::random;
use crate::grade::parse::Parser;

pub(super) use listener::{Heard, Listener};

/// The plug-in, with places for its pipe and its word.
const PLUGIN: &str = include_str!("plugin.py");

/// Puts it there: the directory, the module's name.
const PLACE: &str = r#"
umask 022
command -v mkfifo > /dev/null && command -v cat > /dev/null || exit 1
info="$1/$2-1.dist-info"
mkdir "$1" "$info" && cat > "$1/$2.py" || exit 1
printf 'Metadata-Version: 2.1\nName: %s\nVersion: 1\n' "$2" > "$info/METADATA"
printf '[pytest11]\n%s = %s\n' "$2" "$2" > "$info/entry_points.txt"
printf '%s.py,,\n' "$2" > "$info/RECORD"
for file in METADATA RECORD entry_points.txt; do printf '%s-1.dist-info/%s,,\n' "$2" "$file" >> "$info/RECORD"; done
mkfifo "$1/pipe" && chmod 622 "$1/pipe" || exit 1
"#;

/// The plug-in in a container.
#[derive(Debug)]
pub(super) struct Plugin {
    /// Where it lies.
    pub(super) dir: String,
    /// What each of its lines begins with.
    word: String,
}

/// Is there a plug-in for what this parser reads?
pub(super) fn is_for(parser: &str) -> bool {
    Parser::named(parser).is_some_and(Parser::is_pytest)
}

impl Plugin {
    /// Places it; none where that can't be done. No run is lost for that.
    pub(super) fn place(container: &Container) -> Option<Plugin> {
        let (name, word) = (random::token().ok()?, random::token().ok()?);
        let dir = format!("/.fleet-{name}");
        let text = PLUGIN
            .replace("@PIPE@", &format!("{dir}/pipe"))
            .replace("@NONCE@", &word);
        let module = format!("fleet_{name}");
        match container.root_script(PLACE, &[&dir, &module], text.as_bytes()) {
            Ok(_) => Some(Plugin { dir, word }),
            Err(fault) => {
                say(&format!("there will be no report of pytest's: {}", fault.what));
                None
            }
        }
    }
}
