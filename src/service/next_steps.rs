//! What to do once every job is closed: about what failed for other reasons than the model, and about what is held.

use std::collections::BTreeMap;

use crate::domain::SetName;
use crate::domain::fault::Class;
use crate::domain::hold::{Kind, Subject};
use crate::report::{Account, words};
use crate::schedule::Fleet;

/// One line for each; `again` is the command that goes on.
pub(super) fn after_dispatch(fleet: &Fleet, sets: &[SetName], again: &str) -> Vec<String> {
    let mut steps = Vec::new();
    for (subject, stand) in fleet.stands() {
        let Some(hold) = &stand.hold else { continue };
        let word = hold.kind.word();
        steps.push(format!(
            "{subject} is {word}: {}; {}",
            hold.why,
            end_of_hold(subject, hold.kind)
        ));
    }
    let mine = fleet.jobs().filter(|entry| sets.contains(&entry.job.set));
    let excluded = mine.filter(|entry| Account::of(entry) == Account::Excluded);
    let mut classes: BTreeMap<Class, usize> = BTreeMap::new();
    for class in excluded.filter_map(|entry| entry.decisive()?.blame()) {
        *classes.entry(class).or_default() += 1;
    }
    for (class, n) in classes {
        let (class, failed) = (class.word(), words::count(n, "job", "jobs"));
        steps.push(format!(
            "{failed} failed (class {class}); once the cause is removed, `fleet retry --class {class}`, then `{again}`"
        ));
    }
    steps
}

/// How jobs go on that may be running on a host whose memory is not known.
pub(super) fn reach_or_declare_gone(host: &str) -> String {
    format!(
        "reach {host} and `fleet adopt`; or, if it will never come back, `fleet host gone {host} --because WHY`"
    )
}

/// How a hold ends.
fn end_of_hold(subject: &Subject, kind: Kind) -> String {
    match kind {
        Kind::Ailing => {
            "it goes on as soon as it says that it is well; `fleet doctor` says how to mend it".to_owned()
        }
        Kind::Quarantined | Kind::Refused => {
            format!("once it is mended, `fleet resume {subject}` lets it go on")
        }
        Kind::Unheard => reach_or_declare_gone(subject.parts().1),
        Kind::Paused | Kind::Draining => format!("`fleet resume {subject}` lets it go on"),
    }
}
