//! Which bookings a request lists.

use domain::email_domain::EmailAddress;
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use crate::store::{BookingFilter, Scope, is_cursor};

/// The length of a page that asks for none.
const DEFAULT_PAGE: usize = 50;

/// The longest page of a listing.
const LONGEST_PAGE: usize = 200;

/// The longest text that is searched for, in characters.
const LONGEST_TEXT: usize = 200;

/// What the query of a listing may hold.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the document's form of what list_query reads")]
pub(super) struct BookingQuery {
    /// Which list; `all` if left out.
    #[param(inline)]
    scope: Option<ScopeWord>,
    /// Only bookings of the event type with this slug.
    event_type: Option<String>,
    /// Only bookings of the attendee with this email.
    #[param(format = "email")]
    attendee: Option<String>,
    /// Only bookings that changed at this instant or later. A change may show a few seconds after its time: ask with some overlap.
    updated_since: Option<Timestamp>,
    /// Only bookings with this text in their title, or in a name or an email of those who take part; in any case.
    #[param(min_length = 1, max_length = 200)]
    text: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// How many bookings a page has; 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// Which list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ScopeWord {
    All,
    Upcoming,
    Past,
    Cancelled,
    NeedsAttention,
}

impl From<ScopeWord> for Scope {
    fn from(word: ScopeWord) -> Self {
        match word {
            ScopeWord::All => Scope::All,
            ScopeWord::Upcoming => Scope::Upcoming,
            ScopeWord::Past => Scope::Past,
            ScopeWord::Cancelled => Scope::Cancelled,
            ScopeWord::NeedsAttention => Scope::NeedsAttention,
        }
    }
}

/// What to list.
#[derive(Debug)]
pub(super) struct ListQuery {
    pub(super) filter: BookingFilter,
    pub(super) after: Option<String>,
    pub(super) limit: usize,
}

/// Reads the query of a listing.
pub(super) fn list_query(text: &str) -> Result<ListQuery, Problem> {
    let mut query = ListQuery { filter: BookingFilter::default(), after: None, limit: DEFAULT_PAGE };
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        let filter = &mut query.filter;
        match &*name {
            "scope" => filter.scope = scope(&value)?,
            "event_type" => filter.event_type = Some(plain(&value)?),
            "attendee" => filter.attendee = Some(email(&value)?),
            "updated_since" => filter.updated_since = Some(instant(&value)?),
            "text" => filter.text = Some(search(&value)?),
            "after" => query.after = Some(cursor(&value)?),
            "limit" => query.limit = limit(&value)?,
            _ => {
                let known = "It may have scope, event_type, attendee, updated_since, text, after and limit.";
                return Err(wrong("The query cannot be understood.", known));
            }
        }
    }
    Ok(query)
}

/// A query that cannot be used.
pub(super) fn wrong(title: &str, detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, title).detail(detail)
}

fn scope(word: &str) -> Result<Scope, Problem> {
    let known = "It may be all, upcoming, past, cancelled or needs_attention.";
    let word = serde_json::from_value::<ScopeWord>(word.into());
    word.map(Scope::from).map_err(|_| wrong("The scope is not known.", known))
}

fn plain(text: &str) -> Result<String, Problem> {
    if text.contains('\0') {
        return Err(wrong("The query holds a NUL character.", "Nothing has one; leave it out."));
    }
    Ok(text.to_owned())
}

fn email(text: &str) -> Result<EmailAddress, Problem> {
    let detail =
        |error: domain::email_domain::NotAnEmailAddress| wrong("The attendee is no email.", &error.to_string());
    plain(text)?.parse().map_err(detail)
}

fn instant(text: &str) -> Result<Timestamp, Problem> {
    let detail = "Write an instant with its offset, such as 2026-12-01T09:30:00Z.";
    text.parse().map_err(|_| wrong("The updated_since is no instant.", detail))
}

fn search(text: &str) -> Result<String, Problem> {
    if !(1..=LONGEST_TEXT).contains(&text.chars().count()) {
        return Err(wrong("The text cannot be searched for.", "Send 1 to 200 characters."));
    }
    plain(text)
}

/// Which page.
#[derive(Debug)]
pub(super) struct Paging {
    pub(super) after: Option<String>,
    pub(super) limit: usize,
}

/// Reads the query of a listing that has pages and nothing to choose.
pub(super) fn paging(text: &str, default_limit: usize) -> Result<Paging, Problem> {
    let mut paging = Paging { after: None, limit: default_limit };
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        match &*name {
            "after" => paging.after = Some(cursor(&value)?),
            "limit" => paging.limit = limit(&value)?,
            _ => return Err(wrong("The query cannot be understood.", "It may have after and limit.")),
        }
    }
    Ok(paging)
}

/// The `next` of a page before.
pub(super) fn cursor(text: &str) -> Result<String, Problem> {
    if is_cursor(text) {
        return Ok(text.to_owned());
    }
    Err(wrong("This `after` is of no page.", "Send the `next` of the page before as it came."))
}

/// How long a page is.
pub(super) fn limit(text: &str) -> Result<usize, Problem> {
    let limit = text.parse().ok().filter(|limit| (1..=LONGEST_PAGE).contains(limit));
    limit.ok_or_else(|| wrong("The limit cannot be used.", "Send a whole number from 1 to 200."))
}
