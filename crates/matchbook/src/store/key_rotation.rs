//! Sealing all secrets anew, when the encryption key is replaced.

use jiff::Timestamp;

use super::audit::{self, Actor, AuditEntry};
use super::connections::{Connection, PutError};
use super::database::sql;
use super::sources::Source;
use super::{Store, StoreError, Tx};
use crate::secrets::Vault;

/// What sealing anew did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resealed {
    /// How many secrets have the new key now that had another.
    pub count: usize,
    /// How many no known key opens, such as those of an archived entry whose key was lost long ago.
    pub lost: usize,
}

/// A column with sealed secrets.
struct Column {
    /// Id and secret of each row.
    read: &'static str,
    /// Replaces a secret, unless it has changed since it was read.
    write: &'static str,
    /// Where the secret of a row is sealed for.
    place: fn(&str) -> String,
}

/// Every column that is kept; those of a sign-in that is under way end with it.
const COLUMNS: &[Column] = &[
    Column {
        read: "SELECT id, client_secret FROM connection ORDER BY id",
        write: "UPDATE connection SET client_secret = $3 WHERE id = $1 AND client_secret = $2",
        place: Connection::secret_place,
    },
    Column {
        read: "SELECT id, access_token FROM connection WHERE access_token IS NOT NULL ORDER BY id",
        write: "UPDATE connection SET access_token = $3 WHERE id = $1 AND access_token = $2",
        place: Connection::access_place,
    },
    Column {
        read: "SELECT id, refresh_token FROM connection WHERE refresh_token IS NOT NULL ORDER BY id",
        write: "UPDATE connection SET refresh_token = $3 WHERE id = $1 AND refresh_token = $2",
        place: Connection::refresh_place,
    },
    Column {
        read: "SELECT id, secret FROM source ORDER BY id",
        write: "UPDATE source SET secret = $3 WHERE id = $1 AND secret = $2",
        place: Source::secret_place,
    },
    Column {
        read: "SELECT id, api_key FROM source WHERE api_key IS NOT NULL ORDER BY id",
        write: "UPDATE source SET api_key = $3 WHERE id = $1 AND api_key = $2",
        place: Source::api_key_place,
    },
];

impl Store {
    /// Seals with a vault's own key all that its other keys sealed, in one transaction.
    pub async fn seal_anew(&self, vault: &Vault, actor: &Actor, now: Timestamp) -> Result<Resealed, PutError> {
        let mut tx = self.configuring().await?;
        let mut resealed = Resealed::default();
        for column in COLUMNS {
            seal_column_anew(&mut tx, vault, column, &mut resealed).await?;
        }
        if resealed.count > 0 {
            let words = vec![format!("Seal {} secrets with another encryption key", resealed.count)];
            audit::add(&mut tx, &AuditEntry { at: now, actor: actor.clone(), words, version: None }, None).await?;
        }
        tx.commit().await?;
        Ok(resealed)
    }
}

async fn seal_column_anew(
    tx: &mut Tx,
    vault: &Vault,
    column: &Column,
    resealed: &mut Resealed,
) -> Result<(), StoreError> {
    let rows: Vec<(String, Vec<u8>)> = sql(column.read).all(&mut *tx).await?;
    for (id, sealed) in rows {
        match vault.sealed_anew(&(column.place)(&id), &sealed) {
            Ok(None) => {}
            Ok(Some(anew)) => {
                let written = sql(column.write).bind(&id).bind(&sealed).bind(&anew).run(&mut *tx).await?;
                resealed.count += usize::from(written == 1);
            }
            Err(_) => resealed.lost += 1,
        }
    }
    Ok(())
}
