-- What changed, when, by whom and from where. A change of the configuration keeps the whole of it, too.
CREATE TABLE audit_entry (
    id              TEXT PRIMARY KEY,
    at              BIGINT NOT NULL,
    who             TEXT NOT NULL,
    via             TEXT NOT NULL,          -- cli, api, page
    address         TEXT,
    words           TEXT NOT NULL,          -- JSON: list of sentences
    version         BIGINT UNIQUE,          -- of the configuration; the highest is in force
    document        TEXT                    -- JSON: workspace_file::Document
);
CREATE INDEX audit_entry_by_time ON audit_entry (at);

-- The archived are offered no longer. They give up their slug and email to others.
ALTER TABLE connection ADD COLUMN archived_at BIGINT;
ALTER TABLE host ADD COLUMN archived_at BIGINT;
ALTER TABLE event_type ADD COLUMN archived_at BIGINT;
ALTER TABLE source ADD COLUMN archived_at BIGINT;
ALTER TABLE app_user ADD COLUMN archived_at BIGINT;
ALTER TABLE app_user ADD COLUMN key TEXT;
UPDATE app_user SET key = replace(id, '_', '-');
CREATE UNIQUE INDEX app_user_by_key ON app_user (key);

-- Everything that is set of an event type; the columns beside it are what statements ask for.
ALTER TABLE event_type ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'; -- JSON: workspace_file::Entry
UPDATE event_type SET settings = json_build_object(
    'title', title, 'slug', slug, 'length_minutes', length_minutes,
    'hosts', (SELECT coalesce(json_agg(h.key ORDER BY e.position), '[]') FROM event_type_host e JOIN host h ON h.id = e.host_id
        WHERE e.event_type_id = event_type.id),
    'salesforce', json_strip_nulls(json_build_object('enabled', sync_enabled = 1,
        'connection', (SELECT c.key FROM connection c WHERE c.id = event_type.connection_id))));
ALTER TABLE event_type DROP COLUMN length_minutes;

-- Hosts' Salesforce users that were set by hand.
CREATE TABLE host_salesforce_user (
    host_id         TEXT NOT NULL REFERENCES host (id),
    connection_id   TEXT NOT NULL REFERENCES connection (id),
    user_id         TEXT NOT NULL,
    PRIMARY KEY (host_id, connection_id)
);

-- What was configured before there were versions is the first. The names of its secrets were not kept.
INSERT INTO audit_entry (id, at, who, via, words, version, document)
SELECT 'aud_first', (SELECT max(updated_at) FROM host), 'an earlier version of Matchbook', 'cli', '["Configured before changes were kept"]', 1, json_build_object(
    'connections', (SELECT coalesce(json_object_agg(key, json_strip_nulls(json_build_object('name', name, 'login_host', login_host, 'api_version', api_version,
        'grant', grant_kind, 'client_id', client_id, 'username', username,
        CASE grant_kind WHEN 'jwt_bearer' THEN 'private_key' ELSE 'client_secret' END,
        json_build_object('secret', 'CONNECTION_' || upper(replace(key, '-', '_')) || '_SECRET')))), '{}') FROM connection),
    'hosts', (SELECT coalesce(json_object_agg(key, json_build_object('name', name, 'email', email, 'time_zone', time_zone)), '{}') FROM host),
    'event_types', (SELECT coalesce(json_object_agg(key, settings::json), '{}') FROM event_type),
    'sources', (SELECT coalesce(json_object_agg(key, json_build_object('kind', kind, 'name', name,
        'secret', json_build_object('secret', 'SOURCE_' || upper(replace(key, '-', '_')) || '_SECRET'))), '{}') FROM source),
    'users', (SELECT coalesce(json_object_agg(key, json_build_object('email', email, 'name', name, 'role', role)), '{}') FROM app_user))
WHERE EXISTS (SELECT 1 FROM host);
