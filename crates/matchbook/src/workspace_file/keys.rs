//! What a workspace file may say: one table per kind of entry, which reading follows and the
//! documentation repeats.

/// A key of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// As written in the file.
    pub name: &'static str,
    /// What it takes, in words that fit after "expected".
    pub takes: &'static str,
    /// Whether an entry must have it.
    pub required: bool,
    /// What it is for.
    pub help: &'static str,
}

const fn required(name: &'static str, takes: &'static str, help: &'static str) -> Key {
    Key { name, takes, required: true, help }
}

const fn optional(name: &'static str, takes: &'static str, help: &'static str) -> Key {
    Key { name, takes, required: false, help }
}

/// The sections of the file.
pub const SECTIONS: &[Key] = &[
    optional("connections", "connections by their keys", "Salesforce orgs to write to."),
    optional("hosts", "hosts by their keys", "People who take meetings."),
    optional("event_types", "event types by their keys", "Kinds of meetings that can be booked."),
    optional("sources", "sources by their keys", "Where bookings come from, besides Matchbook's own pages and API."),
];

/// An entry of `connections`.
pub const CONNECTION: &[Key] = &[
    required("name", "a text", "What people call the connection."),
    required(
        "login_host",
        "a URL like https://northwind.my.salesforce.com",
        "The org's My Domain, or https://login.salesforce.com. http is accepted for a simulator on this machine.",
    ),
    optional("api_version", "a version like \"66.0\"", "The Salesforce API version; 66.0 where not given."),
    required("grant", "client_credentials, jwt_bearer or web_server", "How Matchbook signs in."),
    required("client_id", "a text", "The consumer key of your External Client App."),
    optional(
        "client_secret",
        "{secret: NAME}",
        "The consumer secret of your External Client App; for client_credentials and web_server.",
    ),
    optional("username", "a Salesforce username", "The Salesforce user to act as; for jwt_bearer."),
    optional(
        "private_key",
        "{secret: NAME}",
        "The RSA private key, in PEM form, whose certificate your External Client App has; for jwt_bearer.",
    ),
];

/// An entry of `hosts`.
pub const HOST: &[Key] = &[
    required("name", "a text", "The host's name."),
    required("email", "an email address", "By which the host's Salesforce user is found."),
    required("time_zone", "an IANA time zone like Europe/Berlin", "The host's time zone."),
];

/// An entry of `event_types`.
pub const EVENT_TYPE: &[Key] = &[
    required("title", "a text", "What the meeting is called."),
    optional(
        "slug",
        "lower-case letters, digits and hyphens",
        "The event type's name in addresses and in webhooks; its key where not given.",
    ),
    required("length_minutes", "a whole number from 1 to 1440", "How long the meeting lasts."),
    required("hosts", "a list of keys of hosts", "Who takes the meeting; at least one."),
    optional("salesforce", "a Salesforce section", "What is written to Salesforce; left as it is where not given."),
];

/// The `salesforce` section of an event type.
pub const SALESFORCE: &[Key] = &[
    optional("enabled", "true or false", "Whether bookings are written to Salesforce; true where not given."),
    optional("connection", "the key of a connection", "The connection to write by; needed where enabled."),
];

/// An entry of `sources`.
pub const SOURCE: &[Key] = &[
    required("kind", "the kind of a source, like cal.com", "Which product sends the bookings."),
    required("name", "a text", "What people call the source."),
    required("secret", "{secret: NAME}", "The secret that the source signs its webhooks with."),
];

/// What stands for a secret.
pub const SECRET: &[Key] = &[required(
    "secret",
    "the name of a secret in capitals, digits and underscores",
    "The value comes from the environment variable MATCHBOOK_SECRET_NAME or the file NAME in the secrets folder.",
)];
