//! Lines on a stream: one JSON value each, after a greeting that may have a login shell's chatter before it.

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

use crate::domain::wire::{Hello, LONGEST_LINE, MAGIC, PROTOCOL, Say};

/// Most chatter that is endured before the greeting.
const CHATTER: usize = 1 << 20;

/// The next line without its end, or nothing at the end of the stream. A torn last line is no line.
pub(super) async fn line(
    stream: &mut (impl AsyncBufRead + Unpin),
    buffer: &mut Vec<u8>,
) -> Result<Option<()>, String> {
    buffer.clear();
    let limit = LONGEST_LINE as u64 + 1;
    stream
        .take(limit)
        .read_until(b'\n', buffer)
        .await
        .map_err(|error| error.to_string())?;
    if buffer.pop_if(|last| *last == b'\n').is_some() {
        return Ok(Some(()));
    }
    if buffer.len() as u64 == limit {
        return Err(format!("a line of more than {LONGEST_LINE} bytes"));
    }
    Ok(None)
}

/// Reads up to the greeting. `Err` holds what came instead of it.
pub(super) async fn greeting(stream: &mut (impl AsyncBufRead + Unpin)) -> Result<Hello, String> {
    let mut buffer = Vec::new();
    let mut chatter = String::new();
    while line(stream, &mut buffer).await?.is_some() {
        if let Some(hello) = buffer.strip_prefix(MAGIC.as_bytes()) {
            let hello: Hello =
                serde_json::from_slice(hello).map_err(|error| format!("unreadable greeting: {error}"))?;
            if hello.protocol != PROTOCOL {
                return Err(format!(
                    "it speaks protocol {}, and this is {PROTOCOL}",
                    hello.protocol
                ));
            }
            return Ok(hello);
        }
        chatter.push_str(&String::from_utf8_lossy(&buffer));
        chatter.push('\n');
        if chatter.len() > CHATTER {
            break;
        }
    }
    chatter.push_str(&String::from_utf8_lossy(&buffer));
    Err(chatter)
}

/// The next message.
pub(super) async fn message(
    stream: &mut (impl AsyncBufRead + Unpin),
    buffer: &mut Vec<u8>,
) -> Result<Option<Say>, String> {
    match line(stream, buffer).await? {
        None => Ok(None),
        Some(()) => serde_json::from_slice(buffer)
            .map(Some)
            .map_err(|error| format!("unreadable message: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_login_shell_that_talks_does_no_harm() {
        let text = b"Welcome to Ubuntu!\n{\"not\":\"it\"}\nlast login: @fleet-link \n\n@fleet-link {\"protocol\":3,\"version\":\"0\",\"boot\":\"b\",\"now\":1}\nrest";
        let mut stream = &text[..];
        assert_eq!(
            greeting(&mut stream).await.map(|hello| hello.boot),
            Ok("b".to_owned())
        );
        assert_eq!(stream, b"rest");
    }

    #[tokio::test]
    async fn what_came_instead_of_a_greeting_is_kept_for_the_message() {
        assert_eq!(
            greeting(&mut &b"sh: no such file\nx"[..]).await.map(|_| ()),
            Err("sh: no such file\nx".to_owned())
        );
        assert!(
            greeting(&mut &b"@fleet-link {\"protocol\":9,\"version\":\"0\",\"boot\":\"b\",\"now\":1}\n"[..])
                .await
                .is_err()
        );
    }
}
