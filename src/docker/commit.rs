//! A container made an image of.
//!
//! Newer clients send nothing where older podman services want a body, and get `Decode(): EOF`: then the same request is made
//! without the client, at the socket that it uses.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::{DockerError, ask};
use crate::text::sanitize_excerpt;

/// For asking the client where the engine is.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a service says that misses the body.
const NO_BODY: &str = "Decode(): EOF";

/// Most bytes of an answer: it is an id, or a sentence.
const MOST: u64 = 64 << 10;

/// The id of the new image. Each change is an instruction of a Dockerfile.
pub fn commit(container: &str, changes: &[String], patience: Duration) -> Result<String, DockerError> {
    let flags: Vec<String> = changes
        .iter()
        .map(|change| format!("--change={change}"))
        .collect();
    let mut args = vec!["commit"];
    args.extend(flags.iter().map(String::as_str));
    args.push(container);
    match ask(&args, patience) {
        Ok(id) => Ok(id.trim().to_owned()),
        Err(DockerError::Refused { why, .. }) if why.contains(NO_BODY) => {
            at_socket(container, changes, patience)
        }
        Err(error) => Err(error),
    }
}

fn at_socket(container: &str, changes: &[String], patience: Duration) -> Result<String, DockerError> {
    let refused = |why: String| DockerError::Refused {
        what: "commit".to_owned(),
        why,
    };
    let place = ask(
        &["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"],
        PATIENCE,
    )?;
    let path = place.trim().strip_prefix("unix://").ok_or_else(|| {
        refused(format!(
            "the engine at {} wants a newer one, or an older client",
            place.trim()
        ))
    })?;
    let answer = send(path, &request(container, changes), patience);
    let answer = answer.map_err(|error| DockerError::Io("commit".to_owned(), error))?;
    id(&answer).ok_or_else(|| refused(words(&answer)))
}

fn send(path: &str, request: &str, patience: Duration) -> std::io::Result<String> {
    let mut socket = UnixStream::connect(path)?;
    socket.set_read_timeout(Some(patience))?;
    socket.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    socket.take(MOST).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// In a version of the protocol in which the answer ends with the connection.
fn request(container: &str, changes: &[String]) -> String {
    let mut query = format!("container={}", escaped(container));
    for change in changes {
        query.push_str("&changes=");
        query.push_str(&escaped(change));
    }
    format!(
        "POST /commit?{query} HTTP/1.0\r\nHost: engine\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
    )
}

fn escaped(text: &str) -> String {
    let one = |byte: u8| {
        if byte.is_ascii_alphanumeric() {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(one).collect()
}

/// The id in an answer of success, as the client tells it.
fn id(answer: &str) -> Option<String> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?;
    let body: serde_json::Value = serde_json::from_str(body.trim()).ok()?;
    let id = body.get("Id")?.as_str()?;
    let hex = id.strip_prefix("sha256:").unwrap_or(id);
    (status.starts_with('2') && !hex.is_empty()).then(|| format!("sha256:{hex}"))
}

/// The last line of an answer, safe and short.
fn words(answer: &str) -> String {
    let line = answer
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or_default();
    sanitize_excerpt(line, 300)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_says_all_that_the_client_would_have_said() {
        let text = request("fleet-image-1", &["CMD [\"sh\"]".to_owned(), "USER 0".to_owned()]);
        let line = text.lines().next().unwrap();
        assert_eq!(
            line,
            "POST /commit?container=fleet%2Dimage%2D1&changes=CMD%20%5B%22sh%22%5D&changes=USER%200 HTTP/1.0"
        );
        assert!(text.ends_with("\r\n\r\n{}"));
    }

    #[test]
    fn the_answer_is_an_id_or_the_engines_words() {
        let ok = "HTTP/1.0 201 Created\r\nApi-Version: 1.41\r\n\r\n{\"Id\":\"ab12\"}\n";
        assert_eq!(id(ok).as_deref(), Some("sha256:ab12"));
        let no = "HTTP/1.0 404 Not Found\r\n\r\n{\"message\":\"no such container\"}";
        assert_eq!(id(no), None);
        assert!(words(no).contains("no such container"));
        for torn in [
            "",
            "HTTP/1.0 201 Created\r\n\r\n",
            "HTTP/1.0 201 Created\r\n\r\n{\"Id\":\"\"}",
        ] {
            assert_eq!(id(torn), None, "{torn:?}");
        }
    }
}
