-- What is known of a booking besides its latest state, in any order of arrival. JSON: domain::booking::Marks
ALTER TABLE booking ADD COLUMN marks TEXT NOT NULL DEFAULT '{}';

-- What is written to Salesforce for an event type. JSON: domain::salesforce_settings::SalesforceSettings
ALTER TABLE event_type ADD COLUMN salesforce_settings TEXT NOT NULL DEFAULT '{}';

-- Guests of a booking whose sync is not done, besides the attendee: their records are found or made, too.
CREATE TABLE outbox_guest (
    booking_id      TEXT NOT NULL REFERENCES booking (id),
    email           TEXT NOT NULL,          -- folded
    PRIMARY KEY (booking_id, email)
);

-- A booking may hold several persons.
CREATE INDEX person_lock_by_booking ON person_lock (booking_id);

-- Partial changes that came before their booking; each is applied in the transaction that brings it.
CREATE TABLE early_change (
    delivery_id     TEXT PRIMARY KEY REFERENCES delivery (id),
    source_id       TEXT NOT NULL REFERENCES source (id),
    uid             TEXT NOT NULL,
    ical_uid        TEXT,
    change          TEXT NOT NULL           -- JSON: domain::booking::PartialChange
);
CREATE INDEX early_change_by_uid ON early_change (source_id, uid);
CREATE INDEX early_change_by_ical_uid ON early_change (source_id, ical_uid) WHERE ical_uid IS NOT NULL;
