//! The frame around every page.

use maud::{DOCTYPE, Markup, html};

use super::assets::asset_url;
use super::icons::{Icon, icon};
use crate::store::User;

/// A page's frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'a> {
    /// What the page is called, in the window's title.
    pub(super) title: &'a str,
    /// Who is signed in, where that is known.
    pub(super) user: Option<&'a User>,
    /// Whether something on it is about to change, so that it keeps itself up to date.
    pub(super) refreshes: bool,
}

impl Page<'_> {
    /// The whole page around its main part.
    pub(super) fn render(&self, main: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · Matchbook" }
                    link rel="icon" type="image/svg+xml" href=(asset_url("mark.svg"));
                    link rel="stylesheet" href=(asset_url("app.css"));
                    script src=(asset_url("app.js")) defer {}
                    @if self.refreshes {
                        noscript { meta http-equiv="refresh" content="3"; }
                    }
                }
                body {
                    a.skip href="#main" { "Skip to the content" }
                    (self.header())
                    main id="main" tabindex="-1" data-refreshes[self.refreshes] { (main) }
                    @if self.user.is_some() {
                        footer.foot { p id="zone" { "Times are in UTC." } }
                    }
                    p.sr id="said" role="status" {}
                }
            }
        }
    }

    fn header(&self) -> Markup {
        html! {
            header.top {
                div.top-in {
                    a.brand href="/bookings" { (icon(Icon::Mark)) "Matchbook" }
                    @if let Some(user) = self.user {
                        nav.places aria-label="Main" {
                            a href="/bookings" { (icon(Icon::Calendar)) "Bookings" }
                            a href="/sync-errors" { (icon(Icon::Alert)) "Sync errors" }
                            a href="/connections" { (icon(Icon::Link)) "Connections" }
                        }
                        form.who method="post" action="/sign-out" {
                            span.who-name title=(user.email) { (user.name) }
                            button.quiet type="submit" { "Sign out" }
                        }
                    }
                }
            }
        }
    }
}
