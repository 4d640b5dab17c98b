//! A host behind ssh: the user's own client and configuration, one connection, one channel for the link.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use openssh::{Child, ControlPersist, KnownHosts, Session, SessionBuilder, Stdio};
use tokio::io::{AsyncReadExt as _, BufReader};

use super::link::{Channel, Link, LinkGuard};
use super::shell;
use super::{Binary, LinkError, RsyncOrigin, Transport};
use crate::domain::host::HostConfig;
use crate::doors::{secrets, spawn};

/// `$1` the runner, `$2` its root, both as seen from the home directory.
const SERVE: &str = r#"cd || exit 96; [ -x "$1" ] && exec "$1" runner serve --root "$2"; echo; echo "@fleet-need $(uname -s) $(uname -m)""#;

/// The answer of [`SERVE`] where there is no runner.
const NEED: &str = "@fleet-need ";

/// Takes the runner from stdin: `$1` the directory, `$2` the digest. It appears only when whole, and on the disk.
const PUSH: &str = r#"cd && umask 077 && mkdir -p "$1" || exit 1; new="$1/.push.$2.$$"; trap "rm -f $new" EXIT; cat > "$new" && echo "$2  $new" | sha256sum -c --status && chmod 700 "$new" && { sync "$new" 2>/dev/null || sync; } && mv -f "$new" "$1/fleet-$2""#;

/// `$1` the runner, `$2` its digest: is it whole?
const WHOLE: &str = r#"cd && { echo "$2  $1" | sha256sum -c --status || exit 97; }"#;

/// The answer of [`WHOLE`] where it is not.
const DIFFERS: i32 = 97;

/// After the last channel is closed, ssh stays for so long: rsync may follow, and a killed coordinator
/// leaves nothing behind for ever.
const LINGER: NonZeroUsize = NonZeroUsize::new(30).unwrap();

/// Most bytes of a runner that are in memory at a time: many hosts may be getting theirs.
const PIECE: usize = 256 << 10;

impl LinkGuard for Child<Arc<Session>> {}

/// Connects, and starts the runner; brings it along first if the host lacks it.
pub(super) async fn open(
    transport: &Transport,
    host: &HostConfig,
    destination: &str,
) -> Result<Link, LinkError> {
    let binary = transport.runners.for_arch(&host.arch).await?;
    let session = Arc::new(connect(transport, host, destination).await?);
    let greet = async || {
        let channel = serve(transport, &session, host, destination, &binary).await?;
        channel.greet(transport.connect_timeout).await
    };
    let failed = match greet().await {
        Err(LinkError::Handshake(why)) if why.starts_with(NEED) => {
            let there = why[NEED.len()..].trim();
            if there != format!("Linux {}", host.arch) {
                let detail = format!("fleet.toml says it is {}", host.arch);
                return Err(LinkError::NoRunner {
                    arch: there.to_owned(),
                    detail,
                });
            }
            None
        }
        Err(error @ (LinkError::Handshake(_) | LinkError::Silent(_))) => Some(error),
        other => return other,
    };
    if let Some(error) = failed
        && !is_damaged(transport, &session, host, &binary).await
    {
        return Err(error);
    }
    push(&session, host, &binary).await?;
    greet().await
}

/// Is the host's runner another file than ours? Only a sure answer counts.
async fn is_damaged(transport: &Transport, session: &Session, host: &HostConfig, binary: &Binary) -> bool {
    let Ok(line) = told(WHOLE, &[&runner(host, binary), &binary.digest.to_string()]) else {
        return false;
    };
    let mut look = session.raw_command(line);
    look.stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let status = tokio::time::timeout(transport.connect_timeout.duration(), look.status()).await;
    matches!(
        status.map(|found| found.map(|found| found.code())),
        Ok(Ok(Some(DIFFERS)))
    )
}

async fn connect(transport: &Transport, host: &HostConfig, destination: &str) -> Result<Session, LinkError> {
    let controls = transport.controls.path().join(host.name.as_str());
    std::fs::create_dir_all(&controls)
        .map_err(|error| LinkError::Here(format!("cannot create {}: {error}", controls.display())))?;
    let mut builder = SessionBuilder::default();
    builder
        // The runner gets secrets, so the host must show the key that it has shown before.
        .known_hosts_check(KnownHosts::Strict)
        .connect_timeout(transport.connect_timeout.duration())
        // ssh gives up after three unanswered probes: together the silence that we endure.
        .server_alive_interval(transport.silence.duration() / 3)
        .control_persist(ControlPersist::IdleFor(LINGER))
        .control_directory(controls);
    if let Some(config) = &transport.ssh_config {
        builder.config_file(config);
    }
    builder
        .connect_mux(destination)
        .await
        .map_err(|error| match error {
            openssh::Error::Connect(error) if error.kind() == std::io::ErrorKind::NotFound => {
                LinkError::NoSsh
            }
            openssh::Error::Connect(error) => LinkError::from_ssh(&error.to_string()),
            other => LinkError::Unreachable(other.to_string()),
        })
}

async fn serve(
    transport: &Transport,
    session: &Arc<Session>,
    host: &HostConfig,
    destination: &str,
    binary: &Binary,
) -> Result<Channel, LinkError> {
    let root = from_home(&host.root);
    let mut child = Arc::clone(session)
        .arc_raw_command(told(SERVE, &[&runner(host, binary), root])?)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .await
        .map_err(|error| LinkError::Unreachable(error.to_string()))?;
    let (Some(writer), Some(reader), Some(complaints)) =
        (child.stdin().take(), child.stdout().take(), child.stderr().take())
    else {
        return Err(LinkError::Here("the channel has no pipes".to_owned()));
    };
    Ok(Channel {
        reader: Box::new(reader),
        writer: Box::new(writer),
        complaints: Box::new(complaints),
        guard: Box::new(child),
        origin: RsyncOrigin {
            rsh: Some(rsh(session.control_socket(), transport.ssh_config.as_deref())?),
            base: format!("{destination}:{root}"),
        },
        silence: transport.silence,
    })
}

async fn push(session: &Arc<Session>, host: &HostConfig, binary: &Binary) -> Result<(), LinkError> {
    let failed = |error: &dyn std::fmt::Display| LinkError::Push(secrets::hidden(&error.to_string()));
    let content = tokio::fs::File::open(&binary.path)
        .await
        .map_err(|error| failed(&error))?;
    let dir = format!("{}/bin", from_home(&host.root));
    let mut child = session
        .raw_command(told(PUSH, &[&dir, &binary.digest.to_string()])?)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .await
        .map_err(|error| failed(&error))?;
    let (Some(mut stdin), Some(mut stderr)) = (child.stdin().take(), child.stderr().take()) else {
        return Err(failed(&"the channel has no pipes"));
    };
    // A host whose disk is full stops reading: its own words say more than our broken pipe.
    let sent = tokio::io::copy_buf(&mut BufReader::with_capacity(PIECE, content), &mut stdin).await;
    drop(stdin);
    let mut said = String::new();
    let _ = stderr.read_to_string(&mut said).await;
    let status = child.wait().await.map_err(|error| failed(&error))?;
    if status.success() && sent.is_ok() {
        return Ok(());
    }
    let said = said
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or("the copy does not have the right digest");
    Err(failed(&said.escape_debug()))
}

/// Where a host has this runner, as seen from the home directory.
fn runner(host: &HostConfig, binary: &Binary) -> String {
    format!("{}/bin/fleet-{}", from_home(&host.root), binary.digest)
}

/// What the login shell is told. (Roots consist of letters that need no quotes.)
fn told(script: &str, words: &[&str]) -> Result<String, LinkError> {
    shell::line(script, words)
        .ok_or_else(|| LinkError::Here(format!("{} cannot be said to every login shell", words.join(" "))))
}

/// `~/x` as a path that is right after `cd`.
fn from_home(root: &str) -> &str {
    root.strip_prefix("~/").unwrap_or(root)
}

/// The remote shell for rsync: through the connection that is there, or through its own if that is gone.
fn rsh(socket: &Path, config: Option<&Path>) -> Result<String, LinkError> {
    let myself =
        spawn::myself().map_err(|error| LinkError::Here(format!("cannot find this program: {error}")))?;
    let quoted = |path: &Path| format!("'{}'", path.display());
    let config = config
        .map(|path| format!(" -F {}", quoted(path)))
        .unwrap_or_default();
    Ok(format!(
        "{} runner shell ssh{config} -S {} -o BatchMode=yes -o StrictHostKeyChecking=yes --",
        quoted(&myself),
        quoted(socket)
    ))
}
