-- Times are microseconds since 1970, UTC. Ids are prefixed UUIDv7 as text. JSON is text and never queried.

CREATE TABLE connection (
    id              TEXT PRIMARY KEY,
    key             TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL,
    login_host      TEXT NOT NULL,
    api_version     TEXT NOT NULL,
    client_id       TEXT NOT NULL,
    client_secret   BYTEA NOT NULL,          -- encrypted
    trouble         TEXT,                   -- what is the matter with it, in words; null while it works
    access_token    BYTEA,                   -- encrypted
    instance_url    TEXT,
    user_id         TEXT,                   -- the Salesforce user that the token acts as
    parked_until    BIGINT,                 -- the whole connection is in trouble; one probe tests it then
    parked_times    BIGINT NOT NULL DEFAULT 0, -- failures in a row
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);

CREATE TABLE host (
    id              TEXT PRIMARY KEY,
    key             TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL,
    email           TEXT NOT NULL,
    email_folded    TEXT NOT NULL,
    time_zone       TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);

-- Salesforce users found for organizers' emails; a null user says that there is no one active user.
CREATE TABLE salesforce_user (
    connection_id   TEXT NOT NULL REFERENCES connection (id),
    email_folded    TEXT NOT NULL,
    user_id         TEXT,
    asked_at        BIGINT NOT NULL,
    PRIMARY KEY (connection_id, email_folded)
);

-- What an org's describe said of an object, in our words.
CREATE TABLE describe (
    connection_id   TEXT NOT NULL REFERENCES connection (id),
    object          TEXT NOT NULL,
    body            TEXT NOT NULL,          -- JSON: domain::org_shape::ObjectShape
    fetched_at      BIGINT NOT NULL,
    PRIMARY KEY (connection_id, object)
);

CREATE TABLE event_type (
    id              TEXT PRIMARY KEY,
    key             TEXT NOT NULL UNIQUE,
    slug            TEXT NOT NULL UNIQUE,
    title           TEXT NOT NULL,
    length_minutes  BIGINT NOT NULL,
    connection_id   TEXT REFERENCES connection (id),
    sync_enabled    BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);

CREATE TABLE event_type_host (
    event_type_id   TEXT NOT NULL REFERENCES event_type (id),
    host_id         TEXT NOT NULL REFERENCES host (id),
    position        BIGINT NOT NULL,
    PRIMARY KEY (event_type_id, host_id)
);

CREATE TABLE source (
    id              TEXT PRIMARY KEY,
    key             TEXT NOT NULL UNIQUE,
    kind            TEXT NOT NULL,
    name            TEXT NOT NULL,
    secret          BYTEA NOT NULL,          -- encrypted
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);

CREATE TABLE booking (
    id              TEXT PRIMARY KEY,
    source_id       TEXT REFERENCES source (id),
    ical_uid        TEXT,
    event_type_id   TEXT NOT NULL REFERENCES event_type (id),
    wanted          TEXT NOT NULL,          -- JSON: domain::booking::Booking
    changed_at      BIGINT NOT NULL,       -- by the source's clock
    changed_by      TEXT NOT NULL,
    version         BIGINT NOT NULL,
    status          TEXT NOT NULL,
    start_at        BIGINT NOT NULL,
    attendee_email  TEXT NOT NULL,          -- folded
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX booking_by_ical_uid ON booking (source_id, ical_uid) WHERE ical_uid IS NOT NULL;
CREATE INDEX booking_by_start ON booking (start_at);
CREATE INDEX booking_by_attendee ON booking (attendee_email);

-- Every uid that a source has used for a booking: each reschedule brings a new one.
CREATE TABLE booking_uid (
    source_id       TEXT NOT NULL REFERENCES source (id),
    uid             TEXT NOT NULL,
    booking_id      TEXT NOT NULL REFERENCES booking (id),
    PRIMARY KEY (source_id, uid)
);
CREATE INDEX booking_uid_by_booking ON booking_uid (booking_id);

-- Signed deliveries as they came, stored before they are understood.
CREATE TABLE delivery (
    id              TEXT PRIMARY KEY,
    source_id       TEXT NOT NULL REFERENCES source (id),
    received_at     BIGINT NOT NULL,
    idempotency_key TEXT NOT NULL,
    body            BYTEA NOT NULL,
    state           TEXT NOT NULL,          -- applied, ignored, needs_attention
    reason          TEXT,
    booking_id      TEXT REFERENCES booking (id)
);
CREATE UNIQUE INDEX delivery_once ON delivery (source_id, idempotency_key);
CREATE INDEX delivery_waiting ON delivery (received_at) WHERE state = 'needs_attention';

-- One row per booking: which version is wanted in Salesforce, which was last written, and who works on it.
CREATE TABLE outbox (
    booking_id      TEXT PRIMARY KEY REFERENCES booking (id),
    connection_id   TEXT NOT NULL REFERENCES connection (id),
    person_email    TEXT NOT NULL,          -- folded
    wanted_version  BIGINT NOT NULL,
    synced_version  BIGINT NOT NULL,
    synced          TEXT NOT NULL,          -- JSON: domain::sync_outcome::Synced
    state           TEXT NOT NULL,          -- waiting, held, done
    reason          TEXT,
    failures        BIGINT NOT NULL,
    due_at          BIGINT NOT NULL,
    worker          TEXT,
    lease_until     BIGINT,
    attempt         BIGINT NOT NULL,
    again           BIGINT NOT NULL         -- 1: somebody asked for another run while this one goes on
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'waiting';

-- Two sync runs on one connection never work on the same email at the same time.
CREATE TABLE person_lock (
    connection_id   TEXT NOT NULL,
    email           TEXT NOT NULL,
    booking_id      TEXT NOT NULL,
    lease_until     BIGINT NOT NULL,
    PRIMARY KEY (connection_id, email)
);

CREATE TABLE sync_run (
    id              TEXT PRIMARY KEY,
    booking_id      TEXT NOT NULL REFERENCES booking (id),
    connection_id   TEXT NOT NULL REFERENCES connection (id),
    version         BIGINT NOT NULL,
    started_at      BIGINT NOT NULL,
    finished_at     BIGINT,
    outcome         TEXT,                   -- synced, waiting, held
    summary         TEXT,
    notes           TEXT NOT NULL           -- JSON: list of sentences
);
CREATE INDEX sync_run_by_booking ON sync_run (booking_id, started_at);

-- Every request of a run: what was asked, what was answered. A write is committed before it is sent.
CREATE TABLE sync_call (
    id              TEXT PRIMARY KEY,
    run_id          TEXT NOT NULL REFERENCES sync_run (id),
    purpose         TEXT NOT NULL,
    asked           TEXT NOT NULL,          -- JSON
    answered        TEXT,                   -- JSON; null while no answer is known
    status          BIGINT,
    milliseconds    BIGINT,
    sent_at         BIGINT NOT NULL
);
CREATE INDEX sync_call_by_run ON sync_call (run_id, sent_at);

CREATE TABLE app_user (
    id              TEXT PRIMARY KEY,
    email           TEXT NOT NULL,
    email_folded    TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL,
    role            TEXT NOT NULL,
    password_hash   TEXT NOT NULL,
    created_at      BIGINT NOT NULL
);

CREATE TABLE session (
    token_hash      BYTEA PRIMARY KEY,
    user_id         TEXT NOT NULL REFERENCES app_user (id),
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL
);

CREATE TABLE api_key (
    id              TEXT PRIMARY KEY,
    user_id         TEXT NOT NULL REFERENCES app_user (id),
    name            TEXT NOT NULL,
    key_hash        BYTEA NOT NULL UNIQUE,
    created_at      BIGINT NOT NULL
);
