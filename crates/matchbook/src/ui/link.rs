//! `GET /r/{event type}`: sends a booker on to the event type's page at Cal.com, with the host who is decided here (spec 7).
//!
//! Nobody need be signed in. The answer has one form for everybody who gives an email, so that it does not tell whether
//! Salesforce knows them. Whatever fails, the booker is sent on.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use domain::email_domain::EmailAddress;
use domain::geo::Geo;
use domain::round_robin::HostId;
use http::{Method, Uri};
use url::{Url, form_urlencoded};

use super::allowance::{Allowance, Debts, network};
use super::{BookerPlace, ClientAddress, PageError, not_found};
use crate::app::App;
use crate::error_chain::chain;
use crate::routing::{self, Asker, RoutingRequest};
use crate::sources::calcom::DECISION_KEY;
use crate::store::{EventType, StoreError};
use crate::workspace_file::entries::{self, Typed as _};

/// How often Salesforce may be asked for bookers from one network, and how many decisions are kept for them.
#[derive(Debug)]
pub struct LinkLimits {
    look_ups: Debts<Option<IpAddr>>,
    kept: Debts<Option<IpAddr>>,
}

/// So many times as often as Salesforce is asked, bookers from one network are routed by turns: each decision is kept, so that
/// nobody can fill the disk. Whoever comes more often is sent on unrouted.
const KEPT_PER_LOOK_UP: i64 = 5;

impl LinkLimits {
    /// So many look-ups a minute; a quiet minute's may come at once.
    pub(crate) fn new(per_minute: NonZeroU32) -> Self {
        let a_minute = |burst: i64| Debts::new(Allowance { burst, interval: 60_000_000 / burst });
        let look_ups = i64::from(per_minute.get());
        LinkLimits { look_ups: a_minute(look_ups), kept: a_minute(look_ups * KEPT_PER_LOOK_UP) }
    }
}

/// Sends a booker on.
pub async fn send_on(
    State(app): State<Arc<App>>,
    method: Method,
    uri: Uri,
    client: ClientAddress,
    BookerPlace(place): BookerPlace,
    slug: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let Ok(Path(slug)) = slug else { return Ok(not_found(uri).await) };
    let Some((event_type, page)) = page_of(&app, &slug).await? else { return Ok(not_found(uri).await) };
    let query = query.unwrap_or_default();
    let sent = match email_of(&query) {
        Some(email) if method != Method::HEAD => sent(&app, &event_type, email, place, client).await,
        _ => None,
    };
    Ok(Redirect::to(onward(page, &query, sent.as_ref()).as_str()).into_response())
}

/// The event type of a slug and its page at Cal.com, if it has one.
async fn page_of(app: &App, slug: &str) -> Result<Option<(EventType, Url)>, StoreError> {
    let event_type = app.store.event_type_of_slug(slug).await?;
    Ok(event_type.and_then(|event_type| {
        let page = Url::parse(event_type.settings.cal_com_url.as_deref()?).ok()?;
        Some((event_type, page))
    }))
}

/// With whom a booker is sent on.
#[derive(Debug)]
struct Sent {
    /// The decision's id.
    decision: String,
    /// Whose owner the event type looks for: `Contact`, `Lead` or `Account`, whatever was found.
    record_type: &'static str,
    /// The host; none where nobody is switched on.
    host: Option<SentHost>,
}

/// A host as Cal.com knows them.
#[derive(Debug)]
struct SentHost {
    email: EmailAddress,
    user_id: Option<u32>,
}

/// Decides with whom a booker is sent on, and keeps that. Where it cannot be, they are sent on without.
async fn sent(
    app: &App,
    event_type: &EventType,
    email: EmailAddress,
    place: Geo,
    client: ClientAddress,
) -> Option<Sent> {
    let (from, now) = (client.0.map(network), app.clock.now());
    if !app.link_limits.kept.take(from, now) {
        tracing::warn!(event_type = event_type.slug, "a booker was sent on unrouted: too many came from their network");
        return None;
    }
    let may_ask = app.link_limits.look_ups.take(from, now);
    let request = RoutingRequest {
        event_type,
        email: Some(email),
        slot: None,
        place,
        // What stands in the link is not read as answers: nobody chooses an owner by a link.
        answers: &[],
        form_answers: &[],
        instead_of: None,
        named: None,
        asker: Asker::Anonymous { may_ask },
    };
    match decide(app, &request).await {
        Ok(sent) => Some(sent),
        Err(error) => {
            tracing::error!(error = chain(&error), event_type = event_type.slug, "a booker was sent on unrouted");
            None
        }
    }
}

async fn decide(app: &App, request: &RoutingRequest<'_>) -> Result<Sent, StoreError> {
    let routing = routing::gather(&app.lookups, request).await?;
    let decided = app.store.keep_decision(&routing, app.clock.now()).await?;
    let host = match &decided.decision.host {
        Some(host) => host_at_calcom(app, host).await?,
        None => None,
    };
    let (event_type, decision) = (&request.event_type.slug, &decided.id);
    match &host {
        Some(SentHost { user_id: Some(_), .. }) => {}
        Some(SentHost { email, .. }) => tracing::warn!(
            event_type,
            decision,
            host = email.as_written(),
            "the host has no cal_com_user_id, so Cal.com is told their email alone"
        ),
        None => tracing::warn!(event_type, decision, "no host is switched on, so the booker was sent on with none"),
    }
    let settings = &request.event_type.settings.salesforce.settings;
    let record_type = settings.book_directly_in_force().owner_of(settings.attendee_record_type).object();
    Ok(Sent { decision: decided.id, record_type, host })
}

async fn host_at_calcom(app: &App, id: &HostId) -> Result<Option<SentHost>, StoreError> {
    let Some(host) = app.store.hosts().await?.into_iter().find(|host| host.id == id.0) else { return Ok(None) };
    let configuration = app.store.configuration().await?;
    let entry = configuration.document.get(entries::Host::SECTION, &host.key);
    let entry = entry.and_then(|entry| entries::Host::read(&host.key, entry).ok());
    Ok(Some(SentHost { email: host.email, user_id: entry.and_then(|entry| entry.cal_com_user_id) }))
}

/// Whose email the link gives, if it is one. A plus that was not encoded arrives as a space, which no email has.
fn email_of(query: &str) -> Option<EmailAddress> {
    let (_, value) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "email")?;
    EmailAddress::parse(&value.trim().replace(' ', "+")).ok()
}

/// Where a booker is sent: the page that is configured, with what came along, and with whom as Cal.com's own router would
/// say it (Cal.com facts 2.1, 2.3).
fn onward(mut page: Url, query: &str, sent: Option<&Sent>) -> Url {
    let kept = kept(query);
    page.set_query((!kept.is_empty()).then_some(&kept));
    let Some(sent) = sent else { return page };
    let mut pairs = page.query_pairs_mut();
    if let Some(host) = &sent.host {
        if let Some(id) = host.user_id {
            pairs.append_pair("cal.routedTeamMemberIds", &id.to_string());
        }
        // For everybody alike: were they given only where a record was found, they would tell that one was.
        pairs
            .append_pair("cal.crmContactOwnerEmail", host.email.as_written())
            .append_pair("cal.crmContactOwnerRecordType", sent.record_type)
            .append_pair("cal.crmAppSlug", "salesforce")
            .append_pair("cal.crmLookupDone", "true");
    }
    pairs.append_pair(&format!("metadata[{DECISION_KEY}]"), &sent.decision);
    drop(pairs);
    page
}

/// What came along, as it came and in its order, but for what tells Cal.com who takes the meeting and for our own: those are
/// set here alone.
fn kept(query: &str) -> String {
    let is_ours = |pair: &str| {
        let name = form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name.trim().to_lowercase());
        name.is_some_and(|name| name.starts_with("cal.") || name.contains(DECISION_KEY))
    };
    query.split('&').filter(|pair| !pair.is_empty() && !is_ours(pair)).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "https://cal.example/team/sales/demo";

    fn sent_with(user_id: Option<u32>) -> Sent {
        let email = "dana+x@seller.example".parse().expect("an email");
        Sent { decision: "rtd_1".into(), record_type: "Contact", host: Some(SentHost { email, user_id }) }
    }

    fn url(query: &str, sent: Option<&Sent>) -> String {
        onward(PAGE.parse().expect("a URL"), query, sent).into()
    }

    #[test]
    fn what_came_along_goes_along_but_for_what_names_a_host() {
        for (query, expected) in [
            ("", ""),
            ("email=a%40b.example&name=J%20R&x=1&x=2", "?email=a%40b.example&name=J%20R&x=1&x=2"),
            ("utm_source=a+b&&flag&metadata[deal]=7", "?utm_source=a+b&flag&metadata[deal]=7"),
            ("cal.routedTeamMemberIds=6&name=J&cal.crmContactOwnerEmail=eve%40x.example", "?name=J"),
            ("CAL.teamId=1&c%61l%2EskipContactOwner=true&+cal.action=x&calendar=1", "?calendar=1"),
            (
                "metadata[matchbook_decision]=rtd_9&metadata%5BMatchbook_Decision%5D=rtd_9&metadata.matchbook_decision=1",
                "",
            ),
            ("next=//evil.example&url=https://evil.example/%23", "?next=//evil.example&url=https://evil.example/%23"),
        ] {
            assert_eq!(url(query, None), format!("{PAGE}{expected}"), "{query}");
        }
    }

    #[test]
    fn the_host_and_the_decision_are_given_as_calcoms_own_router_gives_them() {
        const CRM: &str = "cal.crmContactOwnerEmail=dana%2Bx%40seller.example&cal.crmContactOwnerRecordType=Contact\
            &cal.crmAppSlug=salesforce&cal.crmLookupDone=true&metadata%5Bmatchbook_decision%5D=rtd_1";
        let with_id = url("a=1", Some(&sent_with(Some(7))));
        assert_eq!(with_id, format!("{PAGE}?a=1&cal.routedTeamMemberIds=7&{CRM}"));
        assert_eq!(url("", Some(&sent_with(None))), format!("{PAGE}?{CRM}"), "without an id their email names them");
        let nobody = Sent { host: None, ..sent_with(None) };
        assert_eq!(url("", Some(&nobody)), format!("{PAGE}?metadata%5Bmatchbook_decision%5D=rtd_1"));
    }

    #[test]
    fn an_email_is_read_where_there_is_one() {
        let read = |query: &str| email_of(query).map(|email| email.as_written().to_owned());
        assert_eq!(read("x=1&email=Jane%40acme.example&email=b%40b.example").as_deref(), Some("Jane@acme.example"));
        assert_eq!(read("email=jane+x@acme.example").as_deref(), Some("jane+x@acme.example"));
        for query in ["", "email=", "email=nobody", "email=%00@a.example", "Email=a@b.example", "email=%FF@a.example"] {
            assert_eq!(read(query), None, "{query}");
        }
    }
}
