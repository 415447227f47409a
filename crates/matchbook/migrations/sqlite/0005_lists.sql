-- Lists of bookings cost the same however many are stored: each kind of list is found by an index, page by page.
DROP INDEX booking_by_start;
CREATE INDEX booking_by_start ON booking (start_at, id);
CREATE INDEX booking_off ON booking (start_at, id) WHERE status IN ('cancelled', 'rejected');
CREATE INDEX outbox_held ON outbox (booking_id) WHERE state = 'held';
