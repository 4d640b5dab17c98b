//! What is to be done about what a host saw.

use crate::domain::exam::CheckKind;
use crate::domain::host::HostConfig;

/// The one thing to do about it.
pub(super) fn advice(what: CheckKind, host: &HostConfig) -> String {
    let name = &host.name;
    let at = host.harness.as_deref().unwrap_or("~/SWETEs7/OpenHands");
    match what {
        CheckKind::Locks => format!(
            "name a directory on a disk of {name} itself: `root = \"/var/tmp/fleet\"` for it in fleet.toml, say"
        ),
        CheckKind::Home => "free some space in the home there (du -xh ~ | sort -h | tail)".to_owned(),
        CheckKind::Networks => {
            "remove networks there that nothing uses (docker network ls; docker network rm NAME)".to_owned()
        }
        CheckKind::Leftovers => "`fleet doctor --fix` removes them".to_owned(),
        CheckKind::Strays => format!(
            "the harness was started there by hand: wait until it ends, or end it (kill PID) before {name} gets jobs"
        ),
        CheckKind::Harness => format!("bring the harness: `fleet deploy DIR --host {name}`"),
        CheckKind::Commit => format!(
            "`fleet deploy` brings versions that name themselves; by hand: git init && git commit in {at}"
        ),
        CheckKind::Poetry => {
            "install it there: curl -sSL https://install.python-poetry.org | python3 -".to_owned()
        }
        CheckKind::Python => "install Python 3.10 or newer there, then: poetry env use python3.12".to_owned(),
        CheckKind::Imports => format!("in {at} there: poetry install && poetry run pip install datasets pandas"),
        CheckKind::Llm => format!("write the section and its key into {at}/config.toml there; it is never copied"),
        CheckKind::Private => "`fleet doctor --fix` takes the rights of others away".to_owned(),
        CheckKind::Logout => "let the user of the jobs stay there: loginctl enable-linger $USER (fleet then uses systemd-run --user --scope)".to_owned(),
    }
}
