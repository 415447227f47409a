-- Which booking a request with an Idempotency-Key made. Keys are their API key's own.
CREATE TABLE api_request (
    api_key_id      TEXT NOT NULL REFERENCES api_key (id),
    idempotency_key TEXT NOT NULL,
    body_hash       BYTEA NOT NULL,         -- SHA-256
    booking_id      TEXT NOT NULL REFERENCES booking (id),
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (api_key_id, idempotency_key)
);
CREATE INDEX api_request_by_age ON api_request (created_at);

-- One row, written to find out whether the database can be written.
CREATE TABLE readiness (
    id              BIGINT PRIMARY KEY,
    written_at      BIGINT NOT NULL
);
INSERT INTO readiness (id, written_at) VALUES (1, 0);
