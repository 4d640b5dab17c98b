//! Floor 2, coordinator's side: object stores that speak S3. Asks whether an object is there, and signs links to it.
//!
//! The only place that knows the AWS SDK and its chain of credentials (environment, profile, SSO, instance).
//! Invariant: a credential goes no further than here; what leaves is a link to one object, for a while.

mod error;

pub use error::ObjectError;

use std::error::Error as _;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::text::sanitize_excerpt;

/// Which store, and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where it is, unless it is Amazon's.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: String,
    /// `endpoint/bucket/key` in place of `bucket.endpoint/key`.
    pub path_style: bool,
    /// Public buckets: no credentials, plain links.
    pub unsigned: bool,
    /// How long a signed link is good; a week at most.
    pub expires: Duration,
}

/// What is known of an object without fetching it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectFacts {
    /// Bytes.
    pub size: u64,
    /// The store's name for this version; empty if it has none.
    pub etag: String,
}

/// A store. One is enough for many objects and callers.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    settings: Settings,
}

/// The longest that S3 lets a signed link live.
const WEEK: Duration = Duration::from_hours(7 * 24);

impl Store {
    /// Finds the credentials; connects only to their providers, and not to the store.
    pub async fn open(settings: Settings) -> Store {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .region(Region::new(settings.region.clone()))
            .retry_config(RetryConfig::standard().with_max_attempts(4))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(10))
                    .operation_attempt_timeout(Duration::from_secs(30))
                    .build(),
            );
        if settings.unsigned {
            loader = loader.no_credentials();
        }
        let shared = loader.load().await;
        let mut config = aws_sdk_s3::config::Builder::from(&shared).force_path_style(settings.path_style);
        if let Some(endpoint) = &settings.endpoint {
            config = config.endpoint_url(endpoint);
        }
        Store {
            client: Client::from_conf(config.build()),
            settings,
        }
    }

    /// Is the object there, and how large is it?
    pub async fn head(&self, bucket: &str, key: &str) -> Result<ObjectFacts, ObjectError> {
        let place = place(bucket, key);
        let answer = self.client.head_object().bucket(bucket).key(key).send().await;
        let object = answer.map_err(|error| explain(&place, &error))?;
        let size = object.content_length().and_then(|size| u64::try_from(size).ok());
        Ok(ObjectFacts {
            size: size.ok_or_else(|| ObjectError::Odd {
                place,
                why: "it tells no size".to_owned(),
            })?,
            etag: object.e_tag().unwrap_or_default().to_owned(),
        })
    }

    /// Is the bucket there, and may we look into it?
    pub async fn look(&self, bucket: &str) -> Result<(), ObjectError> {
        let answer = self.client.head_bucket().bucket(bucket).send().await;
        answer
            .map(drop)
            .map_err(|error| explain(&format!("s3://{bucket}"), &error))
    }

    /// A link that fetches the object, for a while. A secret, unless the store is public.
    pub async fn sign(&self, bucket: &str, key: &str) -> Result<String, ObjectError> {
        let place = place(bucket, key);
        let odd = |why: String| ObjectError::Odd {
            place: place.clone(),
            why,
        };
        let get = self.client.get_object().bucket(bucket).key(key);
        let expires = self.settings.expires.clamp(Duration::from_secs(1), WEEK);
        let terms = PresigningConfig::expires_in(expires).map_err(|error| odd(error.to_string()))?;
        let request = get
            .presigned(terms)
            .await
            .map_err(|error| explain(&place, &error))?;
        let link = request.uri();
        // Without credentials there is nothing to sign with, and nothing that a query would say.
        let link = if self.settings.unsigned {
            link.split('?').next().unwrap_or(link)
        } else {
            link
        };
        Ok(link.to_owned())
    }
}

fn place(bucket: &str, key: &str) -> String {
    format!("s3://{bucket}/{key}")
}

/// What a failure means.
fn explain<E>(place: &str, error: &SdkError<E>) -> ObjectError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let place = place.to_owned();
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code().unwrap_or_default().to_owned();
    let why = || cause(error);
    match error {
        SdkError::TimeoutError(_) => ObjectError::Unreachable {
            place,
            why: "it is silent".to_owned(),
        },
        SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => {
            ObjectError::Unreachable { place, why: why() }
        }
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) if speaks_of_credentials(error) => {
            ObjectError::NoCredentials { place, why: why() }
        }
        SdkError::DispatchFailure(_) => ObjectError::Unreachable { place, why: why() },
        _ => answered(place, status, &code, why()),
    }
}

/// What an answer that is a failure means. To HEAD there is no text: the status must do.
fn answered(place: String, status: Option<u16>, code: &str, why: String) -> ObjectError {
    let word = |status: u16| format!("{status} {code}").trim_end().to_owned();
    match (status, code) {
        (_, "ExpiredToken" | "TokenRefreshRequired" | "RequestExpired") => ObjectError::Expired(place),
        (_, "NoSuchKey" | "NoSuchBucket" | "NotFound") | (Some(404), _) => ObjectError::Missing(place),
        (Some(status @ (301 | 307 | 308)), _) => ObjectError::OtherRegion {
            place,
            why: word(status),
        },
        (Some(status @ (400 | 401 | 403)), _) => ObjectError::Denied {
            place,
            why: word(status),
        },
        (Some(status @ (429 | 500..)), _) => ObjectError::Unreachable {
            place,
            why: word(status),
        },
        _ => ObjectError::Odd { place, why },
    }
}

fn speaks_of_credentials<E>(error: &SdkError<E>) -> bool
where
    E: std::error::Error + 'static,
{
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string().to_lowercase();
        if text.contains("credential") || text.contains("identity") || text.contains("sso") {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The innermost cause: the SDK's own words say little.
fn cause<E>(error: &SdkError<E>) -> String
where
    E: std::error::Error + 'static,
{
    let mut text = DisplayErrorContext(error).to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    sanitize_excerpt(&text, 200)
}
