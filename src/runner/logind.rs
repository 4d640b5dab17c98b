//! Hosts that end a user's processes when the user logs out (`KillUserProcesses=yes`): who is meant, and how a supervisor
//! outlives the connection that started it.
//!
//! What a session leaves running is killed with the session's scope. A scope of its own, under the user's manager, is not
//! part of any session; and the manager stays where lingering is on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::{User, getuid};

use super::program::Asked;
use crate::doors::env;

/// Where systemd looks for settings; the first one wins.
const DIRS: [&str; 4] = ["etc", "run", "usr/local/lib", "usr/lib"];

/// For the user's manager to make a scope.
const PATIENCE: Duration = Duration::from_secs(5);

/// What logout does to the user of the jobs here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Logout {
    /// Nothing.
    Harmless,
    /// It ends all that the session has started, and nothing of the user's stays.
    Kills(String),
    /// The same, but the user's manager stays.
    Lingers(String),
}

/// What logout does to this process's user.
pub(super) fn logout() -> Logout {
    let named = User::from_uid(getuid()).ok().flatten().map(|user| user.name);
    match named.or_else(|| env::get("USER")) {
        Some(user) => logout_of(&user, Path::new("/")),
        None => Logout::Harmless,
    }
}

fn logout_of(user: &str, root: &Path) -> Logout {
    if !root.join("run/systemd/system").is_dir() || !kills(&settings(root), user) {
        Logout::Harmless
    } else if root.join("var/lib/systemd/linger").join(user).exists() {
        Logout::Lingers(user.to_owned())
    } else {
        Logout::Kills(user.to_owned())
    }
}

/// What stands before a program's name so that it runs in a scope of its own, and the variable that this needs. None if it
/// need not, or cannot.
pub(super) fn scope() -> Option<(Vec<String>, (&'static str, String))> {
    let Logout::Lingers(_) = logout() else {
        return None;
    };
    let words = ["systemd-run", "--user", "--scope", "--quiet", "--"];
    let name = "XDG_RUNTIME_DIR";
    let runtime = env::get(name).unwrap_or_else(|| format!("/run/user/{}", getuid()));
    // Only what has just worked is relied upon: a supervisor has one try.
    let trial = [&words[1..], &["true"]].concat();
    match Asked::new(words[0], &trial).env(name, &runtime).ask(PATIENCE) {
        Ok(_) => Some((words.map(str::to_owned).to_vec(), (name, runtime))),
        Err(why) => {
            tracing::warn!(%why, "a supervisor cannot have a scope of its own, and ends at logout");
            None
        }
    }
}

/// The texts of logind's settings, in the order in which they count.
fn settings(root: &Path) -> Vec<String> {
    let dirs = || DIRS.iter().map(|dir| root.join(dir).join("systemd"));
    let mut files: Vec<PathBuf> = dirs()
        .map(|dir| dir.join("logind.conf"))
        .find(|file| file.exists())
        .into_iter()
        .collect();
    let mut more = BTreeMap::new();
    for dir in dirs() {
        for entry in std::fs::read_dir(dir.join("logind.conf.d"))
            .into_iter()
            .flatten()
            .flatten()
        {
            if entry.path().extension().is_some_and(|kind| kind == "conf") {
                more.entry(entry.file_name()).or_insert(entry.path());
            }
        }
    }
    files.extend(more.into_values());
    files
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .collect()
}

/// Do these settings, each text before the next, mean this user?
fn kills(texts: &[String], user: &str) -> bool {
    let mut all = false;
    let mut spared = BTreeSet::from(["root".to_owned()]);
    let mut only = BTreeSet::new();
    let mut is_default = true;
    for text in texts {
        let mut section = "";
        let text = text.replace("\\\n", " ");
        for line in text.lines().map(str::trim) {
            if line.starts_with('[') {
                section = line;
                continue;
            }
            let Some((key, value)) = line.split_once('=') else {
                continue;
            };
            let users = value.split_whitespace().map(str::to_owned);
            match (section, key.trim(), value.trim()) {
                ("[Login]", "KillUserProcesses", word) => all = is_yes(word).unwrap_or(all),
                ("[Login]", "KillOnlyUsers", "") => only.clear(),
                ("[Login]", "KillOnlyUsers", _) => only.extend(users),
                ("[Login]", "KillExcludeUsers", word) => {
                    if word.is_empty() || is_default {
                        spared.clear();
                    }
                    is_default = false;
                    spared.extend(users);
                }
                (_, _, _) => {}
            }
        }
    }
    if spared.contains(user) {
        false
    } else if only.is_empty() {
        all
    } else {
        only.contains(user)
    }
}

fn is_yes(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "1" | "yes" | "y" | "true" | "t" | "on" => Some(true),
        "0" | "no" | "n" | "false" | "f" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str], user: &str) -> bool {
        let texts: Vec<String> = texts.iter().map(|text| format!("[Login]\n{text}\n")).collect();
        kills(&texts, user)
    }

    #[test]
    fn the_settings_say_whose_processes_end_at_logout() {
        assert!(!of(&[], "me"));
        assert!(!of(&["#KillUserProcesses=yes"], "me"));
        assert!(of(&["KillUserProcesses=yes"], "me"));
        assert!(of(&["KillUserProcesses = On"], "me"));
        assert!(!of(&["KillUserProcesses=yes"], "root"));
        assert!(of(&["KillUserProcesses=yes\nKillExcludeUsers="], "root"));
        assert!(of(&["KillUserProcesses=yes\nKillExcludeUsers=you"], "root"));
        assert!(!of(&["KillUserProcesses=yes\nKillExcludeUsers=you \\\nme"], "me"));
        assert!(!of(&["KillUserProcesses=yes\nKillOnlyUsers=you"], "me"));
        assert!(of(&["KillUserProcesses=no\nKillOnlyUsers=you me"], "me"));
        assert!(!of(&["KillOnlyUsers=me\nKillExcludeUsers=me"], "me"));
        assert!(of(
            &["KillOnlyUsers=you\nKillOnlyUsers=\nKillUserProcesses=1"],
            "me"
        ));
        assert!(!of(&["KillUserProcesses=yes", "KillUserProcesses=no"], "me"));
        assert!(of(&["KillUserProcesses=yes", "KillUserProcesses=perhaps"], "me"));
        assert!(!kills(&["[Sleep]\nKillUserProcesses=yes\n".to_owned()], "me"));
    }

    #[test]
    fn files_count_by_name_and_the_first_directory_that_has_one() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, yes: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, format!("[Login]\nKillUserProcesses={yes}\n")).unwrap();
        };
        let found = || logout_of("me", root.path());
        write("etc/systemd/logind.conf", "yes");
        assert_eq!(found(), Logout::Harmless, "there is no systemd");
        std::fs::create_dir_all(root.path().join("run/systemd/system")).unwrap();
        assert_eq!(found(), Logout::Kills("me".to_owned()));
        write("usr/lib/systemd/logind.conf.d/50-site.conf", "no");
        assert_eq!(found(), Logout::Harmless);
        write("etc/systemd/logind.conf.d/50-site.conf", "yes");
        write("etc/systemd/logind.conf.d/60-other.txt", "no");
        assert_eq!(found(), Logout::Kills("me".to_owned()));
        std::fs::create_dir_all(root.path().join("var/lib/systemd/linger")).unwrap();
        std::fs::write(root.path().join("var/lib/systemd/linger/me"), "").unwrap();
        assert_eq!(found(), Logout::Lingers("me".to_owned()));
    }
}
