-- What each API key may do, and until when.
ALTER TABLE api_key ADD COLUMN scopes TEXT;             -- words apart by spaces; null: all that its user's role may do
ALTER TABLE api_key ADD COLUMN expires_at BIGINT;
ALTER TABLE api_key ADD COLUMN revoked_at BIGINT;
ALTER TABLE api_key ADD COLUMN last_used_day BIGINT;   -- days since 1970

-- Whose booking it is, and what a search looks into: the title, and names and emails of all who take part.
ALTER TABLE booking ADD COLUMN organizer_email TEXT NOT NULL DEFAULT '';    -- folded
ALTER TABLE booking ADD COLUMN search_text TEXT NOT NULL DEFAULT '';        -- in lower case
UPDATE booking SET
    organizer_email = lower((wanted::json -> 'organizer' ->> 'email')),
    search_text = lower((wanted::json ->> 'title') || chr(10)
        || (wanted::json -> 'attendee' ->> 'name') || chr(10) || (wanted::json -> 'attendee' ->> 'email') || chr(10)
        || (wanted::json -> 'organizer' ->> 'name') || chr(10) || (wanted::json -> 'organizer' ->> 'email'));
CREATE INDEX booking_by_organizer ON booking (organizer_email, start_at);
CREATE INDEX booking_by_update ON booking (updated_at);

-- A delivery that a person has dismissed has the state 'dismissed'.
ALTER TABLE delivery ADD COLUMN note TEXT;
ALTER TABLE delivery ADD COLUMN dismissed_by TEXT;      -- the user's email
