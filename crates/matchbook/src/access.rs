//! Who may see and do what (spec 11): by role, and with an API key by its scopes as well.

use std::fmt;
use std::str::FromStr;

use domain::booking::Booking;
use domain::email_domain::EmailAddress;

use crate::store::User;

/// What a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Changes configuration, and sees and does everything.
    Admin,
    /// Sees and acts on the bookings of which they are the organizer.
    Member,
    /// Sees everything but secrets.
    Viewer,
}

/// What an API key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyScope {
    /// Read bookings.
    BookingsRead,
    /// Make bookings and change them.
    BookingsWrite,
    /// Read event types, hosts, sources and connections.
    ConfigRead,
    /// Change them.
    ConfigWrite,
    /// Read sync runs and deliveries.
    SyncRead,
    /// Sync again, try deliveries again, dismiss them.
    SyncWrite,
}

/// All scopes with their words.
const SCOPES: [(KeyScope, &str); 6] = [
    (KeyScope::BookingsRead, "bookings:read"),
    (KeyScope::BookingsWrite, "bookings:write"),
    (KeyScope::ConfigRead, "config:read"),
    (KeyScope::ConfigWrite, "config:write"),
    (KeyScope::SyncRead, "sync:read"),
    (KeyScope::SyncWrite, "sync:write"),
];

/// A word that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is no scope; there are bookings:read, bookings:write, config:read, config:write, sync:read and sync:write"
)]
pub struct NoScope;

impl fmt::Display for KeyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SCOPES.iter().find(|(scope, _)| scope == self).map_or("", |(_, word)| word))
    }
}

impl FromStr for KeyScope {
    type Err = NoScope;

    fn from_str(word: &str) -> Result<Self, NoScope> {
        SCOPES.iter().find(|(_, known)| *known == word).map(|(scope, _)| *scope).ok_or(NoScope)
    }
}

impl Role {
    /// The role of a stored word; any other word is taken for the role that sees least.
    fn of(word: &str) -> Role {
        match word {
            "admin" => Role::Admin,
            "viewer" => Role::Viewer,
            _ => Role::Member,
        }
    }

    /// The scopes that a key of such a user can have; a key never can do more than its user.
    pub fn scopes(self) -> Vec<KeyScope> {
        use KeyScope::{BookingsRead, BookingsWrite, ConfigRead, SyncRead, SyncWrite};
        match self {
            Role::Admin => SCOPES.map(|(scope, _)| scope).to_vec(),
            Role::Member => vec![BookingsRead, BookingsWrite, ConfigRead, SyncRead, SyncWrite],
            Role::Viewer => vec![BookingsRead, ConfigRead, SyncRead],
        }
    }
}

/// Who asks: by a session or with an API key.
#[derive(Debug, Clone)]
pub struct Access {
    /// Their email.
    pub email: EmailAddress,
    /// Their role.
    pub role: Role,
}

impl Access {
    /// A user's.
    pub fn of(user: &User) -> Self {
        Access { email: user.email.clone(), role: Role::of(&user.role) }
    }

    /// The organizer whose bookings alone they see, if they don't see all.
    pub fn only_of(&self) -> Option<&EmailAddress> {
        (self.role == Role::Member).then_some(&self.email)
    }

    /// Whether they see a booking.
    pub fn sees(&self, booking: &Booking) -> bool {
        self.only_of().is_none_or(|own| own.folded() == booking.organizer.email.folded())
    }

    /// Whether they may change a booking, or sync it again.
    pub fn acts_on(&self, booking: &Booking) -> bool {
        self.acts_for(&booking.organizer.email)
    }

    /// Whether they may act on the bookings of an organizer.
    pub fn acts_for(&self, organizer: &EmailAddress) -> bool {
        self.role != Role::Viewer && self.only_of().is_none_or(|own| own.folded() == organizer.folded())
    }
}
