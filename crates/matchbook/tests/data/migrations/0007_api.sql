INSERT INTO api_key (id, user_id, name, key_hash, created_at, scopes, expires_at, revoked_at, last_used_day)
VALUES ('key_2', 'usr_1', 'CI', X'04', 1777885200000000, 'bookings:read sync:read', 1793610000000000, 1777885300000000, 20577);
INSERT INTO delivery (id, source_id, received_at, idempotency_key, body, state, reason, booking_id, note, dismissed_by)
VALUES ('dlv_3', 'src_1', 1777885200000000, 'sha256:01', X'7B', 'dismissed', 'The body is not JSON.', NULL, 'A test.', 'admin@seller.example');
