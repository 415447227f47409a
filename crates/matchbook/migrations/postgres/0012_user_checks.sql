-- Whether Salesforce users whom settings name by id are active, as it was asked last.
CREATE TABLE user_check (
    connection_id   TEXT NOT NULL REFERENCES connection (id),
    user_id         TEXT NOT NULL,
    active          BIGINT NOT NULL,       -- 1, or 0
    checked_at      BIGINT NOT NULL,
    PRIMARY KEY (connection_id, user_id)
);
