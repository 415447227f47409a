//! What can be done with a booking from the list: a menu that opens by itself, without scripts.

use maud::{Markup, html};

use super::bookings::title;
use super::icons::{Icon, icon};
use super::routing_trace;
use crate::store::BookingRow;

/// The menu of one row. `routed`: the booking was routed through the CRM or a link (spec 9).
pub(super) fn menu(row: &BookingRow, routed: bool, may_sync: bool) -> Markup {
    let path = format!("/bookings/{}", row.id);
    html! {
        // Of one name only one is open, where browsers know that.
        details.menu id={ "actions-" (row.id) } name="actions" {
            summary { (icon(Icon::More)) span.sr { "Actions for " (title(row)) } }
            ul {
                li { a href=(path) { "Open" } }
                li { a href={ (path) "/routing" } { (routing_trace::heading(routed)) } }
                @if may_sync && row.sync.is_some() {
                    li { form method="post" action={ (path) "/sync" } { button type="submit" { "Sync again" } } }
                }
            }
        }
    }
}
