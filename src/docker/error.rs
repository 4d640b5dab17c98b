//! What can go wrong with the engine, told apart by its own words.

use super::Said;

/// Why the engine gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// There is no client program.
    #[error("there is no `docker` on this host")]
    NoClient,
    /// The engine does not answer, or not to us.
    #[error("the Docker engine cannot be reached: {0}")]
    NoEngine(String),
    /// Its disk is full.
    #[error("the disk of the Docker engine is full: {0}")]
    NoSpace(String),
    /// No answer in time.
    #[error("`docker {0}` did not end within {1} s")]
    Slow(String, u64),
    /// It has no such image or container.
    #[error("the engine has no such thing: {0}")]
    NotThere(String),
    /// What we call it is no name for Docker.
    #[error("that is no name for Docker: {0}")]
    BadName(String),
    /// It says no.
    #[error("`docker {what}` failed: {why}")]
    Refused {
        /// The verb.
        what: String,
        /// The engine's words.
        why: String,
    },
    /// The client could not be run or heard.
    #[error("cannot run `docker {0}`: {1}")]
    Io(String, std::io::Error),
}

impl DockerError {
    /// What an answer that is no success means.
    pub fn of(args: &[&str], said: &Said) -> DockerError {
        let why = reason(&said.stderr);
        let is = |words: &[&str]| words.iter().any(|word| said.stderr.contains(word));
        if is(&[
            "Cannot connect to the Docker daemon",
            "permission denied while trying to connect",
        ]) {
            DockerError::NoEngine(why)
        } else if is(&["no space left on device"]) {
            DockerError::NoSpace(why)
        } else if is(&["No such image", "No such container", "No such object"]) {
            DockerError::NotThere(why)
        } else if is(&["invalid reference format"]) {
            DockerError::BadName(why)
        } else {
            DockerError::Refused {
                what: args.first().copied().unwrap_or_default().to_owned(),
                why,
            }
        }
    }
}

/// The last line that says something, harmless and short.
fn reason(text: &str) -> String {
    let line = text
        .lines()
        // The client ends its own refusals with an invitation to read its help.
        .rfind(|line| {
            !line.trim().is_empty() && !line.starts_with("Run 'docker") && !line.starts_with("See 'docker")
        })
        .unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(300).collect()
}
