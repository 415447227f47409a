//! Sync errors as people look through them: listed, grouped by cause, retried, dismissed.

use domain::email_domain::EmailAddress;
use domain::sync_error::ErrorCause;
use jiff::Timestamp;
use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};

use super::database::{Sql, Value, sql_from_parts};
use super::{Store, StoreError, Tx, cursor, describes, from_json, instant, micros};

/// What became of a sync error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorState {
    /// What failed was not done yet.
    Open,
    /// A later run of its booking did it, or had no more need to.
    Resolved,
    /// Somebody said that it needs no attention.
    Dismissed,
}

impl ErrorState {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorState::Open => "open",
            ErrorState::Resolved => "resolved",
            ErrorState::Dismissed => "dismissed",
        }
    }
}

/// Which sync errors.
#[derive(Debug, Clone, Default)]
pub struct ErrorFilter {
    /// Only of bookings of this organizer.
    pub organizer: Option<EmailAddress>,
    /// Only in this state.
    pub state: Option<ErrorState>,
    /// Only of this cause.
    pub cause_id: Option<String>,
    /// Only of this booking.
    pub booking_id: Option<String>,
    /// Only of the event type with this key.
    pub event_type: Option<String>,
    /// Only of the connection with this key.
    pub connection: Option<String>,
}

/// A sync error as it is kept: one for each booking that met a cause.
#[derive(Debug, Clone)]
pub struct StoredError {
    /// Its id.
    pub id: String,
    /// Its cause's id.
    pub cause_id: String,
    /// Its cause.
    pub cause: ErrorCause,
    /// When a later sync, of any booking on the connection, did what had failed.
    pub works_again_at: Option<Timestamp>,
    /// Its booking's id.
    pub booking_id: String,
    /// The key of the booking's event type.
    pub event_type: String,
    /// Its title.
    pub event_type_title: String,
    /// The key of the connection.
    pub connection: String,
    /// Its name.
    pub connection_name: String,
    /// The email of the guest whose record it is about.
    pub guest: Option<String>,
    /// The message as it came for this booking.
    pub message: String,
    /// What became of it: a word of [`ErrorState`].
    pub state: String,
    /// When it was first met.
    pub first_at: Timestamp,
    /// When it was last met.
    pub last_at: Timestamp,
    /// How often.
    pub times: i64,
    /// When it was resolved or dismissed.
    pub ended_at: Option<Timestamp>,
    /// The email of who dismissed it.
    pub ended_by: Option<String>,
    /// Why it was dismissed.
    pub note: Option<String>,
}

impl StoredError {
    /// When it was marked resolved: by its own booking's next run, or since what failed works again (spec 8).
    pub fn resolved_at(&self) -> Option<Timestamp> {
        let own = self.ended_at.filter(|_| self.state == ErrorState::Resolved.as_str());
        own.or(self.works_again_at.filter(|at| *at >= self.last_at))
    }
}

/// The open sync errors of one cause.
#[derive(Debug, Clone)]
pub struct ErrorGroup {
    /// The latest of them.
    pub latest: StoredError,
    /// How many bookings wait.
    pub count: i64,
    /// When the first was first met.
    pub first_at: Timestamp,
    /// When the last was last met.
    pub last_at: Timestamp,
}

const SELECT: &str = "SELECT e.id, e.cause_id, c.cause, c.works_again_at, e.booking_id, t.key AS event_type,
    t.title AS event_type_title, n.key AS connection, n.name AS connection_name, e.guest, e.message, e.state, e.first_at,
    e.last_at, e.times, e.ended_at, e.ended_by, e.note
    FROM sync_error e JOIN sync_error_cause c ON c.id = e.cause_id JOIN booking b ON b.id = e.booking_id
    JOIN event_type t ON t.id = e.event_type_id JOIN connection n ON n.id = e.connection_id";

/// A row of [`SELECT`]: more columns than a tuple may have.
struct ErrorRow {
    texts: [String; 10],
    cause: String,
    times: [i64; 3],
    works_again_at: Option<i64>,
    ended_at: Option<i64>,
    ended_by: Option<String>,
    note: Option<String>,
}

impl<'r, R: Row> FromRow<'r, R> for ErrorRow
where
    &'static str: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
    Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        let text = |name: &'static str| row.try_get::<String, _>(name);
        let time = |name: &'static str| row.try_get::<i64, _>(name);
        Ok(ErrorRow {
            texts: [
                text("id")?,
                text("cause_id")?,
                text("booking_id")?,
                text("event_type")?,
                text("event_type_title")?,
                text("connection")?,
                text("connection_name")?,
                text("guest")?,
                text("message")?,
                text("state")?,
            ],
            cause: text("cause")?,
            times: [time("first_at")?, time("last_at")?, time("times")?],
            works_again_at: row.try_get("works_again_at")?,
            ended_at: row.try_get("ended_at")?,
            ended_by: row.try_get("ended_by")?,
            note: row.try_get("note")?,
        })
    }
}

fn stored(row: ErrorRow) -> Result<StoredError, StoreError> {
    let ErrorRow { texts, cause, times: [first_at, last_at, times], works_again_at, ended_at, ended_by, note } = row;
    let [id, cause_id, booking_id, event_type, event_type_title, connection, connection_name, guest, message, state] =
        texts;
    Ok(StoredError {
        cause: from_json("the cause of a sync error", &cause)?,
        works_again_at: works_again_at.map(instant).transpose()?,
        guest: Some(guest).filter(|guest| !guest.is_empty()),
        first_at: instant(first_at)?,
        last_at: instant(last_at)?,
        ended_at: ended_at.map(instant).transpose()?,
        id,
        cause_id,
        booking_id,
        event_type,
        event_type_title,
        connection,
        connection_name,
        message,
        state,
        times,
        ended_by,
        note,
    })
}

/// The statement of these beginnings, what a filter asks, and an end; values of the beginning and the end come first.
fn filtered(filter: &ErrorFilter, (head, tail): (&str, &str), first: Vec<Value>) -> Sql {
    let clauses = [
        ("b.organizer_email = ", filter.organizer.as_ref().map(EmailAddress::folded).map(Value::from)),
        ("e.state = ", filter.state.map(ErrorState::as_str).map(Value::from)),
        ("e.cause_id = ", filter.cause_id.as_deref().map(Value::from)),
        ("e.booking_id = ", filter.booking_id.as_deref().map(Value::from)),
        ("t.key = ", filter.event_type.as_deref().map(Value::from)),
        ("n.key = ", filter.connection.as_deref().map(Value::from)),
    ];
    let (mut text, mut values) = (head.to_owned(), first);
    for (clause, value) in clauses {
        if let Some(value) = value {
            values.push(value);
            text = format!("{text} AND {clause}${}", values.len());
        }
    }
    values.into_iter().fold(sql_from_parts(format!("{text} {tail}")), Sql::bind)
}

impl Store {
    /// A page of sync errors, the latest first, and where the next page starts. `cursor` is the `next` of the page before.
    pub async fn sync_errors(
        &self,
        filter: &ErrorFilter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<StoredError>, Option<String>), StoreError> {
        // Ids begin with the time at which they were made, so that their order is that of first meeting.
        let (_, before) = cursor.and_then(cursor::read).unwrap_or((0, "~".to_owned()));
        let values = vec![before.into(), i64::try_from(limit + 1).unwrap_or(i64::MAX).into()];
        let parts = (&*format!("{SELECT} WHERE e.id < $1"), "ORDER BY e.id DESC LIMIT $2");
        let rows: Vec<ErrorRow> = filtered(filter, parts, values).all(&self.read).await?;
        let mut found: Vec<StoredError> = rows.into_iter().map(stored).collect::<Result<_, _>>()?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|last| cursor::write(micros(last.first_at), &last.id));
        Ok((found, next))
    }

    /// One sync error that a filter lets through.
    pub async fn sync_error(&self, filter: &ErrorFilter, id: &str) -> Result<Option<StoredError>, StoreError> {
        let parts = (&*format!("{SELECT} WHERE e.id = $1"), "");
        let row: Option<ErrorRow> = filtered(filter, parts, vec![id.into()]).optional(&self.read).await?;
        row.map(stored).transpose()
    }

    /// The latest sync error that a filter lets through, unless it was dismissed.
    pub async fn latest_sync_error(&self, filter: &ErrorFilter) -> Result<Option<StoredError>, StoreError> {
        let parts = (&*format!("{SELECT} WHERE $1 = $1"), "ORDER BY e.last_at DESC, e.id DESC LIMIT 1");
        let row: Option<ErrorRow> = filtered(filter, parts, vec![0.into()]).optional(&self.read).await?;
        let latest = row.map(stored).transpose()?;
        Ok(latest.filter(|error| error.state != ErrorState::Dismissed.as_str()))
    }

    /// The open sync errors that a filter lets through by cause, at most `limit` causes, the last seen first.
    pub async fn sync_error_groups(&self, filter: &ErrorFilter, limit: usize) -> Result<Vec<ErrorGroup>, StoreError> {
        type Group = (String, i64, i64, i64);
        let parts = (
            "SELECT max(e.id), count(*), min(e.first_at), max(e.last_at) FROM sync_error e
             JOIN booking b ON b.id = e.booking_id JOIN event_type t ON t.id = e.event_type_id
             JOIN connection n ON n.id = e.connection_id WHERE e.state = 'open'",
            "GROUP BY e.cause_id ORDER BY max(e.last_at) DESC, max(e.id) DESC LIMIT $1",
        );
        let values = vec![i64::try_from(limit).unwrap_or(i64::MAX).into()];
        let rows: Vec<Group> = filtered(filter, parts, values).all(&self.read).await?;
        let mut groups = Vec::with_capacity(rows.len());
        for (id, count, first_at, last_at) in rows {
            // One that was settled since is no group any more.
            if let Some(latest) = self.sync_error(&ErrorFilter::default(), &id).await? {
                groups.push(ErrorGroup { latest, count, first_at: instant(first_at)?, last_at: instant(last_at)? });
            }
        }
        Ok(groups)
    }

    /// Makes the syncs due of all bookings with open errors that a filter lets through, and drops what is kept of their orgs, so
    /// that they are asked anew what they look like; how many.
    pub async fn retry_sync_errors(&self, filter: &ErrorFilter, now: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let parts = (
            "UPDATE outbox SET state = 'waiting', due_at = $1, reason = NULL, again = CASE WHEN worker IS NULL THEN 0 ELSE 1 END
             WHERE booking_id IN (SELECT e.booking_id FROM sync_error e JOIN booking b ON b.id = e.booking_id
                 JOIN event_type t ON t.id = e.event_type_id JOIN connection n ON n.id = e.connection_id WHERE e.state = 'open'",
            ") RETURNING connection_id",
        );
        let mut connections: Vec<(String,)> = filtered(filter, parts, vec![micros(now).into()]).all(&mut tx).await?;
        let retried = connections.len() as u64;
        connections.sort();
        connections.dedup();
        for (connection_id,) in &connections {
            describes::forget(&mut tx, connection_id).await?;
        }
        tx.commit().await?;
        Ok(retried)
    }

    /// Dismisses the sync errors that a filter lets through and were not dismissed before; how many.
    pub async fn dismiss_sync_errors(
        &self,
        filter: &ErrorFilter,
        id: Option<&str>,
        (note, by): (&str, &str),
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut tx: Tx = self.begin().await?;
        let parts = (
            "UPDATE sync_error SET state = 'dismissed', ended_at = $1, ended_by = $2, note = $3 WHERE id IN (
                 SELECT e.id FROM sync_error e JOIN booking b ON b.id = e.booking_id
                 JOIN event_type t ON t.id = e.event_type_id JOIN connection n ON n.id = e.connection_id
                 WHERE e.state <> 'dismissed' AND ($4 = '' OR e.id = $4)",
            ")",
        );
        let values = vec![micros(now).into(), by.into(), note.into(), id.unwrap_or_default().into()];
        let dismissed = filtered(filter, parts, values).run(&mut tx).await?;
        tx.commit().await?;
        Ok(dismissed)
    }
}
