-- Which host got a booking, and why; who takes turns, and the ledger of turns.
CREATE TABLE routing_decision (
    id                      TEXT PRIMARY KEY,
    event_type_id           TEXT NOT NULL REFERENCES event_type (id),
    booking_id              TEXT REFERENCES booking (id),   -- null while nobody has booked by it
    email_folded            TEXT,                           -- whose it is; null where that was not known
    host_id                 TEXT REFERENCES host (id),      -- null where nobody could take it
    decision                TEXT NOT NULL,                  -- JSON: domain::routing::RoutingDecision
    input                   TEXT NOT NULL,                  -- JSON: domain::routing::RoutingInput
    known                   TEXT NOT NULL,                  -- JSON: what the org had answered, ask by ask
    trace                   TEXT NOT NULL,                  -- JSON: domain::routing::RoutingTrace
    entered                 TEXT NOT NULL,                  -- how the booking came in: api, link, reassigned
    configuration_version   INTEGER NOT NULL,
    created_at              INTEGER NOT NULL,
    other_organizer         TEXT                            -- the organizer that the booking has instead, if it has another
) STRICT;
CREATE INDEX routing_decision_by_booking ON routing_decision (booking_id, created_at);
CREATE INDEX routing_decision_open ON routing_decision (event_type_id, email_folded, created_at) WHERE booking_id IS NULL;
CREATE INDEX routing_decision_old ON routing_decision (created_at) WHERE booking_id IS NULL;

CREATE TABLE rotation_host (
    event_type_id   TEXT NOT NULL REFERENCES event_type (id),
    host_id         TEXT NOT NULL REFERENCES host (id),
    balance         INTEGER NOT NULL,       -- in billionths of a turn
    last_booked_at  INTEGER,
    PRIMARY KEY (event_type_id, host_id)
) STRICT;

CREATE TABLE ledger_entry (
    id              TEXT PRIMARY KEY,       -- in the order of writing
    event_type_id   TEXT NOT NULL REFERENCES event_type (id),
    booking_id      TEXT REFERENCES booking (id),
    entry           TEXT NOT NULL           -- JSON: domain::round_robin::Entry
) STRICT;
CREATE INDEX ledger_entry_by_event_type ON ledger_entry (event_type_id, id);
CREATE INDEX ledger_entry_by_booking ON ledger_entry (booking_id, id);
