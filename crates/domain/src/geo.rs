//! Where a booker is, and when two places are the same (spec 6, P1 to P3 and "Geo").

mod country;
mod country_names;
mod fold;
mod subdivision;
mod subdivision_names;

pub use country::{Country, UnknownCountry};
pub use subdivision::{Region, Subdivision};
