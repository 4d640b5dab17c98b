//! Table `host`: how its link was last seen, what a person has said of it, which images it has.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;
use sqlx::error::BoxDynError;

use super::names::Names;
use super::read::{from_json, from_row};
use super::write::{Values, WrittenRow, bind, non_empty, to_json};
use super::{Store, StoreError};
use crate::domain::event::Stock;
use crate::domain::host::{Link, Outlook};
use crate::domain::{HostName, Timestamp};
use crate::schedule::fleet::HostEntry;

/// A host that is perhaps spoken of for the first time.
pub(super) struct NewHost<'a>(pub(super) &'a HostName);

impl WrittenRow for NewHost<'_> {
    const HEAD: &'static str = "insert or ignore into host (name) values";
    const ROW: &'static str = "(?)";
    const TAIL: &'static str = "";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        bind!(values: self.0.as_str())
    }
}

/// The columns of `host` that say how its link is.
pub(super) struct HostLink<'a> {
    pub(super) host: &'a HostName,
    pub(super) link: &'a Link,
}

impl WrittenRow for HostLink<'_> {
    const HEAD: &'static str = "with new (host, link, since, reason, outlook) as (values";
    const ROW: &'static str = "(?,?,?,?,?)";
    const TAIL: &'static str = ") update host set link = new.link, link_since = new.since,
        link_reason = new.reason, link_outlook = new.outlook from new where host.name = new.host";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        let (word, since, down) = match self.link {
            Link::Unknown => ("unknown", None, None),
            Link::Up { since } => ("up", Some(since.0), None),
            Link::Down {
                since,
                reason,
                outlook,
            } => ("down", Some(since.0), Some((reason.as_str(), *outlook))),
        };
        let outlook = down.map(|(_, outlook)| match outlook {
            Outlook::Transient => "transient",
            Outlook::Permanent => "permanent",
        });
        bind!(values: self.host.as_str(), word, since, down.map(|(reason, _)| reason), outlook)
    }
}

/// The column of `host` that holds a person's word.
pub(super) struct HostWord<'a> {
    pub(super) host: &'a HostName,
    pub(super) gone: Option<&'a str>,
}

impl WrittenRow for HostWord<'_> {
    const HEAD: &'static str = "with new (host, gone) as (values";
    const ROW: &'static str = "(?,?)";
    const TAIL: &'static str = ") update host set gone = new.gone from new where host.name = new.host";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        bind!(values: self.host.as_str(), self.gone)
    }
}

/// The column of `host` that says which images it has.
pub(super) struct HostShelf<'a> {
    host: &'a HostName,
    shelf: Option<String>,
}

impl<'a> HostShelf<'a> {
    pub(super) fn new(host: &'a HostName, entry: &HostEntry) -> Result<HostShelf<'a>, StoreError> {
        let shelf: Vec<_> = entry.shelf.values().collect();
        let shelf = non_empty(&shelf).map(to_json).transpose()?;
        Ok(HostShelf { host, shelf })
    }
}

impl WrittenRow for HostShelf<'_> {
    const HEAD: &'static str = "with new (host, shelf) as (values";
    const ROW: &'static str = "(?,?)";
    const TAIL: &'static str = ") update host set shelf = new.shelf from new where host.name = new.host";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        bind!(values: self.host.as_str(), self.shelf.as_deref())
    }
}

/// What people have said of hosts that will never come back.
pub(super) async fn read_words(
    connection: &mut SqliteConnection,
    names: &mut Names,
) -> Result<Vec<(HostName, String)>, StoreError> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("select name, gone from host where gone is not null order by name")
            .fetch_all(connection)
            .await?;
    rows.into_iter()
        .map(|(name, word)| Ok((names.host.get(&name)?, word)))
        .collect()
}

/// The images of each host.
pub(super) async fn read_shelves(
    connection: &mut SqliteConnection,
    names: &mut Names,
) -> Result<Vec<(HostName, Vec<Stock>)>, StoreError> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("select name, shelf from host where shelf is not null order by name")
            .fetch_all(connection)
            .await?;
    rows.into_iter()
        .map(|(name, shelf)| Ok((names.host.get(&name)?, from_json("host", &shelf)?)))
        .collect()
}

impl Store {
    /// The links as the last coordinator saw them.
    pub async fn links(&self) -> Result<BTreeMap<HostName, Link>, StoreError> {
        let rows: Vec<StoredLink> = sqlx::query_as(
            "select name, link, link_since, link_reason, link_outlook from host order by name",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(StoredLink::link).collect()
    }
}

from_row! {
    struct StoredLink {
        name: String,
        link: String,
        link_since: Option<i64>,
        link_reason: Option<String>,
        link_outlook: Option<String>,
    }
}

impl StoredLink {
    fn link(self) -> Result<(HostName, Link), StoreError> {
        let name = self.name.parse().map_err(|bad| StoreError::Row {
            table: "host",
            what: format!("`{}` {bad}", self.name.escape_debug()),
        })?;
        let since = self.link_since.map(Timestamp);
        let link = match (self.link.as_str(), since, self.link_reason) {
            ("up", Some(since), _) => Link::Up { since },
            ("down", Some(since), Some(reason)) => Link::Down {
                since,
                reason,
                outlook: match self.link_outlook.as_deref() {
                    Some("permanent") => Outlook::Permanent,
                    _ => Outlook::Transient,
                },
            },
            _ => Link::Unknown,
        };
        Ok((name, link))
    }
}
