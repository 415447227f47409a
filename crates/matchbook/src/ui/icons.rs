//! The icons, drawn on a grid of 24. They only repeat what the text beside them says, so they are hidden from readers.

use maud::{Markup, html};

/// One icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Icon {
    /// Matchbook's own mark.
    Mark,
    /// Bookings.
    Calendar,
    /// Connections.
    Link,
    /// Done.
    Check,
    /// Under way.
    Turning,
    /// Waiting for a time.
    Clock,
    /// Waiting for a person.
    Alert,
    /// Nothing there, or called off.
    Slash,
    /// Leads elsewhere.
    Out,
    /// Back.
    Left,
    /// A way through steps.
    Route,
    /// More to do.
    More,
}

/// An icon as tall as its text.
pub(super) fn icon(icon: Icon) -> Markup {
    let class = if icon == Icon::Turning { "icon turning" } else { "icon" };
    html! {
        svg class=(class) viewBox="0 0 24 24" aria-hidden="true" focusable="false" {
            path d=(outline(icon)) {}
        }
    }
}

fn outline(icon: Icon) -> &'static str {
    match icon {
        Icon::Mark => "M5 3h14v14H5zM5 17h14v4H5zM9 13V8M15 13V8M12 13V6M9 19h6",
        Icon::Calendar => "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4",
        Icon::Link => "M9 15l6-6M10 6l2-2a5 5 0 0 1 7 7l-2 2M14 18l-2 2a5 5 0 0 1-7-7l2-2",
        Icon::Check => "M4 12.5l5 5L20 6.5",
        Icon::Turning => "M20 12a8 8 0 1 1-2.5-5.8M20 3v5h-5",
        Icon::Clock => "M12 3a9 9 0 1 1 0 18a9 9 0 1 1 0-18M12 7v5l3.5 2",
        Icon::Alert => "M12 3L22 20.5H2zM12 10v4.5M12 17.3v.2",
        Icon::Slash => "M12 3a9 9 0 1 1 0 18a9 9 0 1 1 0-18M5.6 5.6l12.8 12.8",
        Icon::Out => "M9 5h10v10M19 5L7 17",
        Icon::Left => "M14 6l-6 6l6 6",
        Icon::Route => {
            "M9 19a3 3 0 1 1-6 0a3 3 0 1 1 6 0h8.5a3.5 3.5 0 0 0 0-7h-11a3.5 3.5 0 0 1 0-7H15a3 3 0 1 1 6 0a3 3 0 1 1-6 0"
        }
        Icon::More => "M5 12h.01M12 12h.01M19 12h.01",
    }
}
