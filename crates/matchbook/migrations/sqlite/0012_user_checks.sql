-- Whether Salesforce users whom settings name by id are active, as it was asked last.
CREATE TABLE user_check (
    connection_id   TEXT NOT NULL REFERENCES connection (id),
    user_id         TEXT NOT NULL,
    active          INTEGER NOT NULL,       -- 1, or 0
    checked_at      INTEGER NOT NULL,
    PRIMARY KEY (connection_id, user_id)
) STRICT;
