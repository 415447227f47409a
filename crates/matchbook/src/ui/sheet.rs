//! Tables of values: they scroll by themselves where they are wide, and are stacked where the screen is narrow. The roles say
//! what stacking would take from browsers' own.

use maud::{Markup, html};

/// A table under a name that is read out; `kind` is a class more.
pub(super) fn sheet(name: &str, kind: &str, heads: &Markup, rows: &Markup) -> Markup {
    html! {
        div.scrolls tabindex="0" role="group" aria-label=(name) {
            table class={ "sheet " (kind) } role="table" {
                caption.sr { (name) }
                thead role="rowgroup" { tr role="row" { (heads) } }
                tbody role="rowgroup" { (rows) }
            }
        }
    }
}

/// The head of a column; numbers stand to the right.
pub(super) fn head(name: &Markup, number: bool) -> Markup {
    html! { th.number[number] role="columnheader" scope="col" { (name) } }
}

/// What begins a row.
pub(super) fn row_head(value: &Markup) -> Markup {
    html! { th role="rowheader" scope="row" { (value) } }
}

/// A value; `head` is that of its column, which stands beside it where rows are stacked.
pub(super) fn cell(head: &str, number: bool, value: &Markup) -> Markup {
    html! { td.number[number] role="cell" data-label=(head) { (value) } }
}
