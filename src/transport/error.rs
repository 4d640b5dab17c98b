//! Why a link cannot be opened, or broke.

use crate::domain::host::Outlook;
use crate::domain::{HostName, Span};
use crate::doors::secrets;

/// One cause each.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// sshd does not accept our key.
    #[error("the host refuses our ssh key ({0})")]
    KeyRefused(String),
    /// The key in `known_hosts` is another one.
    #[error("the host's key is not the one in known_hosts")]
    HostKeyChanged,
    /// There is no key in `known_hosts`.
    #[error("the host's key is not in known_hosts")]
    HostKeyUnknown,
    /// The name leads nowhere.
    #[error("ssh cannot resolve its name ({0})")]
    NoSuchName(String),
    /// The ssh client is not installed here.
    #[error("`ssh` is not installed on this machine")]
    NoSsh,
    /// Whatever else keeps ssh from connecting.
    #[error("cannot connect: {0}")]
    Unreachable(String),
    /// The host needs a runner that we do not have.
    #[error("the host is {arch}, and there is no runner for it here ({detail})")]
    NoRunner {
        /// What `uname -m` says there.
        arch: String,
        /// What was looked for.
        detail: String,
    },
    /// The runner could not be brought to the host.
    #[error("cannot bring the runner to the host: {0}")]
    Push(String),
    /// Something answered, and it was no runner of ours.
    #[error("the runner did not start: {0}")]
    Handshake(String),
    /// Nothing was heard for too long.
    #[error("nothing heard for {0}")]
    Silent(Span),
    /// It did not answer as soon as the caller wanted.
    #[error("no answer in {0}")]
    NoAnswer(Span),
    /// The channel closed.
    #[error("the connection was lost{0}")]
    Lost(String),
    /// This machine is at fault.
    #[error("{0}")]
    Here(String),
    /// Our own code is.
    #[error("its link failed here, through a bug of fleet: {0}")]
    Panicked(String),
    /// Any of these, with the host's name.
    #[error("{host}: {error}")]
    On {
        /// Which host.
        host: HostName,
        /// What.
        #[source]
        error: Box<LinkError>,
    },
}

impl LinkError {
    /// Can trying the same again help? What has `worked` once will work again: a resolver that lost its network, an agent
    /// that is started anew. Only another host key is never waited for.
    pub fn outlook(&self, worked: bool) -> Outlook {
        match self {
            LinkError::HostKeyChanged | LinkError::HostKeyUnknown => Outlook::Permanent,
            LinkError::KeyRefused(_)
            | LinkError::NoSuchName(_)
            | LinkError::NoSsh
            | LinkError::NoRunner { .. }
            | LinkError::Here(_)
                if !worked =>
            {
                Outlook::Permanent
            }
            LinkError::KeyRefused(_)
            | LinkError::NoSuchName(_)
            | LinkError::NoSsh
            | LinkError::NoRunner { .. }
            | LinkError::Here(_)
            | LinkError::Unreachable(_)
            | LinkError::Push(_)
            | LinkError::Handshake(_)
            | LinkError::Silent(_)
            | LinkError::NoAnswer(_)
            | LinkError::Lost(_)
            | LinkError::Panicked(_) => Outlook::Transient,
            LinkError::On { error, .. } => error.outlook(worked),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            LinkError::KeyRefused(_) => "load the key (`ssh-add`), or add it to the host's authorized_keys; `ssh HOST true` must work without asking".to_owned(),
            LinkError::HostKeyChanged => "if the host was rebuilt, remove the old key with `ssh-keygen -R ADDRESS` and connect once by hand; if not, somebody may be in between".to_owned(),
            LinkError::HostKeyUnknown => "connect once by hand (`ssh HOST true`) and accept the key".to_owned(),
            LinkError::NoSuchName(_) => "check `ssh = …` of this host in fleet.toml and the Host entries of ~/.ssh/config".to_owned(),
            LinkError::NoSsh => "install the OpenSSH client (apt install openssh-client)".to_owned(),
            LinkError::NoRunner { arch, .. } => format!("build fleet for {arch} and name the file under [runner] in fleet.toml"),
            LinkError::Push(_) => "check free space and permissions of the runner's root on the host (`fleet doctor`)".to_owned(),
            LinkError::On { error, .. } => return error.hint(),
            LinkError::Unreachable(_) | LinkError::Handshake(_) | LinkError::Silent(_) | LinkError::NoAnswer(_) | LinkError::Lost(_) | LinkError::Here(_) | LinkError::Panicked(_) => return None,
        })
    }

    /// The same, said of this host.
    #[must_use]
    pub fn on(self, host: &HostName) -> LinkError {
        LinkError::On {
            host: host.clone(),
            error: Box::new(self),
        }
    }

    /// Without the host's name, where that is said already.
    pub fn bare(&self) -> &LinkError {
        match self {
            LinkError::On { error, .. } => error,
            other => other,
        }
    }

    /// Makes sense of what ssh wrote to its log. Tested against OpenSSH 8.9, 9.2 and 10.0 texts.
    pub fn from_ssh(log: &str) -> LinkError {
        let last = log
            .lines()
            .map(str::trim)
            .rfind(|line| !line.is_empty())
            .unwrap_or("ssh said nothing");
        // A proxy's words are among these, too.
        let last = secrets::hidden(last);
        if log.contains("REMOTE HOST IDENTIFICATION HAS CHANGED") {
            LinkError::HostKeyChanged
        } else if log.contains("Host key verification failed") || log.contains("host key is known for") {
            LinkError::HostKeyUnknown
        } else if log.contains("Permission denied (") || log.contains("Too many authentication failures") {
            LinkError::KeyRefused(last)
        } else if log.contains("Could not resolve hostname") {
            LinkError::NoSuchName(last)
        } else {
            LinkError::Unreachable(last)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_ssh_are_understood() {
        let kind = |log: &str| LinkError::from_ssh(log);
        assert!(matches!(
            kind("ubuntu@1.2.3.4: Permission denied (publickey)."),
            LinkError::KeyRefused(_)
        ));
        assert!(matches!(
            kind("@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed."),
            LinkError::HostKeyChanged
        ));
        assert!(matches!(
            kind(
                "No ED25519 host key is known for x and you have requested strict checking.\nHost key verification failed."
            ),
            LinkError::HostKeyUnknown
        ));
        assert!(matches!(
            kind("ssh: Could not resolve hostname x: Name or service not known"),
            LinkError::NoSuchName(_)
        ));
        let refused = kind("ssh: connect to host 127.0.0.1 port 1: Connection refused");
        assert_eq!(refused.outlook(false), Outlook::Transient);
        assert_eq!(
            refused.to_string(),
            "cannot connect: ssh: connect to host 127.0.0.1 port 1: Connection refused"
        );
    }
    #[test]
    fn what_has_worked_once_is_waited_for_and_another_host_key_never() {
        let outlook = |log: &str, worked| LinkError::from_ssh(log).outlook(worked);
        for log in [
            "ssh: Could not resolve hostname x: Temporary failure in name resolution",
            "me@x: Permission denied (publickey).",
        ] {
            assert_eq!(outlook(log, false), Outlook::Permanent, "{log}");
            assert_eq!(outlook(log, true), Outlook::Transient, "{log}");
        }
        for log in [
            "REMOTE HOST IDENTIFICATION HAS CHANGED",
            "Host key verification failed.",
        ] {
            assert_eq!(outlook(log, true), Outlook::Permanent, "{log}");
        }
    }
}
