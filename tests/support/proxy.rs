//! The way to the lab's object store, which can be made a bad one. Nothing is made up: every answer is the store's own,
//! only late, cut short or not at all. It counts what it lets through, object by object.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::wait;

/// Where all hosts and this machine reach a listener: the gateway of the lab's network.
const GATEWAY: &str = "198.18.41.1";
/// The lab's store.
const STORE: &str = "198.18.41.1:9000";
/// How much is passed on at a time.
const PIECE: usize = 16 << 10;

/// What happens to answers that carry an object. Questions whether it is there always pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Way {
    /// They arrive.
    #[default]
    Open,
    /// So many of them are cut off, each after so many bytes.
    Torn {
        /// Answers that are still to be cut.
        answers: u32,
        /// How far each comes.
        after: usize,
    },
    /// They come no faster than this, in bytes a second each.
    Slow(u32),
    /// Every connection is closed at once.
    Shut,
    /// The link is damaged on its way to the store, which says what it thinks of that.
    Forged,
    /// Nothing moves until another way is set.
    Held,
}

/// What was asked and served of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Served {
    /// Requests for bytes of it.
    pub(crate) asked: u32,
    /// Answers that were cut off.
    pub(crate) cut: u32,
    /// Bytes of it that were let through.
    pub(crate) bytes: u64,
}

#[derive(Debug, Default)]
struct State {
    way: Way,
    served: BTreeMap<String, Served>,
}

#[derive(Debug, Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

/// The proxy. Ends with the test's process.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    gate: Arc<Gate>,
}

impl Proxy {
    /// Open at first.
    pub(crate) fn start() -> Proxy {
        let listener = TcpListener::bind((GATEWAY, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let gate = Arc::new(Gate::default());
        let shared = Arc::clone(&gate);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let gate = Arc::clone(&shared);
                // A client that is cut off hangs up in turn: that error is no news.
                std::thread::spawn(move || drop(gate.relay(&client)));
            }
        });
        Proxy { address, gate }
    }

    /// The lab's configuration of images, by way of this.
    pub(crate) fn lead(&self, config: &str) -> String {
        assert!(config.contains(STORE), "the lab has moved its store:\n{config}");
        config.replace(STORE, &self.address.to_string())
    }

    /// From now on.
    pub(crate) fn make(&self, way: Way) {
        self.gate.lock().way = way;
        self.gate.changed.notify_all();
    }

    /// What was served of the object with this in its key since the last [`Proxy::forget`].
    pub(crate) fn served(&self, key: &str) -> Served {
        let state = self.gate.lock();
        let mut all = Served::default();
        for (_, served) in state.served.iter().filter(|(path, _)| path.contains(key)) {
            all.asked += served.asked;
            all.cut += served.cut;
            all.bytes += served.bytes;
        }
        all
    }

    /// Counts anew.
    pub(crate) fn forget(&self) {
        self.gate.lock().served.clear();
    }

    /// Waits until a host asks for the object with this in its key.
    #[track_caller]
    pub(crate) fn until_asked(&self, key: &str) {
        let what = format!("a host asks for {key}");
        wait::until(&what, || (self.served(key).asked > 0).then_some(()));
    }
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// All that one client has to ask, one after the other.
    fn relay(&self, client: &TcpStream) -> std::io::Result<()> {
        let store = TcpStream::connect(STORE)?;
        client.set_nodelay(true)?;
        store.set_nodelay(true)?;
        let mut questions = BufReader::new(client);
        let mut answers = BufReader::new(&store);
        while let Some(question) = head(&mut questions)? {
            if !self.exchange(&question, client, &store, &mut answers)? {
                break;
            }
        }
        client.shutdown(Shutdown::Both)
    }

    /// One question and its answer; whether the connection goes on.
    fn exchange(
        &self,
        question: &str,
        mut client: &TcpStream,
        mut store: &TcpStream,
        answers: &mut BufReader<&TcpStream>,
    ) -> std::io::Result<bool> {
        let Some(path) = question
            .strip_prefix("GET ")
            .and_then(|rest| rest.split([' ', '?']).next())
        else {
            store.write_all(question.as_bytes())?;
            let answer = head(answers)?.unwrap_or_default();
            client.write_all(answer.as_bytes())?;
            return Ok(!answer.is_empty());
        };
        let way = self.admit(path);
        if way == Way::Shut {
            return Ok(false);
        }
        let question = if way == Way::Forged {
            forged(question)
        } else {
            question.to_owned()
        };
        store.write_all(question.as_bytes())?;
        let Some(answer) = head(answers)? else {
            return Ok(false);
        };
        client.write_all(answer.as_bytes())?;
        let whole = length(&answer);
        let cut = self.cut(path, whole);
        self.pass(path, cut.unwrap_or(whole), way, answers, client)?;
        Ok(cut.is_none())
    }

    /// Waits where it must; the way of this answer.
    fn admit(&self, path: &str) -> Way {
        let mut state = self.lock();
        state.served.entry(path.to_owned()).or_default().asked += 1;
        while state.way == Way::Held {
            state = self.changed.wait(state).unwrap();
        }
        state.way
    }

    /// How far an answer of this length comes, if it is one to be cut.
    fn cut(&self, path: &str, whole: usize) -> Option<usize> {
        let mut state = self.lock();
        let Way::Torn { answers, after } = &mut state.way else {
            return None;
        };
        if *answers == 0 || *after >= whole {
            return None;
        }
        *answers -= 1;
        let after = *after;
        state.served.entry(path.to_owned()).or_default().cut += 1;
        Some(after)
    }

    /// Lets this much of a body through.
    fn pass(
        &self,
        path: &str,
        mut left: usize,
        way: Way,
        answers: &mut BufReader<&TcpStream>,
        mut client: &TcpStream,
    ) -> std::io::Result<()> {
        let rate = match way {
            Way::Slow(rate) => Some(rate),
            _ => None,
        };
        // A slow line brings little at a time: it is slow, not silent.
        let piece = rate.map_or(PIECE, |rate| (rate as usize / 10).clamp(1, PIECE));
        let mut buffer = vec![0; piece];
        while left > 0 {
            let wanted = left.min(piece);
            let got = answers.read(&mut buffer[..wanted])?;
            if got == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            client.write_all(&buffer[..got])?;
            left -= got;
            self.lock().served.entry(path.to_owned()).or_default().bytes += got as u64;
            if let Some(rate) = rate {
                std::thread::sleep(Duration::from_secs_f64(
                    f64::from(u32::try_from(got).unwrap()) / f64::from(rate),
                ));
            }
        }
        Ok(())
    }
}

/// With another first letter of the signature.
fn forged(question: &str) -> String {
    let (before, after) = question.split_once("X-Amz-Signature=").unwrap();
    let other = if after.starts_with('0') { '1' } else { '0' };
    format!("{before}X-Amz-Signature={other}{}", &after[1..])
}

/// A message up to its empty line; none at the end of the connection.
fn head(reader: &mut BufReader<&TcpStream>) -> std::io::Result<Option<String>> {
    let mut text = String::new();
    loop {
        let start = text.len();
        if reader.read_line(&mut text)? == 0 {
            return Ok(None);
        }
        if text[start..].trim_end().is_empty() {
            return Ok(Some(text));
        }
    }
}

/// How long the body is that follows.
fn length(head: &str) -> usize {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let length = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let (_, value) = length.unwrap_or_else(|| panic!("an answer without a length:\n{head}"));
    value.trim().parse().unwrap()
}
