//! The pages: HTML rendered here, a file per page. They work without JavaScript.

mod allowance;
pub mod api_docs;
pub mod assets;
mod booker_place;
pub mod booking;
pub mod bookings;
mod client_address;
pub mod connect;
pub mod connection;
mod connection_word;
pub mod connections;
pub mod deliveries;
pub mod duplicate_choice;
mod error;
mod icons;
mod layout;
pub mod link;
mod response;
mod session;
pub mod sign_in;
mod sign_in_limits;
pub mod sync_errors;
mod sync_word;
mod timeline;
mod times;

pub use booker_place::BookerPlace;
pub use client_address::ClientAddress;
pub use error::PageError;
pub use link::LinkLimits;
pub use response::{cross_site, headers, no_nul, not_found};
pub use session::SignedIn;
pub use sign_in_limits::SignInLimits;
