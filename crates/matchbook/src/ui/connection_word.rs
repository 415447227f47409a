//! How a connection stands, in a few words.

use jiff::Timestamp;
use maud::{Markup, html};

use super::icons::Icon;
use super::sync_word::badge;
use super::times;
use crate::store::Connection;

/// How a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectionWord {
    /// It signed in, and nothing is the matter.
    Works,
    /// Nothing was synced by it yet.
    NotUsed,
    /// None of its syncs is tried before then.
    Rests(Timestamp),
    /// Somebody must connect it, for the first time or again.
    ReconnectNeeded,
}

impl ConnectionWord {
    /// The word for a connection as it stands now.
    pub(super) fn of(connection: &Connection) -> Self {
        match connection.parked_until {
            _ if connection.reconnect_needed && connection.organization_id.is_none() => ConnectionWord::NotUsed,
            _ if connection.reconnect_needed => ConnectionWord::ReconnectNeeded,
            Some(until) => ConnectionWord::Rests(until),
            None if connection.instance_url.is_some() => ConnectionWord::Works,
            None => ConnectionWord::NotUsed,
        }
    }

    /// The word with its colour and icon.
    pub(super) fn badge(self) -> Markup {
        match self {
            ConnectionWord::Works => badge("good", Icon::Check, &html! { "Connected" }),
            ConnectionWord::NotUsed => badge("idle", Icon::Slash, &html! { "Not connected yet" }),
            ConnectionWord::Rests(until) => {
                badge("wait", Icon::Clock, &html! { "Resting, tried again at " (times::moment(until)) })
            }
            ConnectionWord::ReconnectNeeded => badge("bad", Icon::Alert, &html! { "Reconnect needed" }),
        }
    }
}
