-- What each API key may do, and until when.
ALTER TABLE api_key ADD COLUMN scopes TEXT;             -- words apart by spaces; null: all that its user's role may do
ALTER TABLE api_key ADD COLUMN expires_at INTEGER;
ALTER TABLE api_key ADD COLUMN revoked_at INTEGER;
ALTER TABLE api_key ADD COLUMN last_used_day INTEGER;   -- days since 1970

-- Whose booking it is, and what a search looks into: the title, and names and emails of all who take part.
ALTER TABLE booking ADD COLUMN organizer_email TEXT NOT NULL DEFAULT '';    -- folded
ALTER TABLE booking ADD COLUMN search_text TEXT NOT NULL DEFAULT '';        -- in lower case
UPDATE booking SET
    organizer_email = lower(json_extract(wanted, '$.organizer.email')),
    search_text = lower(json_extract(wanted, '$.title') || char(10)
        || json_extract(wanted, '$.attendee.name') || char(10) || json_extract(wanted, '$.attendee.email') || char(10)
        || json_extract(wanted, '$.organizer.name') || char(10) || json_extract(wanted, '$.organizer.email'));
CREATE INDEX booking_by_organizer ON booking (organizer_email, start_at);
CREATE INDEX booking_by_update ON booking (updated_at);

-- A delivery that a person has dismissed has the state 'dismissed'.
ALTER TABLE delivery ADD COLUMN note TEXT;
ALTER TABLE delivery ADD COLUMN dismissed_by TEXT;      -- the user's email
