//! An object behind a signed link, read by ranges: many at once, delivered in order, each retried where that helps.
//!
//! Invariants: all bytes are of one version of the object (`If-Match`, and its size); no message holds the link;
//! at most `parts` parts are in memory, and one that is being used.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use futures::{Stream, StreamExt as _};
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, IF_MATCH, RANGE};
use reqwest::{Client, Response, StatusCode, Url};
use tokio::task::JoinSet;

use super::error::ImageError;

/// Most failures in a row without a byte between them.
const STRIKES: u32 = 6;

/// Most failures in all, for one object.
const BUDGET: u32 = 200;

/// The first pause; doubled with each strike.
const PAUSE: Duration = Duration::from_millis(100);

/// Most bytes of an error's text that are read.
const MOST_TEXT: usize = 4096;

/// One version of an object.
#[derive(Clone)]
pub(super) struct Remote {
    shared: Arc<Shared>,
    etag: Option<HeaderValue>,
    size: u64,
}

struct Shared {
    client: Client,
    url: Url,
    place: String,
    moved: AtomicU64,
    failures: AtomicU32,
}

/// What became of one request.
enum Trouble {
    /// Trying again may help.
    Passing(String),
    /// It cannot.
    Final(ImageError),
}

impl Remote {
    /// Asks for the first bytes, at most so many; learns size and version. `place` names the object in messages.
    pub(super) async fn open(
        place: &str,
        url: &str,
        first: u64,
        stall: Duration,
    ) -> Result<(Remote, Vec<u8>), ImageError> {
        let broken = |why: &str| ImageError::Unreachable {
            place: place.to_owned(),
            why: why.to_owned(),
        };
        let url = Url::parse(url).map_err(|_| broken("its link is no URL"))?;
        let client = Client::builder()
            .connect_timeout(stall.min(Duration::from_secs(10)))
            .read_timeout(stall)
            .referer(false)
            .user_agent(concat!("fleet/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| broken(&reason(error)))?;
        let shared = Arc::new(Shared {
            client,
            url,
            place: place.to_owned(),
            moved: AtomicU64::new(0),
            failures: AtomicU32::new(0),
        });
        let mut remote = Remote {
            shared,
            etag: None,
            size: u64::MAX,
        };
        let mut strikes = 0;
        loop {
            match remote.learn(first).await {
                Ok(head) => return Ok((remote, head)),
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::Passing(why)) => remote.pause(&mut strikes, why).await?,
            }
        }
    }

    /// Its version, as the store names it.
    pub(super) fn etag(&self) -> &str {
        self.etag
            .as_ref()
            .and_then(|etag| etag.to_str().ok())
            .unwrap_or_default()
    }

    /// Its length.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// How it is called in messages.
    pub(super) fn place(&self) -> &str {
        &self.shared.place
    }

    /// How many bytes have come, wasted ones included.
    pub(super) fn moved(&self) -> u64 {
        self.shared.moved.load(Ordering::Relaxed)
    }

    /// These bytes, whole.
    pub(super) async fn read(&self, from: u64, len: u64) -> Result<Vec<u8>, ImageError> {
        let whole = usize::try_from(len).map_err(|_| self.gone("a range larger than memory"))?;
        let mut got = Vec::with_capacity(whole);
        let mut strikes = 0;
        while got.len() < whole {
            let before = got.len();
            let trouble = match self.attempt(from, len, &mut got).await {
                Ok(()) if got.len() == whole => break,
                Ok(()) => "the connection ended early".to_owned(),
                Err(Trouble::Passing(why)) => why,
                Err(Trouble::Final(error)) => return Err(error),
            };
            if got.len() > before {
                strikes = 0;
            }
            self.pause(&mut strikes, trouble).await?;
        }
        Ok(got)
    }

    /// These ranges, one after the other, `parts` of them under way at a time.
    pub(super) fn stream(
        &self,
        ranges: Vec<(u64, u64)>,
        parts: usize,
    ) -> impl Stream<Item = Result<Vec<u8>, ImageError>> + Unpin + use<> {
        let remote = self.clone();
        let start = move |(from, len)| {
            let remote = remote.clone();
            // A task of its own goes on while the engine swallows what came before, and ends with its owner.
            let mut task = JoinSet::new();
            task.spawn(async move { remote.read(from, len).await });
            async move {
                match task.join_next().await {
                    Some(Ok(bytes)) => bytes,
                    Some(Err(error)) => Err(ImageError::Stopped(error.to_string())),
                    None => Err(ImageError::Stopped("a range".to_owned())),
                }
            }
        };
        futures::stream::iter(ranges).map(start).buffered(parts.max(1))
    }

    /// The first request, which fixes size and version.
    async fn learn(&mut self, first: u64) -> Result<Vec<u8>, Trouble> {
        let response = self.ask(0, first.max(1)).await?;
        let (from, size) = extent(response.headers()).ok_or_else(|| self.no_ranges())?;
        if from != 0 {
            return Err(self.no_ranges());
        }
        self.size = size;
        // A weak tag cannot be matched; the size can.
        self.etag = response
            .headers()
            .get(ETAG)
            .filter(|tag| !tag.as_bytes().starts_with(b"W/"))
            .cloned();
        let mut head = Vec::new();
        self.take(response, first.max(1).min(size), &mut head).await?;
        Ok(head)
    }

    /// One request for what is missing of a range.
    async fn attempt(&self, from: u64, len: u64, got: &mut Vec<u8>) -> Result<(), Trouble> {
        let start = from + got.len() as u64;
        let response = self.ask(start, from + len - start).await?;
        match extent(response.headers()) {
            Some((at, size)) if at == start && size == self.size => {}
            Some(_) => return Err(Trouble::Final(ImageError::Changed(self.place().to_owned()))),
            None => return Err(self.no_ranges()),
        }
        self.take(response, len, got).await
    }

    /// An answer that has bytes of the object.
    async fn ask(&self, from: u64, len: u64) -> Result<Response, Trouble> {
        let last = from.saturating_add(len - 1);
        let mut request = self
            .shared
            .client
            .get(self.shared.url.clone())
            .header(RANGE, format!("bytes={from}-{last}"));
        if let Some(etag) = &self.etag {
            request = request.header(IF_MATCH, etag.clone());
        }
        let response = request
            .send()
            .await
            .map_err(|error| Trouble::Passing(reason(error)))?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT => Ok(response),
            StatusCode::OK => Err(self.no_ranges()),
            _ => Err(self.refusal(response).await),
        }
    }

    /// The body, up to the length that the range has in all.
    async fn take(&self, mut response: Response, len: u64, got: &mut Vec<u8>) -> Result<(), Trouble> {
        let whole = usize::try_from(len).unwrap_or(usize::MAX);
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| Trouble::Passing(reason(error)))?
        {
            self.shared.moved.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            let room = whole - got.len();
            got.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        Ok(())
    }

    /// What an answer without bytes of the object means.
    async fn refusal(&self, mut response: Response) -> Trouble {
        let status = response.status();
        let mut text = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            text.extend_from_slice(&chunk);
            if text.len() >= MOST_TEXT {
                break;
            }
        }
        let text = String::from_utf8_lossy(&text);
        let code = between(&text, "<Code>", "</Code>").unwrap_or_default();
        let place = || self.place().to_owned();
        let expired = matches!(
            code,
            "ExpiredToken" | "TokenRefreshRequired" | "RequestTimeTooSkewed"
        ) || text.contains("Request has expired");
        let word = |code: &str| {
            let code: String = code
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(60)
                .collect();
            format!("{} {code}", status.as_u16()).trim_end().to_owned()
        };
        match status.as_u16() {
            _ if expired => Trouble::Final(ImageError::Expired(place())),
            404 | 410 => Trouble::Final(ImageError::Missing(place())),
            416 if self.etag.is_none() && self.size == u64::MAX => Trouble::Final(ImageError::Torn {
                place: place(),
                why: "it is empty".to_owned(),
            }),
            412 | 416 => Trouble::Final(ImageError::Changed(place())),
            408 | 425 | 429 | 500..=599 => Trouble::Passing(format!("the store answers {}", word(code))),
            400 if code == "RequestTimeout" => {
                Trouble::Passing("the store answers 400 RequestTimeout".to_owned())
            }
            _ => Trouble::Final(ImageError::Forbidden {
                place: place(),
                why: word(code),
            }),
        }
    }

    async fn pause(&self, strikes: &mut u32, why: String) -> Result<(), ImageError> {
        *strikes += 1;
        let failures = self.shared.failures.fetch_add(1, Ordering::Relaxed);
        if *strikes > STRIKES || failures >= BUDGET {
            return Err(self.gone(&why));
        }
        tokio::time::sleep(PAUSE * 2_u32.pow(*strikes - 1)).await;
        Ok(())
    }

    fn gone(&self, why: &str) -> ImageError {
        ImageError::Unreachable {
            place: self.place().to_owned(),
            why: why.to_owned(),
        }
    }

    fn no_ranges(&self) -> Trouble {
        Trouble::Final(ImageError::NoRanges(self.place().to_owned()))
    }
}

/// Where a partial answer begins, and how long the whole is: `bytes 0-99/1000`.
fn extent(headers: &HeaderMap) -> Option<(u64, u64)> {
    let text = headers
        .get(CONTENT_RANGE)?
        .to_str()
        .ok()?
        .strip_prefix("bytes ")?;
    let (range, size) = text.split_once('/')?;
    let (from, _) = range.split_once('-')?;
    Some((from.parse().ok()?, size.parse().ok()?))
}

/// An error and its causes, without the link.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        return "the store is silent".to_owned();
    }
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    texts.join(": ")
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(open)?;
    rest.split_once(close).map(|(inner, _)| inner)
}
