//! Who a token belongs to: `userinfo`, the identity document, and the OpenID configuration (Salesforce facts 1.6).

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use crate::auth::Session;
use crate::id::SalesforceId;
use crate::org::Org;

use super::oauth::{self, Call, user_text};
use super::rest;
use super::state::Shared;

/// `GET|POST userinfo`. A bad token is a 403 with plain text.
pub(crate) fn userinfo(shared: &Shared, call: &Call) -> Response {
    let Some(session) = caller(shared, call) else { return bad_token() };
    let user = session.user;
    let base = call.base_url();
    let org = shared.org();
    let text = |name: &str| user_text(&org, user, name);
    let photo = |size: &str| format!("{base}/profilephoto/005/{size}");
    let body = json!({
        "sub": format!("{base}/id/{}/{user}", Org::id()),
        "user_id": user.as_str(),
        "organization_id": Org::id().as_str(),
        "preferred_username": text("Username"),
        "nickname": text("Alias"),
        "name": text("Name"),
        "email": text("Email"),
        "email_verified": true,
        "given_name": text("FirstName"),
        "family_name": text("LastName"),
        "zoneinfo": text("TimeZoneSidKey"),
        "photos": { "picture": photo("F"), "thumbnail": photo("T") },
        "profile": format!("{base}/{user}"),
        "picture": photo("F"),
        "address": {},
        "is_salesforce_integration_user": false,
        "urls": urls(&base, user),
        "active": true,
        "user_type": "STANDARD",
        "language": text("LanguageLocaleKey"),
        "locale": text("LocaleSidKey"),
        "utcOffset": utc_offset(&org, user),
        "updated_at": session.issued.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    });
    oauth::json_answer(StatusCode::OK, &body)
}

/// `GET /id/{org}/{user}`. The token may come as `oauth_token`.
pub(crate) fn document(shared: &Shared, call: &Call, org_id: &str, user_id: &str) -> Response {
    let ids = (SalesforceId::parse(org_id), SalesforceId::parse(user_id));
    let (Some(session), (Some(org_id), Some(user))) = (caller(shared, call), ids) else { return bad_token() };
    if org_id != Org::id() {
        return (StatusCode::FORBIDDEN, "Wrong_Org").into_response();
    }
    let base = call.base_url();
    let org = shared.org();
    let text = |name: &str| user_text(&org, user, name);
    let photo = |size: &str| format!("{base}/profilephoto/005/{size}");
    let body = json!({
        "id": format!("{base}/id/{org_id}/{user}"),
        "asserted_user": session.user == user,
        "user_id": user.as_str(),
        "organization_id": org_id.as_str(),
        "username": text("Username"),
        "nick_name": text("Alias"),
        "display_name": text("Name"),
        "email": text("Email"),
        "email_verified": true,
        "first_name": text("FirstName"),
        "last_name": text("LastName"),
        "timezone": text("TimeZoneSidKey"),
        "photos": { "picture": photo("F"), "thumbnail": photo("T") },
        "addr_street": null,
        "addr_city": null,
        "addr_state": null,
        "addr_country": null,
        "addr_zip": null,
        "mobile_phone": null,
        "mobile_phone_verified": false,
        "is_lightning_login_user": false,
        "status": { "created_date": null, "body": null },
        "urls": urls(&base, user),
        "active": true,
        "user_type": "STANDARD",
        "language": text("LanguageLocaleKey"),
        "locale": text("LocaleSidKey"),
        "utcOffset": utc_offset(&org, user),
        "last_modified_date": session.issued.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "is_app_installed": true,
    });
    oauth::json_answer(StatusCode::OK, &body)
}

/// `GET /.well-known/openid-configuration`.
pub(crate) fn configuration(call: &Call) -> Response {
    let base = call.base_url();
    let body = json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/services/oauth2/authorize"),
        "token_endpoint": format!("{base}/services/oauth2/token"),
        "revocation_endpoint": format!("{base}/services/oauth2/revoke"),
        "userinfo_endpoint": format!("{base}/services/oauth2/userinfo"),
        "introspection_endpoint": format!("{base}/services/oauth2/introspect"),
        "scopes_supported": ["api", "full", "id", "offline_access", "openid", "refresh_token", "web"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    });
    oauth::json_answer(StatusCode::OK, &body)
}

fn caller(shared: &Shared, call: &Call) -> Option<Session> {
    let by_param = || call.param("oauth_token").or_else(|| call.param("access_token"));
    let authorization = call.authorization().map(str::to_owned);
    let authorization = authorization.or_else(|| by_param().map(|token| format!("Bearer {token}")));
    rest::session(shared, authorization.as_deref(), &oauth::policy(shared)).ok()
}

fn bad_token() -> Response {
    (StatusCode::FORBIDDEN, "Bad_OAuth_Token").into_response()
}

fn urls(base: &str, user: SalesforceId) -> Json {
    let org = Org::id();
    let org = &org.as_str()[..15];
    let rest = |path: &str| format!("{base}/services/data/v{{version}}/{path}");
    let soap = |api: &str| format!("{base}/services/Soap/{api}/{{version}}/{org}");
    json!({
        "enterprise": soap("c"),
        "metadata": soap("m"),
        "partner": soap("u"),
        "rest": rest(""),
        "sobjects": rest("sobjects/"),
        "search": rest("search/"),
        "query": rest("query/"),
        "recent": rest("recent/"),
        "tooling_soap": soap("T"),
        "tooling_rest": rest("tooling/"),
        "profile": format!("{base}/{user}"),
        "feeds": rest("chatter/feeds"),
        "groups": rest("chatter/groups"),
        "users": rest("chatter/users"),
        "feed_items": rest("chatter/feed-items"),
        "feed_elements": rest("chatter/feed-elements"),
        "custom_domain": base,
    })
}

/// Milliseconds that the user's time zone is ahead of UTC outside daylight saving: in January.
fn utc_offset(org: &Org, user: SalesforceId) -> i64 {
    let zone = match user_text(org, user, "TimeZoneSidKey") {
        Json::String(name) => TimeZone::get(&name).unwrap_or(TimeZone::UTC),
        _ => TimeZone::UTC,
    };
    let january = jiff::civil::date(org.now().to_zoned(TimeZone::UTC).year(), 1, 1);
    zone.to_zoned(january.at(0, 0, 0, 0)).map_or(0, |at| i64::from(at.offset().seconds()) * 1000)
}
