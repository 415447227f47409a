-- What syncs could not do: causes, and for each the bookings that met it.
CREATE TABLE sync_error_cause (
    id              TEXT PRIMARY KEY,       -- made from the connection and what errors of the cause have in common
    connection_id   TEXT NOT NULL REFERENCES connection (id),
    cause           TEXT NOT NULL,          -- JSON: domain::sync_error::ErrorCause
    works_again_at  BIGINT                 -- when a later sync did what had failed; null while none has
);
CREATE INDEX sync_error_cause_failing ON sync_error_cause (connection_id) WHERE works_again_at IS NULL;

CREATE TABLE sync_error (
    id              TEXT PRIMARY KEY,
    cause_id        TEXT NOT NULL REFERENCES sync_error_cause (id),
    booking_id      TEXT NOT NULL REFERENCES booking (id),
    event_type_id   TEXT NOT NULL REFERENCES event_type (id),
    connection_id   TEXT NOT NULL REFERENCES connection (id),
    guest           TEXT NOT NULL,          -- whose record it is about; empty: the attendee's
    message         TEXT NOT NULL,
    state           TEXT NOT NULL,          -- open, resolved, dismissed
    first_at        BIGINT NOT NULL,
    last_at         BIGINT NOT NULL,
    times           BIGINT NOT NULL,
    ended_at        BIGINT,                -- resolved or dismissed then
    ended_by        TEXT,                   -- who dismissed it
    note            TEXT                    -- why
);
CREATE UNIQUE INDEX sync_error_open ON sync_error (booking_id, cause_id, guest) WHERE state = 'open';
CREATE INDEX sync_error_by_cause ON sync_error (cause_id, id);
CREATE INDEX sync_error_by_booking ON sync_error (booking_id);
CREATE INDEX sync_error_by_event_type ON sync_error (event_type_id, last_at);
CREATE INDEX sync_error_by_connection ON sync_error (connection_id, last_at);
