//! Looking into an image, and mending it: short containers that bear the attempt's labels and are removed by name.

use std::collections::BTreeMap;
use std::time::Duration;

use super::engine::{self, Local};
use super::error::ImageError;
use crate::docker::{self, Call, DockerError, Machine, Said, ask, call, memory_args};
use crate::domain::Sha256;
use crate::domain::memory::MemoryLimit;
use crate::domain::swe::Repair;
use crate::doors::random;
use crate::text::sanitize_excerpt;

/// For looking.
const LOOK: Duration = Duration::from_mins(5);

/// For mending, which may install packages.
const MEND: Duration = Duration::from_mins(30);

/// Looks for the repository at one place after the other, and tells where it stands; or what is wrong with each place.
/// `--git-dir` needs no `safe.directory`, which old versions do not take from the command line.
const STANDS: &str = r#"commit=$1; shift; wrong=wrong
for place; do
    if ! cd "$place" 2>/dev/null; then wrong="$wrong no-directory"
    elif ! command -v git >/dev/null 2>&1; then echo no-git; exit 0
    elif ! [ -e "$place/.git" ]; then wrong="$wrong no-repository"
    elif ! git --git-dir="$place/.git" cat-file -e "$commit^{commit}" 2>/dev/null; then wrong="$wrong no-commit"
    else echo "head $(git --git-dir="$place/.git" rev-parse HEAD 2>/dev/null) $place"; exit 0
    fi
done
echo "$wrong""#;

/// Where a repository lies, and what is worth a note.
pub(super) type Place = (String, Option<String>);

/// A container that is gone when this is.
struct Container {
    name: String,
}

impl Container {
    fn new() -> Result<Container, ImageError> {
        let token = random::token().map_err(|error| ImageError::io("/dev/urandom".as_ref(), error))?;
        Ok(Container {
            name: format!("fleet-image-{token}"),
        })
    }

    /// Runs a script of sh in it, as root. Its entry point is none: what is committed inherits it.
    fn run(
        &self,
        image: &str,
        network: &str,
        labels: &BTreeMap<String, String>,
        script: &[&str],
        patience: Duration,
    ) -> Result<Said, DockerError> {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("--label={name}={value}"))
            .collect();
        let memory = memory_args(MemoryLimit::of_container(None, Machine::ask()?.memory(), 1));
        let mut args = vec![
            "run",
            "--name",
            &self.name,
            "--pull=never",
            "--user=0:0",
            "--network",
            network,
        ];
        args.extend(labels.iter().chain(&memory).map(String::as_str));
        args.extend(["--entrypoint=", image, "sh", "-c"]);
        args.extend(script);
        call(&Call::new(&args, patience))
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // Whatever stays all the same bears the attempt's label, and is swept by it.
        let _ = ask(&["rm", "-f", "-v", &self.name], Duration::from_mins(1));
    }
}

/// The last line that says something.
fn last(said: &Said) -> String {
    let line = |text: &str| {
        text.lines()
            .rfind(|line| !line.trim().is_empty())
            .map(str::to_owned)
    };
    let words = line(&said.stderr)
        .or_else(|| line(&said.stdout))
        .unwrap_or_default();
    let words = sanitize_excerpt(&words, 300);
    match said.status {
        Some(code) if words.is_empty() => format!("exit {code}"),
        _ => words,
    }
}

/// At which of these places is a repository of the image that has the commit? Notes it if something else is checked out.
pub(super) fn verify(
    image: &str,
    places: &[&str],
    commit: &str,
    labels: &BTreeMap<String, String>,
) -> Result<Place, ImageError> {
    let script = [&[STANDS, "sh", commit], places].concat();
    let said = Container::new()?.run(image, "none", labels, &script, LOOK)?;
    match said.status {
        Some(0) => stands(said.stdout.trim(), places, commit),
        // The client's own failure. With an exec format error too, it is the image that cannot be run.
        Some(125) if !said.stderr.contains("exec format") => Err(DockerError::of(&["run"], &said).into()),
        _ => Err(ImageError::Unusable(last(&said))),
    }
}

/// What the script's answer means.
fn stands(answer: &str, places: &[&str], commit: &str) -> Result<Place, ImageError> {
    if answer == "no-git" {
        return Err(ImageError::Unusable("there is no git in it".to_owned()));
    }
    if let Some(wrong) = answer.strip_prefix("wrong ") {
        let what = |(place, wrong): (&&str, &str)| match wrong {
            "no-directory" => format!("there is no directory {place}"),
            "no-repository" => format!("{place} is no git repository"),
            _ => format!("commit {commit} is not in {place}"),
        };
        let each: Vec<String> = places.iter().zip(wrong.split(' ')).map(what).collect();
        return Err(ImageError::NoBase(each.join(", and ")));
    }
    let found = answer
        .strip_prefix("head ")
        .and_then(|found| found.split_once(' '));
    let Some((head, place)) = found.filter(|(_, place)| places.contains(place)) else {
        return Err(ImageError::Unusable("sh gives no answer".to_owned()));
    };
    let head: String = head
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(64)
        .collect();
    let other = || format!("{place} stands at {head}, and the base commit is {commit}");
    Ok((place.to_owned(), (head != commit).then(other)))
}

/// What names a recipe's work: all that makes a difference to it.
pub(super) fn recipes(repairs: &[Repair]) -> String {
    if repairs.is_empty() {
        return String::new();
    }
    let text = serde_json::to_string(repairs).unwrap_or_default();
    Sha256::of(text.as_bytes()).to_string()
}

/// Mends what a recipe finds broken; the id of the image then.
pub(super) fn repair(
    image: &Local,
    repair: &Repair,
    labels: &BTreeMap<String, String>,
) -> Result<String, ImageError> {
    let failed = |why: String| ImageError::RepairFailed {
        name: repair.name.clone(),
        why,
    };
    let probe = |id: &str| -> Result<Said, ImageError> {
        Ok(Container::new()?.run(id, "none", labels, &[&repair.probe], LOOK)?)
    };
    if probe(&image.id)?.status == Some(0) {
        return Ok(image.id.clone());
    }
    let container = Container::new()?;
    let said = container.run(&image.id, &repair.network, labels, &[&repair.script], MEND)?;
    match said.status {
        Some(0) => {}
        Some(125) => return Err(DockerError::of(&["run"], &said).into()),
        _ => return Err(failed(last(&said))),
    }
    let id = commit(&container, image, labels)?;
    let still = probe(&id)?;
    if still.status != Some(0) {
        engine::untag(&id)?;
        return Err(failed(format!(
            "its script ended well, its probe fails still: {}",
            last(&still)
        )));
    }
    Ok(id)
}

/// The container as an image: with the user that the image had, without its entry point, which can only be in the
/// way, and without the attempt's labels, which would give later containers to an attempt that is over. An empty
/// command would become the container's: the script.
fn commit(
    container: &Container,
    image: &Local,
    labels: &BTreeMap<String, String>,
) -> Result<String, DockerError> {
    let user = if image.user().is_empty() {
        "0"
    } else {
        image.user()
    };
    let mut changes = vec![
        "ENTRYPOINT []".to_owned(),
        "CMD [\"sh\"]".to_owned(),
        format!("USER {user}"),
    ];
    changes.extend(labels.keys().map(|name| format!("LABEL {name}=\"\"")));
    docker::commit(&container.name, &changes, MEND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doors::spawn;

    const PLACES: [&str; 2] = ["/app/repo", "/testbed"];

    /// The script, run by this machine's own sh.
    fn said(places: &[&str], commit: &str) -> String {
        let said = spawn::command("sh")
            .args(["-c", STANDS, "sh", commit])
            .args(places)
            .output()
            .unwrap();
        assert!(said.status.success());
        String::from_utf8(said.stdout).unwrap().trim().to_owned()
    }

    #[test]
    fn a_repository_is_found_at_the_first_place_that_has_the_commit() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (here, none) = (dir.path().to_str().unwrap(), other.path().to_str().unwrap());
        let git = |args: &[&str]| {
            let said = spawn::command("git")
                .arg("-C")
                .arg(here)
                .args(args)
                .output()
                .unwrap();
            String::from_utf8(said.stdout).unwrap().trim().to_owned()
        };
        git(&["init", "-q"]);
        let name = ["-c", "user.name=a", "-c", "user.email=a"];
        git(&[&name[..], &["commit", "-q", "--allow-empty", "-m", "one"]].concat());
        let head = git(&["rev-parse", "HEAD"]);
        assert_eq!(
            said(&["/nowhere", none, here, none], &head),
            format!("head {head} {here}")
        );
        let missing = "0".repeat(40);
        assert_eq!(
            said(&["/nowhere", none, here], &missing),
            "wrong no-directory no-repository no-commit"
        );
    }

    #[test]
    fn what_was_looked_for_is_named_where_nothing_was_found() {
        let of = |answer: &str| stands(answer, &PLACES, "abc");
        assert_eq!(of("head abc /testbed").unwrap(), ("/testbed".to_owned(), None));
        let (place, note) = of("head abd /app/repo").unwrap();
        assert_eq!(place, "/app/repo");
        assert_eq!(
            note.unwrap(),
            "/app/repo stands at abd, and the base commit is abc"
        );
        let why = of("wrong no-directory no-commit").unwrap_err().to_string();
        let both = "there is no directory /app/repo, and commit abc is not in /testbed";
        assert!(why.ends_with(both), "{why}");
        for nothing in ["", "head", "head abc /etc", "head abc"] {
            assert!(matches!(of(nothing), Err(ImageError::Unusable(_))), "{nothing:?}");
        }
    }
}
