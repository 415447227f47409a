//! The audit log: what changed, when, by whom and from where (spec 11).

use std::fmt;

use jiff::Timestamp;

use super::database::sql;
use super::{Store, StoreError, Tx, from_json, instant, json, micros};
use crate::clock::new_id;
use crate::workspace_file::Document;

/// Who makes a change, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Their email, or the name of the operator's account.
    pub who: String,
    /// `cli`, `api` or `page`.
    pub via: String,
    /// The client's address, where it came over the network.
    pub address: Option<String>,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let via = match self.via.as_str() {
            "cli" => "on the command line",
            "api" => "by the API",
            _ => "on a page",
        };
        write!(f, "{} {via}", self.who)?;
        self.address.as_ref().map_or(Ok(()), |address| write!(f, " from {address}"))
    }
}

/// One change.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// By whom, and from where.
    pub actor: Actor,
    /// What, in sentences.
    pub words: Vec<String>,
    /// The version of the configuration that it made, if it made one.
    pub version: Option<i64>,
}

type Row = (i64, String, String, Option<String>, String, Option<i64>);

impl Store {
    /// The latest changes, the latest first.
    pub async fn audit_log(&self, limit: i64) -> Result<Vec<AuditEntry>, StoreError> {
        let rows: Vec<Row> =
            sql("SELECT at, who, via, address, words, version FROM audit_entry ORDER BY at DESC, version DESC NULLS LAST, id DESC LIMIT $1")
                .bind(limit)
                .all(&self.read)
                .await?;
        rows.into_iter().map(entry).collect()
    }

    /// The change that made a version of the configuration.
    pub async fn made_version(&self, version: i64) -> Result<Option<AuditEntry>, StoreError> {
        let row: Option<Row> = sql("SELECT at, who, via, address, words, version FROM audit_entry WHERE version = $1")
            .bind(version)
            .optional(&self.read)
            .await?;
        row.map(entry).transpose()
    }
}

fn entry((at, who, via, address, words, version): Row) -> Result<AuditEntry, StoreError> {
    let words = from_json("an entry of the audit log", &words)?;
    Ok(AuditEntry { at: instant(at)?, actor: Actor { who, via, address }, words, version })
}

/// Adds an entry; one that makes a version of the configuration comes with the whole of it.
pub(crate) async fn add(tx: &mut Tx, entry: &AuditEntry, document: Option<&Document>) -> Result<(), StoreError> {
    sql("INSERT INTO audit_entry (id, at, who, via, address, words, version, document) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(new_id("aud"))
        .bind(micros(entry.at))
        .bind(&entry.actor.who)
        .bind(&entry.actor.via)
        .bind(&entry.actor.address)
        .bind(json(&entry.words))
        .bind(entry.version)
        .bind(document.map(json).as_deref())
        .run(tx)
        .await?;
    Ok(())
}
