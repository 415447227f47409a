//! Listing bookings: which, and page by page.

use domain::email_domain::EmailAddress;
use jiff::Timestamp;

use super::bookings::{Row, SELECT, booking_row};
use super::database::{Value, sql_from_parts};
use super::{BookingRow, Store, StoreError, cursor, micros};

/// Which bookings to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// All of them, the latest start first.
    #[default]
    All,
    /// Those that have not started, the next one first.
    Upcoming,
    /// Those that have started, the latest first.
    Past,
    /// Cancelled ones.
    Cancelled,
    /// Those whose sync waits for a person.
    NeedsAttention,
}

/// What bookings must be like to be listed.
#[derive(Debug, Clone, Default)]
pub struct BookingFilter {
    /// Which list.
    pub scope: Scope,
    /// Only this organizer's.
    pub organizer: Option<EmailAddress>,
    /// Only of the event type with this slug.
    pub event_type: Option<String>,
    /// Only this attendee's.
    pub attendee: Option<EmailAddress>,
    /// Only those that changed then or later.
    pub updated_since: Option<Timestamp>,
    /// Only those with this text in their title, or in a name or email; in any case.
    pub text: Option<String>,
}

impl From<Scope> for BookingFilter {
    fn from(scope: Scope) -> Self {
        BookingFilter { scope, ..BookingFilter::default() }
    }
}

/// One page of a listing.
#[derive(Debug, Clone)]
pub struct BookingPage {
    /// The bookings.
    pub rows: Vec<BookingRow>,
    /// Where the next page starts; none on the last one.
    pub next: Option<String>,
}

impl Store {
    /// A page of bookings. `cursor` is the `next` of the page before; one that we did not make starts over.
    pub async fn bookings(
        &self,
        filter: &BookingFilter,
        cursor: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<BookingPage, StoreError> {
        let upcoming = filter.scope == Scope::Upcoming;
        let (compare, direction, edge) = if upcoming { (">", "ASC", i64::MIN) } else { ("<", "DESC", i64::MAX) };
        let mut text = format!("{SELECT} WHERE {} AND (b.start_at, b.id) {compare} ($1, $2)", condition(filter.scope));
        let (start, id) = cursor.and_then(cursor::read).unwrap_or((edge, String::new()));
        let mut values: Vec<Value> =
            vec![start.into(), id.into(), i64::try_from(limit + 1).unwrap_or(i64::MAX).into(), micros(now).into()];
        for (clause, value) in clauses(filter) {
            values.push(value);
            text = format!("{text} AND {}", clause.replace('?', &format!("${}", values.len())));
        }
        let text = format!("{text} ORDER BY b.start_at {direction}, b.id {direction} LIMIT $3");
        let mut rows: Vec<Row> =
            values.into_iter().fold(sql_from_parts(text), |sql, value| sql.bind(value)).all(&self.read).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let rows: Vec<BookingRow> = rows.into_iter().map(booking_row).collect::<Result<_, _>>()?;
        let next = rows.last().filter(|_| more).map(|row| cursor::write(micros(row.booking.start), &row.id.0));
        Ok(BookingPage { rows, next })
    }
}

/// What a scope asks of a booking; `$4` is the present instant.
fn condition(scope: Scope) -> &'static str {
    match scope {
        Scope::All => "$4 = $4",
        Scope::Upcoming => "b.status IN ('accepted', 'requested') AND b.start_at >= $4",
        Scope::Past => "b.status IN ('accepted', 'requested') AND b.start_at < $4",
        Scope::Cancelled => "b.status IN ('cancelled', 'rejected') AND $4 = $4",
        Scope::NeedsAttention => "b.id IN (SELECT booking_id FROM outbox WHERE state = 'held') AND $4 = $4",
    }
}

/// What else a filter asks, with the value for each `?`.
fn clauses(filter: &BookingFilter) -> Vec<(&'static str, Value)> {
    let email = |email: &EmailAddress| Value::from(email.folded());
    let clauses = [
        ("b.organizer_email = ?", filter.organizer.as_ref().map(email)),
        ("b.attendee_email = ?", filter.attendee.as_ref().map(email)),
        ("e.slug = ?", filter.event_type.as_deref().map(Value::from)),
        ("b.updated_at >= ?", filter.updated_since.map(|at| micros(at).into())),
        ("b.search_text LIKE ? ESCAPE '!'", filter.text.as_deref().map(|text| containing(text).into())),
    ];
    clauses.into_iter().filter_map(|(clause, value)| Some((clause, value?))).collect()
}

/// The pattern of texts that contain this one, which is only itself.
fn containing(text: &str) -> String {
    let literal: String = text
        .to_lowercase()
        .chars()
        .flat_map(|c| matches!(c, '%' | '_' | '!').then_some('!').into_iter().chain([c]))
        .collect();
    format!("%{literal}%")
}
