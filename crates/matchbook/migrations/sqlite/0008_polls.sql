-- What asking a source for its bookings takes.
ALTER TABLE source ADD COLUMN api_key BLOB;             -- encrypted; null: the source is not asked
ALTER TABLE source ADD COLUMN api_url TEXT NOT NULL DEFAULT 'https://api.cal.com';
ALTER TABLE source ADD COLUMN poll_minutes INTEGER NOT NULL DEFAULT 15;

-- How far a source has been asked.
CREATE TABLE source_poll (
    source_id       TEXT PRIMARY KEY REFERENCES source (id),
    due_at          INTEGER NOT NULL,
    poller          TEXT,                   -- who asks now
    poller_until    INTEGER,
    polled_to       INTEGER NOT NULL,       -- what changed before is known
    polled_at       INTEGER,                -- the latest poll that went through
    seen            INTEGER,                -- bookings that it was shown
    changed         INTEGER,                -- of them, those that were news
    waiting         INTEGER,                -- of them, those that need attention
    failed_at       INTEGER,                -- null once a poll goes through
    trouble         TEXT,
    failures        INTEGER NOT NULL DEFAULT 0      -- in a row
) STRICT;
