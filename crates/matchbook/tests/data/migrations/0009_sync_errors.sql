INSERT INTO sync_error_cause (id, connection_id, cause, works_again_at)
VALUES ('cause_1', 'con_1', '{"class":"data","code":"A_RULE","object":"Event","operation":"create","dropped_fields":[],"fix":"Mend it."}', NULL);
INSERT INTO sync_error (id, cause_id, booking_id, event_type_id, connection_id, guest, message, state, first_at, last_at, times)
VALUES ('err_1', 'cause_1', 'bkg_2', 'evt_1', 'con_1', '', 'Meetings need a region.', 'open', 1777885200000000, 1777885200000000, 1);
