//! What a person decides about a record that Salesforce takes for a duplicate of the attendee (spec 4.1): used by the API and the
//! booking's page.

use domain::ask::RecordId;
use domain::sync_outcome::{ChoiceRefused, DuplicateChoice};

use crate::app::App;
use crate::store::{BookingRow, ErrorFilter, StoreError, SyncState};

/// What is kept with the sync errors that *Not now* dismisses.
const NOT_NOW: &str = "Duplicate: not now";

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// *Use this record* or *Create anyway*: the booking is synced accordingly.
    Choose(DuplicateChoice),
    /// *Not now*: the booking stays on hold, and its sync errors need no attention.
    NotNow,
}

impl Decision {
    /// The words by which the API and the page say what was decided.
    pub const WORDS: [&str; 3] = ["use_record", "create_anyway", "not_now"];

    /// What a word says, with the record that was chosen, where it is about one; none where there is no such word, or no record.
    pub fn of(word: &str, record: impl FnOnce() -> Option<String>) -> Option<Self> {
        Some(match word {
            "use_record" => Decision::Choose(DuplicateChoice::Use(RecordId(record()?))),
            "create_anyway" => Decision::Choose(DuplicateChoice::CreateAnyway),
            "not_now" => Decision::NotNow,
            _ => return None,
        })
    }
}

/// Does what was decided for a booking, as it was read just now; `by` is the email of who decided.
///
/// # Errors
/// The inner error says why it cannot be done; nothing is changed then.
pub async fn decide(
    app: &App,
    booking: &BookingRow,
    decision: Decision,
    by: &str,
) -> Result<Result<(), ChoiceRefused>, StoreError> {
    let now = app.clock.now();
    match decision {
        Decision::Choose(choice) => {
            if let Err(refused) = app.store.choose_duplicate(&booking.id.0, choice, now).await? {
                return Ok(Err(refused));
            }
            app.engine.wake();
        }
        Decision::NotNow => {
            let waits = booking.sync.as_ref().and_then(SyncState::duplicates_to_decide);
            if waits.is_none() {
                return Ok(Err(ChoiceRefused::NothingToDecide));
            }
            let filter = ErrorFilter { booking_id: Some(booking.id.0.clone()), ..ErrorFilter::default() };
            app.store.dismiss_sync_errors(&filter, None, (NOT_NOW, by), now).await?;
        }
    }
    Ok(Ok(()))
}
