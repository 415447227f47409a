//! What the configuration may say: one table per kind of entry. Reading, the words of a plan, the export, the editors'
//! schema and the documentation all follow these tables; a setting is a row here and a field in [`super::entries`].

use domain::account::AccountLookup;
use domain::field_write::FieldType;
use domain::routing::{OwnerOf, RuleEffect};
use domain::tiebreak;

use super::takes::{SecretKind, Takes};
use crate::grant::ConnectionGrant;

/// A setting of an entry.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// As written in the file.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// Whether an entry must have it.
    pub required: bool,
    /// What holds where it is not given.
    pub default: Otherwise,
    /// The setting and its values that this one belongs to: needed with them, refused with others.
    pub with: Option<(&'static str, &'static [&'static str])>,
    /// Whether no two entries of a section may have the same value.
    pub unique: bool,
    /// What it is for.
    pub help: &'static str,
}

/// What holds where a setting is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Otherwise {
    /// Nothing.
    Nothing,
    /// This value, as it would be written in the file.
    Is(&'static str),
    /// The entry's own key.
    ItsKey,
}

/// A section of the file: entries of one kind by their stable keys.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// Its key in the file.
    pub name: &'static str,
    /// What one entry is called.
    pub one: &'static str,
    /// What its entries may say.
    pub keys: &'static [Key],
    /// What it is for.
    pub help: &'static str,
}

const fn optional(name: &'static str, takes: Takes, help: &'static str) -> Key {
    Key { name, takes, required: false, default: Otherwise::Nothing, with: None, unique: false, help }
}

const fn required(name: &'static str, takes: Takes, help: &'static str) -> Key {
    Key { required: true, ..optional(name, takes, help) }
}

impl Key {
    const fn otherwise(self, default: Otherwise) -> Key {
        Key { default, ..self }
    }

    const fn with(self, setting: &'static str, values: &'static [&'static str]) -> Key {
        Key { with: Some((setting, values)), ..self }
    }

    const fn unique(self) -> Key {
        Key { unique: true, ..self }
    }
}

/// The sections of the file, in the order in which they are written and stored: an entry names only earlier ones.
pub const SECTIONS: &[Section] = &[
    Section { name: "connections", one: "connection", keys: CONNECTION, help: "Salesforce orgs to write to." },
    Section { name: "hosts", one: "host", keys: HOST, help: "People who take meetings." },
    Section { name: "event_types", one: "event type", keys: EVENT_TYPE, help: "Kinds of meetings that can be booked." },
    Section {
        name: "sources",
        one: "source",
        keys: SOURCE,
        help: "Where bookings come from, besides Matchbook's own pages and API.",
    },
    Section {
        name: "users",
        one: "user",
        keys: USER,
        help: "Who may sign in. Passwords are no part of the file: `matchbook user password` sets them.",
    },
];

/// The section of this name.
pub fn section(name: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.name == name)
}

/// An entry of `connections`.
pub const CONNECTION: &[Key] = &[
    required("name", Takes::Text, "What people call the connection."),
    required(
        "login_host",
        Takes::LoginHost,
        "The org's My Domain, or https://login.salesforce.com. http is accepted for a simulator on this machine.",
    ),
    optional("api_version", Takes::ApiVersion, "The Salesforce API version.").otherwise(Otherwise::Is("66.0")),
    required("grant", Takes::OneOf(&ConnectionGrant::WORDS), "How Matchbook signs in."),
    required("client_id", Takes::Text, "The consumer key of your External Client App."),
    optional("client_secret", Takes::Secret(SecretKind::Text), "The consumer secret of your External Client App.")
        .with("grant", &[ConnectionGrant::CLIENT_CREDENTIALS, ConnectionGrant::WEB_SERVER]),
    optional("username", Takes::Text, "The username of the Salesforce user to act as.")
        .with("grant", &[ConnectionGrant::JWT_BEARER]),
    optional(
        "private_key",
        Takes::Secret(SecretKind::PrivateKey),
        "The RSA private key, in PEM form, whose certificate your External Client App has.",
    )
    .with("grant", &[ConnectionGrant::JWT_BEARER]),
    optional(
        "account_lookup",
        Takes::OneOf(&AccountLookup::WORDS),
        "How Accounts are found by website. soql reads all Accounts, unless domain_fields are indexed. search uses \
         Salesforce's search, for orgs where that takes too long: it costs one more call, and finds Accounts that are new or \
         whose website changed only some minutes later.",
    )
    .otherwise(Otherwise::Is("soql")),
    optional(
        "fuzzy_domain_matching",
        Takes::Flag,
        "Fuzzy domain matching: an email at acme.co.uk matches an Account whose website is acme.com.",
    )
    .otherwise(Otherwise::Is("false")),
    optional(
        "domain_fields",
        Takes::Some(&Takes::FieldName),
        "The Account fields that hold a website or domain. Without Website among them they are taken to be indexed and to \
         hold plain domains. Website alone where nothing is given.",
    ),
    optional(
        "own_domains",
        Takes::Some(&Takes::Domain),
        "Your own domains besides those of the hosts' emails: people there are no guests, and lead to no Account.",
    ),
    optional(
        "free_mail_domains",
        Takes::Some(&Takes::Domain),
        "Domains at which anybody can have a mailbox, besides those that Matchbook knows: they lead to no Account.",
    ),
    optional(
        "disposable_domains",
        Takes::Some(&Takes::Domain),
        "Domains of mailboxes for one use, besides those that Matchbook knows: they lead to no Account.",
    ),
    optional(
        "lookup_share_percent",
        Takes::Number { least: 0, most: 100, of: "percent" },
        "The most that look-ups for people who are not signed in may use of the API requests that the org has in 24 hours, in \
         percent. Beyond that hosts take turns.",
    )
    .otherwise(Otherwise::Is("10")),
    optional(
        "sync_reserve_percent",
        Takes::Number { least: 0, most: 100, of: "percent" },
        "How much of the org's API requests such look-ups leave to syncs, in percent.",
    )
    .otherwise(Otherwise::Is("20")),
];

/// An entry of `hosts`.
pub const HOST: &[Key] = &[
    required("name", Takes::Text, "The host's name."),
    required("email", Takes::Email, "By which the host's Salesforce user is found.").unique(),
    required("time_zone", Takes::TimeZone, "The host's time zone."),
    optional(
        "salesforce_users",
        Takes::By("connections", &Takes::SalesforceUser),
        "The host's Salesforce user in orgs where it is not the one with the host's email.",
    ),
    optional(
        "weekly_hours",
        Takes::Some(&Takes::Group("days, from and to", HOURS)),
        "When the host takes meetings, in their time zone; hours of one day do not overlap. Without it Matchbook cannot see when they are free.",
    ),
    optional(
        "cal_com_user_id",
        Takes::Number { least: 1, most: 2_147_483_647, of: "users" },
        "The host's user id at Cal.com, by which /r/ names them.",
    ),
];

/// Hours of the week.
pub const HOURS: &[Key] = &[
    required("days", Takes::Some(&Takes::OneOf(&WEEKDAYS)), "The days."),
    required("from", Takes::TimeOfDay, "From."),
    required("to", Takes::TimeOfDay, "To, later on the same day."),
];

/// The days of the week.
pub const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// An entry of `event_types`.
pub const EVENT_TYPE: &[Key] = &[
    required("title", Takes::Text, "What the meeting is called."),
    optional("slug", Takes::Slug, "The event type's name in addresses and in webhooks.")
        .otherwise(Otherwise::ItsKey)
        .unique(),
    required("length_minutes", Takes::Number { least: 1, most: 1440, of: "minutes" }, "How long the meeting lasts."),
    required("hosts", Takes::Some(&Takes::Entry("hosts")), "Who takes the meeting; at least one."),
    optional(
        "scheduling",
        Takes::OneOf(&["one_host", "round_robin"]),
        "Whether one host takes all meetings, or whoever books names one; or the hosts take turns.",
    )
    .otherwise(Otherwise::Is("one_host")),
    optional(
        "rotation",
        Takes::Group("how hosts take turns", ROTATION),
        "How the hosts take turns (with round_robin only).",
    ),
    optional(
        "cal_com_url",
        Takes::PageUrl,
        "The event type's page at Cal.com, to which /r/ sends bookers on, like https://cal.com/team/sales/demo.",
    ),
    optional("salesforce", Takes::Group("a Salesforce section", SALESFORCE), "What is written to Salesforce."),
];

/// How the hosts of an event type take turns.
pub const ROTATION: &[Key] = &[
    optional(
        "hosts",
        Takes::By("hosts", &Takes::Group("weight, priority and a switch", ROTATION_HOST)),
        "Each host's part.",
    ),
    optional("count_ownership", Takes::Flag, "Meetings that owners take count as their turns, too.")
        .otherwise(Otherwise::Is("false")),
    optional("give_back_cancelled", Takes::Flag, "A meeting that is cancelled before its start was no turn.")
        .otherwise(Otherwise::Is("true")),
];

/// A host's part in taking turns.
pub const ROTATION_HOST: &[Key] = &[
    optional("weight", Takes::Number { least: 1, most: 1000, of: "shares" }, "Their part beside the others' weights.")
        .otherwise(Otherwise::Is("1")),
    optional(
        "priority",
        Takes::Number { least: 0, most: 100, of: "steps" },
        "Who is next among those who are owed the same: the highest.",
    )
    .otherwise(Otherwise::Is("0")),
    optional("enabled", Takes::Flag, "Whether they take meetings of this event type.").otherwise(Otherwise::Is("true")),
];

/// *Book directly with attendee owner*.
pub const BOOK_DIRECTLY: &[Key] = &[
    optional(
        "enabled",
        Takes::Flag,
        "Whether the owner of the attendee's record takes the meeting (with round_robin only).",
    )
    .otherwise(Otherwise::Is("false")),
    optional(
        "owner_of",
        Takes::OneOf(&OwnerOf::KEYS),
        "Whose owner; by default that of what the attendee is: with Lead and check_for_existing_contact the Contact's, else the Lead's.",
    ),
    optional("account_field", Takes::FieldName, "With account_field: the Account field that names a User."),
    optional("contact_else_lead", Takes::Flag, "Where there is no Contact, the owner of the Lead (with contact only).")
        .otherwise(Otherwise::Is("false")),
    optional(
        "skip_free_mail",
        Takes::Flag,
        "Addresses of free mail providers and disposable mailboxes are not looked up.",
    )
    .otherwise(Otherwise::Is("true")),
    optional(
        "rules",
        Takes::Some(&Takes::Group("field, value and effect", OWNER_RULE)),
        "Rules on the record that is found.",
    ),
    optional(
        "horizon_days",
        Takes::Number { least: 1, most: 365, of: "days" },
        "The owner must be free within so many days, where their hours are known.",
    )
    .otherwise(Otherwise::Is("14")),
];

/// A rule on the record whose owner was found.
pub const OWNER_RULE: &[Key] = &[
    required("field", Takes::FieldName, "The record's field."),
    required("value", Takes::Text, "What it is compared with, without case."),
    required(
        "when",
        Takes::OneOf(&RuleEffect::KEYS),
        "ignore: owners of records with this value are passed over; must_include: owners of all others are.",
    ),
];

/// The `salesforce` section of an event type.
pub const SALESFORCE: &[Key] = &[
    optional("enabled", Takes::Flag, "Whether bookings are written to Salesforce, once there is a connection.")
        .otherwise(Otherwise::Is("true")),
    optional("connection", Takes::Entry("connections"), "The connection to write by."),
    optional(
        "attendee_record_type",
        Takes::OneOf(&["contact", "lead", "contact_under_account"]),
        "What an attendee is in Salesforce.",
    )
    .otherwise(Otherwise::Is("contact")),
    optional("skip_contact_creation", Takes::Flag, "Nobody gets a new Contact (with contact only).")
        .otherwise(Otherwise::Is("false")),
    optional("check_for_existing_contact", Takes::Flag, "A Contact wins over a Lead (with lead only).")
        .otherwise(Otherwise::Is("true")),
    optional(
        "create_contact_under_account",
        Takes::Flag,
        "New Contacts come under the attendee's Account, and Contacts without one are linked to it. On with \
         contact_under_account, else off, unless it is said.",
    ),
    optional(
        "no_account",
        Takes::OneOf(&["lead", "contact", "nothing"]),
        "What an attendee becomes where no Account is found (with contact_under_account only).",
    )
    .otherwise(Otherwise::Is("lead")),
    optional(
        "contact_counts",
        Takes::OneOf(&["most_first", "rules_decide"]),
        "Of several Accounts with Contacts at the attendee's domain: the one with the most, or the tiebreakers among all.",
    )
    .otherwise(Otherwise::Is("most_first")),
    optional("tiebreakers", Takes::Group("tiebreaker rules", TIEBREAKERS), "Which of several Accounts it is."),
    optional(
        "book_directly",
        Takes::Group("whose owner takes the meeting", BOOK_DIRECTLY),
        "Book directly with attendee owner.",
    ),
    optional("ignore_guests", Takes::Flag, "Only the attendee counts, not the guests they bring.")
        .otherwise(Otherwise::Is("false")),
    optional(
        "event_fields_on_booking",
        Takes::Group("fields to write", WRITE_LIST),
        "On booking, write to the event object.",
    ),
    optional(
        "person_fields_on_booking",
        Takes::Group("fields to write", WRITE_LIST),
        "On booking, write to a custom field on the attendee record.",
    ),
    optional(
        "event_fields_on_cancel",
        Takes::Group("fields to write", WRITE_LIST),
        "On cancelled booking, write to event record instead of deleting event.",
    ),
    optional(
        "person_fields_on_cancel",
        Takes::Group("fields to write", WRITE_LIST),
        "On cancelled booking, write to a custom field on the attendee contact/lead record.",
    ),
    optional(
        "change_record_owner",
        Takes::Group("whose the record becomes", OWNER_CHANGE),
        "Change record owner on booking.",
    ),
    optional("no_show_field", Takes::FieldName, "The checkbox on Event that is ticked when the attendee did not come."),
    optional(
        "relate_event_to",
        Takes::OneOf(&["nothing", "account", "opportunity"]),
        "What the Event is related to besides its people: the attendee's Account, or its latest open Opportunity.",
    )
    .otherwise(Otherwise::Is("nothing")),
    optional(
        "exclude_record_types",
        Takes::Group("record types by object", EXCLUDED_RECORD_TYPES),
        "Record types, by name or id, of which no record is found or created.",
    ),
    optional(
        "new_record_types",
        Takes::Group("a record type by object", NEW_RECORD_TYPES),
        "The record type of new records, by name or id; else the default of the connection's user.",
    ),
    optional("lead_assignment_rules", Takes::Flag, "The org's assignment rules choose the owner of new Leads.")
        .otherwise(Otherwise::Is("false")),
];

/// *Tiebreaker rules*.
pub const TIEBREAKERS: &[Key] = &[
    optional("enabled", Takes::Flag, "Off: the oldest Account, then the one with the lowest id.")
        .otherwise(Otherwise::Is("true")),
    optional(
        "rules",
        Takes::SomeOrNone(&Takes::OneOf(&tiebreak::KEYS)),
        "The rules in the order in which they run; the first that leaves one Account decides. All of them in this order where nothing \
         is given; [] is none of them, as if they were off.",
    ),
    optional("geo", Takes::Flag, "Whether country, state and sub-region go by where the booker is.")
        .otherwise(Otherwise::Is("true")),
    optional("sub_region_field", Takes::FieldName, "The Account field that sub_region compares."),
    optional("sub_region_question", Takes::Text, "The slug of the question whose answer is the booker's sub-region."),
    optional(
        "sub_regions",
        Takes::Some(&Takes::Group("a place and its sub-region", SUB_REGION)),
        "Places and the sub-regions that they belong to; of several that fit, the one that says most.",
    ),
];

/// A place and the sub-region that it belongs to.
pub const SUB_REGION: &[Key] = &[
    optional("country", Takes::Country, "A country."),
    optional("region", Takes::Text, "A state or region, by name or ISO code."),
    optional("city", Takes::Text, "A city."),
    optional("postal_prefix", Takes::Text, "What the postal code begins with."),
    required("value", Takes::Text, "The sub-region, as the Account field has it."),
];

/// One of the four lists of fields to write.
pub const WRITE_LIST: &[Key] = &[
    optional("enabled", Takes::Flag, "Whether the list is in force; where this is not said, it is if it has fields."),
    optional("fields", Takes::Some(&Takes::Group("field, type and value", WRITE_ROW)), "The fields to write."),
];

/// A field to write.
pub const WRITE_ROW: &[Key] = &[
    required("field", Takes::FieldName, "The field's API name."),
    required("type", Takes::OneOf(&FieldType::KEYS), "What the field holds."),
    required(
        "value",
        Takes::LongText,
        "A text with tokens like {attendee.name}, or the name of a date: booking_start_date, booking_created_date or \
         booking_cancel_date.",
    ),
    optional(
        "when",
        Takes::OneOf(&["always", "if_empty"]),
        "When to write: every time, or only if the field is empty.",
    )
    .otherwise(Otherwise::Is("always")),
];

/// *Change record owner on booking*.
pub const OWNER_CHANGE: &[Key] = &[
    optional("to", Takes::NewOwner, "Whose the record becomes: organizer, or the id of a User."),
    optional("only_from", Takes::Some(&Takes::Owner), "Only where it belongs to one of these Users or queues, by id."),
];

/// Record types that are excluded.
pub const EXCLUDED_RECORD_TYPES: &[Key] = &[
    optional("contact", Takes::Some(&Takes::Text), "Of Contacts and person accounts."),
    optional("lead", Takes::Some(&Takes::Text), "Of Leads."),
    optional("account", Takes::Some(&Takes::Text), "Of Accounts."),
];

/// Record types of new records.
pub const NEW_RECORD_TYPES: &[Key] =
    &[optional("contact", Takes::Text, "Of new Contacts."), optional("lead", Takes::Text, "Of new Leads.")];

/// An entry of `sources`.
pub const SOURCE: &[Key] = &[
    required("kind", Takes::SourceKind, "Which product sends the bookings."),
    required("name", Takes::Text, "What people call the source."),
    required("secret", Takes::Secret(SecretKind::Text), "The secret that the source signs its webhooks with."),
    optional(
        "api_key",
        Takes::Secret(SecretKind::Text),
        "An API key of the source. With it bookings are found whose webhooks were lost; without it they are not.",
    ),
    optional(
        "api_url",
        Takes::ApiUrl,
        "Where the source's API answers: scheme and host, and a path if it is below one.",
    )
    .otherwise(Otherwise::Is("https://api.cal.com")),
    optional(
        "poll_minutes",
        Takes::Number { least: 1, most: 1440, of: "minutes" },
        "Every how many minutes the source is asked for changed bookings.",
    )
    .otherwise(Otherwise::Is("15")),
];

/// An entry of `users`.
pub const USER: &[Key] = &[
    required("email", Takes::Email, "By which the user signs in.").unique(),
    required("name", Takes::Text, "The user's name."),
    required(
        "role",
        Takes::OneOf(&["admin", "member", "viewer"]),
        "Admins change the configuration, members act on bookings, viewers read.",
    ),
];

/// What stands for a secret.
pub const SECRET: &[Key] = &[required(
    "secret",
    Takes::SecretName,
    "The value comes from the environment variable MATCHBOOK_SECRET_NAME or the file NAME in the secrets folder.",
)];
