-- How a sync run looked for the attendee's Account, where it did.
ALTER TABLE sync_run ADD COLUMN account TEXT;  -- JSON: domain::trace::ResolutionTrace
