//! Looking into an image, and mending it: short containers that bear the attempt's labels and are removed by name.

use std::collections::BTreeMap;
use std::time::Duration;

use super::engine::{self, Local};
use super::error::ImageError;
use crate::docker::{Call, DockerError, Machine, Said, ask, call, memory_args};
use crate::domain::Sha256;
use crate::domain::memory::MemoryLimit;
use crate::domain::swe::Repair;
use crate::doors::random;

/// For looking.
const LOOK: Duration = Duration::from_mins(5);

/// For mending, which may install packages.
const MEND: Duration = Duration::from_mins(30);

/// Tells where the repository stands. `--git-dir` needs no `safe.directory`, which old versions do not take
/// from the command line.
const STANDS: &str = r#"cd "$1" 2>/dev/null || { echo no-directory; exit 0; }
command -v git >/dev/null 2>&1 || { echo no-git; exit 0; }
[ -e "$1/.git" ] || { echo no-repository; exit 0; }
git --git-dir="$1/.git" cat-file -e "$2^{commit}" 2>/dev/null || { echo no-commit; exit 0; }
echo "head $(git --git-dir="$1/.git" rev-parse HEAD 2>/dev/null)""#;

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
    let words: String = words.chars().filter(|c| !c.is_control()).take(300).collect();
    match said.status {
        Some(code) if words.is_empty() => format!("exit {code}"),
        _ => words,
    }
}

/// Is the commit in the image's repository? Notes it if something else is checked out.
pub(super) fn verify(
    image: &str,
    path: &str,
    commit: &str,
    labels: &BTreeMap<String, String>,
) -> Result<Option<String>, ImageError> {
    let said = Container::new()?.run(image, "none", labels, &[STANDS, "sh", path, commit], LOOK)?;
    let lacks = |what: String| Err(ImageError::NoBase(what));
    match (said.status, said.stdout.trim()) {
        (Some(0), "no-directory") => lacks(format!("there is no directory {path}")),
        (Some(0), "no-git") => Err(ImageError::Unusable("there is no git in it".to_owned())),
        (Some(0), "no-repository") => lacks(format!("{path} is no git repository")),
        (Some(0), "no-commit") => lacks(format!("commit {commit} is not in {path}")),
        (Some(0), answer) => match answer.strip_prefix("head ") {
            Some(head) if head == commit => Ok(None),
            Some(head) => {
                let head: String = head
                    .chars()
                    .filter(char::is_ascii_alphanumeric)
                    .take(64)
                    .collect();
                Ok(Some(format!(
                    "{path} stands at {head}, and the base commit is {commit}"
                )))
            }
            None => Err(ImageError::Unusable("sh gives no answer".to_owned())),
        },
        // The client's own failure. With an exec format error too, it is the image that cannot be run.
        (Some(125), _) if !said.stderr.contains("exec format") => {
            Err(DockerError::of(&["run"], &said).into())
        }
        _ => Err(ImageError::Unusable(last(&said))),
    }
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
    let user = format!("--change=USER {user}");
    let unlabel: Vec<String> = labels
        .keys()
        .map(|name| format!("--change=LABEL {name}=\"\""))
        .collect();
    let mut args = vec!["commit", "--change=ENTRYPOINT []", "--change=CMD [\"sh\"]", &user];
    args.extend(unlabel.iter().map(String::as_str));
    args.push(&container.name);
    Ok(ask(&args, MEND)?.trim().to_owned())
}
