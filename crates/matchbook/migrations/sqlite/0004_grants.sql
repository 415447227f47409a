-- Grants beside client credentials. The column client_secret holds the grant's secret: for jwt_bearer the private key.
ALTER TABLE connection ADD COLUMN grant_kind TEXT NOT NULL DEFAULT 'client_credentials'; -- or jwt_bearer, web_server
ALTER TABLE connection ADD COLUMN username TEXT;            -- the Salesforce user that jwt_bearer acts as
ALTER TABLE connection ADD COLUMN refresh_token BLOB;       -- encrypted; of web_server
ALTER TABLE connection ADD COLUMN organization_id TEXT;     -- the org that the tokens are of
ALTER TABLE connection ADD COLUMN reconnect_needed INTEGER NOT NULL DEFAULT 0; -- 1: parked until somebody connects
-- Goes up whenever tokens are stored or dropped, so that a late answer never replaces newer ones.
ALTER TABLE connection ADD COLUMN token_version INTEGER NOT NULL DEFAULT 0;
-- Who asks for a token just now, and until when they are taken to be alive.
ALTER TABLE connection ADD COLUMN renewer TEXT;
ALTER TABLE connection ADD COLUMN renewer_until INTEGER;

-- An admin's way to Salesforce and back. Each is good once, for a short time.
CREATE TABLE connect_attempt (
    state_hash      BLOB PRIMARY KEY,       -- SHA-256 of the state that comes back
    connection_id   TEXT NOT NULL REFERENCES connection (id),
    user_id         TEXT NOT NULL REFERENCES app_user (id),
    code_verifier   BLOB NOT NULL,          -- encrypted
    redirect_uri    TEXT NOT NULL,
    expires_at      INTEGER NOT NULL
) STRICT;

-- API calls by connection and hour, and what the org last said of its own count. A row per instance, so that
-- instances do not wait for each other.
CREATE TABLE api_spend (
    connection_id   TEXT NOT NULL REFERENCES connection (id),
    hour            INTEGER NOT NULL,         -- hours since 1970
    purpose         TEXT NOT NULL,          -- sync, lookup
    instance        TEXT NOT NULL,
    calls           INTEGER NOT NULL,
    org_used        INTEGER,
    org_limit       INTEGER,
    org_said_at     INTEGER,
    PRIMARY KEY (connection_id, hour, purpose, instance)
) STRICT;

-- What the last test of a connection found.
CREATE TABLE connection_test (
    connection_id   TEXT PRIMARY KEY REFERENCES connection (id),
    body            TEXT NOT NULL,          -- JSON
    tested_at       INTEGER NOT NULL
) STRICT;
