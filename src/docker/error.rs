//! What can go wrong with the engine, told apart by its own words.

use super::Said;
use crate::text::sanitize_excerpt;

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
        // podman's words for the same.
        let lacks = [
            "No such image",
            "image not known",
            "no such container",
            "no such object",
        ];
        if is(&[
            "Cannot connect to the Docker daemon",
            "permission denied while trying to connect",
        ]) {
            DockerError::NoEngine(why)
        } else if is(&["no space left on device"]) {
            DockerError::NoSpace(why)
        } else if is(&["No such container", "No such object"]) || is(&lacks) {
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

/// The last line that says something, safe and short.
fn reason(text: &str) -> String {
    // podman tries one form of an archive after the other, and tells of each; ours is this one.
    let ours = text
        .lines()
        .find_map(|line| line.strip_prefix(" * docker-archive: "));
    let line = ours
        .or_else(|| {
            text.lines()
                // The client ends its own refusals with an invitation to read its help.
                .rfind(|line| {
                    !line.trim().is_empty()
                        && !line.starts_with("Run 'docker")
                        && !line.starts_with("See 'docker")
                })
        })
        .unwrap_or_default();
    sanitize_excerpt(line, 300)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(stderr: &str) -> DockerError {
        let said = Said {
            status: Some(1),
            stdout: String::new(),
            stderr: stderr.to_owned(),
        };
        DockerError::of(&["load"], &said)
    }

    #[test]
    fn what_is_not_there_is_told_by_both_engines() {
        for words in [
            "Error response from daemon: No such image: x:1",
            "Error response from daemon: No such container: x",
            "Error: No such object: x",
            "Error response from daemon: failed to find image x: docker.io/library/x: No such image",
            "Error response from daemon: failed to find image x: docker.io/library/x: image not known",
            "Error response from daemon: no container with name or ID \"x\" found: no such container",
        ] {
            assert!(matches!(of(words), DockerError::NotThere(_)), "{words}");
        }
    }

    #[test]
    fn of_all_that_podman_says_of_an_archive_the_part_on_ours_is_kept() {
        let told = of("Error response from daemon: failed to load image: payload does not match any of the supported image formats:
 * oci: initializing source oci:/var/tmp/api_load.tar1:: open /var/tmp/api_load.tar1/index.json: not a directory
 * docker-archive: writing blob: happened during read: Digest did not match
 * dir: open /var/tmp/api_load.tar1/manifest.json: not a directory
");
        assert!(
            told.to_string()
                .ends_with("failed: writing blob: happened during read: Digest did not match"),
            "{told}"
        );
    }
}
