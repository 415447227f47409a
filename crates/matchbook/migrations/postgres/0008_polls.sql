-- What asking a source for its bookings takes.
ALTER TABLE source ADD COLUMN api_key BYTEA;            -- encrypted; null: the source is not asked
ALTER TABLE source ADD COLUMN api_url TEXT NOT NULL DEFAULT 'https://api.cal.com';
ALTER TABLE source ADD COLUMN poll_minutes BIGINT NOT NULL DEFAULT 15;

-- How far a source has been asked.
CREATE TABLE source_poll (
    source_id       TEXT PRIMARY KEY REFERENCES source (id),
    due_at          BIGINT NOT NULL,
    poller          TEXT,                   -- who asks now
    poller_until    BIGINT,
    polled_to       BIGINT NOT NULL,       -- what changed before is known
    polled_at       BIGINT,                -- the latest poll that went through
    seen            BIGINT,                -- bookings that it was shown
    changed         BIGINT,                -- of them, those that were news
    waiting         BIGINT,                -- of them, those that need attention
    failed_at       BIGINT,                -- null once a poll goes through
    trouble         TEXT,
    failures        BIGINT NOT NULL DEFAULT 0      -- in a row
);
