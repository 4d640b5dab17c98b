//! Which engine answers behind the client: Docker's own, or podman in its place.

use std::fmt;
use std::time::Duration;

use super::{DockerError, ask};

/// For one question.
const PATIENCE: Duration = Duration::from_mins(2);

/// What `docker version` is asked for: the version, and the names of the engine's parts. The client makes columns of tabs.
pub const FORMAT: &str = "{{.Server.Version}}{{range .Server.Components}}|{{.Name}}{{end}}";

/// What podman calls itself among its parts.
const PODMAN: &str = "Podman Engine";

/// An engine, as it names itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    /// Which one.
    pub kind: Kind,
    version: String,
}

/// The engines that differ in what matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Docker's own, and what is like it.
    Docker,
    /// podman's service.
    Podman,
}

impl Engine {
    /// Asks the engine.
    pub fn ask() -> Result<Engine, DockerError> {
        Ok(Engine::read(&ask(&["version", "--format", FORMAT], PATIENCE)?))
    }

    /// What it has answered, in [`FORMAT`].
    pub fn read(answer: &str) -> Engine {
        let mut words = answer.trim().split('|');
        let version = words.next().unwrap_or_default().to_owned();
        let kind = if words.any(|name| name == PODMAN) {
            Kind::Podman
        } else {
            Kind::Docker
        };
        Engine { kind, version }
    }
}

/// The version, and the name where it is not Docker's own.
impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Docker => f.write_str(&self.version),
            Kind::Podman => write!(f, "podman {}", self.version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn podman_is_known_by_the_name_of_its_first_part() {
        let podman = Engine::read("4.3.1|Podman Engine|Conmon|OCI Runtime (runc)|Engine\n");
        assert_eq!(
            (podman.kind, &*podman.to_string()),
            (Kind::Podman, "podman 4.3.1")
        );
        let docker = Engine::read("20.10.24+dfsg1|Engine|containerd|runc|docker-init\n");
        assert_eq!(
            (docker.kind, &*docker.to_string()),
            (Kind::Docker, "20.10.24+dfsg1")
        );
        assert_eq!(Engine::read("").kind, Kind::Docker);
    }
}
