//! `GET /connections`: the connections to Salesforce orgs.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use maud::{Markup, html};

use super::booking::web_link;
use super::connection_word::ConnectionWord;
use super::layout::Page;
use super::{PageError, SignedIn};
use crate::app::App;
use crate::store::Connection;

/// The list of connections.
pub async fn list(State(app): State<Arc<App>>, SignedIn(user): SignedIn) -> Result<Markup, PageError> {
    let connections = app.store.connections().await?;
    let waiting = app.store.waiting_syncs().await?;
    let body = html! {
        h1 { "Connections" }
        @if connections.is_empty() { (empty()) } @else { (table(&connections, &waiting)) }
    };
    Ok(Page { title: "Connections", user: Some(&user), refreshes: false }.render(&body))
}

fn empty() -> Markup {
    html! {
        div.empty {
            h2 { "No connections yet" }
            p {
                "A connection writes to one Salesforce org. Describe it under " code { "connections:" }
                " in the configuration file, then run " code { "matchbook apply FILE" } "."
            }
        }
    }
}

fn table(connections: &[Connection], waiting: &BTreeMap<String, i64>) -> Markup {
    html! {
        table.cards.connections role="table" aria-label="Connections" {
            thead role="rowgroup" {
                tr role="row" {
                    @for head in ["Connection", "Org", "State"] { th role="columnheader" scope="col" { (head) } }
                }
            }
            tbody role="rowgroup" {
                @for connection in connections {
                    (row(connection, waiting.get(&connection.id).copied().unwrap_or(0)))
                }
            }
        }
    }
}

fn row(connection: &Connection, waiting: i64) -> Markup {
    html! {
        tr role="row" {
            td.what role="cell" {
                a href={ "/connections/" (connection.id) } { (connection.name) }
                div.sub { (connection.key) }
            }
            td role="cell" data-label="Org" { div { (org(connection)) } }
            td role="cell" data-label="State" {
                (ConnectionWord::of(connection).badge())
                @if waiting > 0 { div.sub { (waiting_words(waiting)) } }
                @if let Some(trouble) = &connection.trouble { p.reason { (trouble) } }
            }
        }
    }
}

/// How many syncs wait, in words.
pub(super) fn waiting_words(waiting: i64) -> String {
    match waiting {
        1 => "One sync waits.".to_owned(),
        many => format!("{many} syncs wait."),
    }
}

/// The org's host, or where it would sign in.
pub(super) fn org(connection: &Connection) -> String {
    let url = web_link(connection.instance_url.as_deref().unwrap_or(&connection.login_host));
    url.as_ref().and_then(|url| url.host_str()).unwrap_or(&connection.login_host).to_owned()
}
