//! What a person decides about a record that Salesforce takes for a duplicate of the attendee (spec 4.1): used by the API and the
//! booking's page.

use domain::sync_outcome::{ChoiceRefused, DuplicateChoice};

use crate::app::App;
use crate::store::{ErrorFilter, StoreError};

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

/// Does what was decided for a booking; `by` is the email of who decided.
///
/// # Errors
/// The inner error says why it cannot be done; nothing is changed then.
pub async fn decide(
    app: &App,
    booking_id: &str,
    decision: Decision,
    by: &str,
) -> Result<Result<(), ChoiceRefused>, StoreError> {
    let now = app.clock.now();
    match decision {
        Decision::Choose(choice) => {
            if let Err(refused) = app.store.choose_duplicate(booking_id, choice, now).await? {
                return Ok(Err(refused));
            }
            app.engine.wake();
        }
        Decision::NotNow => {
            let booking = app.store.booking(booking_id).await?;
            let waits = booking.and_then(|row| row.sync).is_some_and(|sync| sync.duplicates_to_decide().is_some());
            if !waits {
                return Ok(Err(ChoiceRefused::NothingToDecide));
            }
            let filter = ErrorFilter { booking_id: Some(booking_id.to_owned()), ..ErrorFilter::default() };
            app.store.dismiss_sync_errors(&filter, None, (NOT_NOW, by), now).await?;
        }
    }
    Ok(Ok(()))
}
