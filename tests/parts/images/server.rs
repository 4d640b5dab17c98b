//! A store that serves ranges over HTTP/1.1, counts what it sends, and misbehaves as it is told.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What goes wrong.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    /// An answer in place of the object: status and S3's code.
    pub(super) refuse: Option<(u16, &'static str)>,
    /// So many answers are refused before the others are served.
    pub(super) refusals: Option<usize>,
    /// A connection is dropped after so many bytes of an answer.
    pub(super) drop_after: Option<usize>,
    /// From this byte of the object on, nothing ever comes.
    pub(super) dead_from: Option<usize>,
    /// This byte of the object is another on its way.
    pub(super) corrupt: Option<usize>,
    /// Pieces of so many bytes, with a pause after each.
    pub(super) slow: Option<(usize, Duration)>,
    /// From this byte of the object on, the connection stays open and silent.
    pub(super) silent_from: Option<usize>,
    /// The object is replaced after so many answers.
    pub(super) replaced_after: Option<usize>,
}

#[derive(Default)]
struct State {
    objects: HashMap<String, Arc<Vec<u8>>>,
    faults: Faults,
    sent: u64,
    answers: usize,
}

/// The store. Its threads end with the process.
pub(super) struct Server {
    port: u16,
    state: Arc<Mutex<State>>,
}

/// What must never be seen in a message.
pub(super) const SECRET: &str = "X-Amz-Signature=5ec3e7";

impl Server {
    pub(super) fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // A client that goes away in the middle is what many tests are about.
                std::thread::spawn(move || serve(&stream, &state).is_ok());
            }
        });
        Server { port, state }
    }

    pub(super) fn put(&self, key: &str, bytes: Vec<u8>) {
        self.state
            .lock()
            .unwrap()
            .objects
            .insert(key.to_owned(), Arc::new(bytes));
    }

    pub(super) fn url(&self, key: &str) -> String {
        format!("http://127.0.0.1:{}/bucket/{key}?{SECRET}", self.port)
    }

    pub(super) fn misbehave(&self, faults: Faults) {
        let mut state = self.state.lock().unwrap();
        state.faults = faults;
        state.answers = 0;
    }

    /// Bytes of bodies sent since this was asked last.
    pub(super) fn sent(&self) -> u64 {
        std::mem::take(&mut self.state.lock().unwrap().sent)
    }
}

fn serve(stream: &TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line.trim().is_empty() {
                break;
            }
            head.push(line.trim().to_owned());
        }
        if !answer(stream, &head, state)? {
            return Ok(());
        }
    }
}

fn header<'a>(head: &'a [String], name: &str) -> Option<&'a str> {
    let (_, value) = head
        .iter()
        .filter_map(|line| line.split_once(": "))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    Some(value)
}

/// One answer; whether the connection goes on.
fn answer(mut stream: &TcpStream, head: &[String], state: &Mutex<State>) -> std::io::Result<bool> {
    let path = head[0].split(' ').nth(1).unwrap_or_default();
    let key = path
        .split('?')
        .next()
        .unwrap()
        .trim_start_matches("/bucket/")
        .to_owned();
    let (object, faults, n) = {
        let mut state = state.lock().unwrap();
        state.answers += 1;
        (
            state.objects.get(&key).cloned(),
            state.faults.clone(),
            state.answers,
        )
    };
    let mut refuse = |status: u16, code: &str| {
        let text = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
        let length = text.len();
        write!(
            stream,
            "HTTP/1.1 {status} No\r\nContent-Length: {length}\r\n\r\n{text}"
        )
        .map(|()| true)
    };
    if let Some((status, code)) = faults
        .refuse
        .filter(|_| faults.refusals.is_none_or(|most| n <= most))
    {
        return refuse(status, code);
    }
    let Some(object) = object else {
        return refuse(404, "NoSuchKey");
    };
    let replaced = faults.replaced_after.is_some_and(|after| n > after);
    let etag = if replaced {
        "\"new\"".to_owned()
    } else {
        format!("\"{}-{}\"", key.len(), object.len())
    };
    if header(head, "if-match").is_some_and(|wanted| wanted != etag) {
        return refuse(412, "PreconditionFailed");
    }
    let range = header(head, "range").and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let (from, to) = range.expect("fleet asks for ranges only");
    let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
    if from >= object.len() {
        return refuse(416, "InvalidRange");
    }
    let to = to.min(object.len() - 1);
    let (length, size) = (to - from + 1, object.len());
    write!(
        stream,
        "HTTP/1.1 206 Partial Content\r\nETag: {etag}\r\nContent-Range: bytes {from}-{to}/{size}\r\nContent-Length: {length}\r\n\r\n"
    )?;
    let piece = faults.slow.map_or(256 << 10, |(piece, _)| piece);
    let mut at = from;
    while at <= to {
        let end = (at + piece).min(to + 1);
        let mut bytes = object[at..end].to_vec();
        if let Some(bad) = faults.corrupt.filter(|bad| (at..end).contains(bad)) {
            bytes[bad - at] ^= 0xff;
        }
        if faults.dead_from.is_some_and(|dead| end > dead) {
            return Ok(false);
        }
        if faults.silent_from.is_some_and(|silent| end > silent) {
            std::thread::sleep(Duration::from_mins(1));
            return Ok(false);
        }
        stream.write_all(&bytes)?;
        state.lock().unwrap().sent += bytes.len() as u64;
        at = end;
        if faults.drop_after.is_some_and(|most| at - from >= most) && at <= to {
            return Ok(false);
        }
        if let Some((_, pause)) = faults.slow {
            std::thread::sleep(pause);
        }
    }
    Ok(true)
}
