INSERT INTO routing_decision (id, event_type_id, booking_id, email_folded, host_id, decision, input, known, trace, entered, configuration_version, created_at)
VALUES ('rtd_1', 'evt_1', 'bkg_2', 'jane@acme.example', NULL, '{}', '{}', '[]', '{}', 'api', 1, 1777885200000000);
INSERT INTO rotation_host (event_type_id, host_id, balance, last_booked_at) SELECT 'evt_1', id, 0, NULL FROM host LIMIT 1;
INSERT INTO ledger_entry (id, event_type_id, booking_id, entry) VALUES ('led_1', 'evt_1', NULL, '{}');
