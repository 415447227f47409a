//! How a booking's sync stands, in a few words.

use domain::sync_outcome::SyncedEvent;
use jiff::Timestamp;
use maud::{Markup, html};

use super::icons::{Icon, icon};
use super::times;
use crate::store::SyncState;

/// How a booking's sync stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SyncWord {
    /// Its event type is not connected to Salesforce.
    NotSynced,
    /// A worker is at it, or is about to be.
    Syncing,
    /// It is tried again then.
    Waiting(Timestamp),
    /// Somebody must connect its connection.
    WaitsForConnect,
    /// A person must mend something.
    NeedsAttention,
    /// Salesforce shows it.
    InSalesforce,
    /// It was cancelled, and its Event removed.
    Removed,
    /// Somebody deleted its Event in Salesforce.
    DeletedInSalesforce,
    /// It was cancelled before anything was written.
    NothingToWrite,
}

impl SyncWord {
    /// The word for a sync as it stands now.
    pub(super) fn of(sync: Option<&SyncState>, now: Timestamp) -> Self {
        let Some(sync) = sync else { return SyncWord::NotSynced };
        match sync.state.as_str() {
            _ if sync.working => SyncWord::Syncing,
            "waiting" if sync.due_at <= now => SyncWord::Syncing,
            "waiting" if sync.waits_for_connect() => SyncWord::WaitsForConnect,
            "waiting" => SyncWord::Waiting(sync.due_at),
            "held" => SyncWord::NeedsAttention,
            _ => match sync.synced.event {
                SyncedEvent::Written { .. } => SyncWord::InSalesforce,
                SyncedEvent::Deleted => SyncWord::Removed,
                SyncedEvent::Missing | SyncedEvent::InBin { .. } => SyncWord::DeletedInSalesforce,
                SyncedEvent::None => SyncWord::NothingToWrite,
            },
        }
    }

    /// Whether it is about to change by itself.
    pub(super) fn is_moving(self) -> bool {
        self == SyncWord::Syncing
    }

    /// The word with its colour and icon.
    pub(super) fn badge(self) -> Markup {
        match self {
            SyncWord::NotSynced => badge("idle", Icon::Slash, &html! { "Not synced" }),
            SyncWord::Syncing => badge("busy", Icon::Turning, &html! { "Syncing…" }),
            SyncWord::Waiting(until) => {
                badge("wait", Icon::Clock, &html! { "Waiting, tried again at " (times::moment(until)) })
            }
            SyncWord::WaitsForConnect => badge("bad", Icon::Alert, &html! { "Waiting for its connection" }),
            SyncWord::NeedsAttention => badge("bad", Icon::Alert, &html! { "Needs attention" }),
            SyncWord::InSalesforce => badge("good", Icon::Check, &html! { "In Salesforce" }),
            SyncWord::Removed => badge("idle", Icon::Check, &html! { "Removed from Salesforce" }),
            SyncWord::DeletedInSalesforce => badge("idle", Icon::Slash, &html! { "Deleted in Salesforce" }),
            SyncWord::NothingToWrite => badge("idle", Icon::Check, &html! { "Nothing to write" }),
        }
    }
}

/// A few words with an icon, on a colour: `good`, `busy`, `wait`, `bad` or `idle`.
pub(super) fn badge(tone: &str, sign: Icon, words: &Markup) -> Markup {
    html! { span class={ "badge " (tone) } { (icon(sign)) span { (words) } } }
}

#[cfg(test)]
mod tests {
    use domain::sync_outcome::Synced;

    use super::*;

    fn state(word: &str, due_second: i64, working: bool) -> SyncState {
        SyncState {
            state: word.into(),
            reason: None,
            due_at: Timestamp::from_second(due_second).expect("in range"),
            failures: 0,
            working,
            synced: Synced::default(),
            connection_id: "con_1".into(),
        }
    }

    #[test]
    fn each_state_has_its_word() {
        let now = Timestamp::from_second(100).expect("in range");
        let word = |state: SyncState| SyncWord::of(Some(&state), now);
        assert_eq!(SyncWord::of(None, now), SyncWord::NotSynced);
        assert_eq!(word(state("waiting", 100, false)), SyncWord::Syncing, "due now");
        assert_eq!(word(state("waiting", 900, true)), SyncWord::Syncing, "a worker is at it");
        let later = Timestamp::from_second(900).expect("in range");
        assert_eq!(word(state("waiting", 900, false)), SyncWord::Waiting(later));
        assert_eq!(word(state("held", 0, false)), SyncWord::NeedsAttention);
        assert_eq!(word(state("done", 0, false)), SyncWord::NothingToWrite);
        let removed = Synced { event: SyncedEvent::Deleted, ..Synced::default() };
        assert_eq!(word(SyncState { synced: removed, ..state("done", 0, false) }), SyncWord::Removed);
    }
}
