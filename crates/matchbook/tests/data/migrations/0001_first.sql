INSERT INTO connection (id, key, name, login_host, api_version, client_id, client_secret, created_at, updated_at)
VALUES ('con_1', 'main', 'Main org', 'https://northwind.my.salesforce.com', '66.0', 'client', X'00', 1777885200000000, 1777885200000000);
INSERT INTO host VALUES ('hst_1', 'ann', 'Ann Host', 'ann@seller.example', 'ann@seller.example', 'Europe/London', 1777885200000000, 1777885200000000);
INSERT INTO salesforce_user VALUES ('con_1', 'ann@seller.example', '005Sim000000002IAA', 1777885200000000);
INSERT INTO describe VALUES ('con_1', 'Contact', '{"fields":{"Email":{"length":80,"createable":true,"updateable":true}}}', 1777885200000000);
INSERT INTO event_type VALUES ('evt_1', 'discovery-call', 'discovery-call', 'Discovery Call', 30, 'con_1', 1, 1777885200000000, 1777885200000000);
INSERT INTO event_type_host VALUES ('evt_1', 'hst_1', 0);
INSERT INTO source VALUES ('src_1', 'calcom', 'cal.com', 'Cal.com', X'00', 1777885200000000, 1777885200000000);
INSERT INTO booking VALUES ('bkg_1', 'src_1', 'uid-1@Cal.com', 'evt_1',
  '{"status":"accepted","title":"Discovery Call","start":"2026-05-06T09:30:00Z","end":"2026-05-06T10:00:00Z","attendee":{"email":"jane@acme.example","name":"Jane Roe"},"organizer":{"email":"ann@seller.example","name":"Ann Host"}}',
  1777885200538000, 'created', 1, 'accepted', 1778059800000000, 'jane@acme.example', 1777885200000000, 1777885200000000);
INSERT INTO booking VALUES ('bkg_2', NULL, NULL, 'evt_1',
  '{"status":"cancelled","title":"Discovery Call","start":"2026-05-07T09:30:00Z","end":"2026-05-07T10:00:00Z","location":"https://video.example/2","notes":"n","attendee":{"email":"joe@acme.example","name":"Joe","first_name":"Joe","last_name":"Roe","time_zone":"UTC"},"guests":["g@acme.example"],"organizer":{"email":"ann@seller.example","name":"Ann Host","time_zone":"Europe/London"},"answers":[{"slug":"company","label":"Company","value":"Acme"}],"cancel_reason":"none"}',
  1777885300000000, 'cancelled', 2, 'cancelled', 1778146200000000, 'joe@acme.example', 1777885200000000, 1777885300000000);
INSERT INTO booking_uid VALUES ('src_1', 'uid-1', 'bkg_1');
INSERT INTO delivery VALUES ('dlv_1', 'src_1', 1777885200000000, 'BOOKING_CREATED:uid-1:2026-05-04T09:00:00.538Z', X'7B7D', 'applied', NULL, 'bkg_1');
INSERT INTO delivery VALUES ('dlv_2', 'src_1', 1777885200000000, 'sha256:00', X'7B', 'needs_attention', 'The body is not JSON.', NULL);
INSERT INTO outbox VALUES ('bkg_1', 'con_1', 'jane@acme.example', 1, 1,
  '{"person":{"id":"003Sim000000001IAA","email":"jane@acme.example"},"event":{"written":{"id":"00USim000000001MAA","fields":{"Subject":{"text":"Discovery Call"},"StartDateTime":{"instant":"2026-05-06T09:30:00Z"},"WhoId":{"record":"003Sim000000001IAA"},"Location":"null"}}},"unclear":null}',
  'done', NULL, 0, 1777885200000000, NULL, NULL, 1, 0);
INSERT INTO outbox VALUES ('bkg_2', 'con_1', 'joe@acme.example', 2, 0,
  '{"person":null,"event":"none","unclear":{"since":"2026-05-04T09:00:00Z","email":"joe@acme.example","contact":true,"event":null,"update":{"Location":"null"}},"late":{"until":"2026-05-04T09:10:00Z","fields":{}}}',
  'held', 'Meetings need a region.', 1, 1777885200000000, NULL, NULL, 3, 0);
INSERT INTO person_lock VALUES ('con_1', 'joe@acme.example', 'bkg_2', 1777885200000000);
INSERT INTO sync_run VALUES ('run_1', 'bkg_1', 'con_1', 1, 1777885200000000, 1777885201000000, 'synced', NULL, '["A note."]');
INSERT INTO sync_call VALUES ('cal_1', 'run_1', 'Create the Event', '[]', '{}', 200, 12, 1777885200000000);
INSERT INTO app_user VALUES ('usr_1', 'admin@seller.example', 'admin@seller.example', 'Admin', 'admin', '$argon2id$x', 1777885200000000);
INSERT INTO session VALUES (X'01', 'usr_1', 1777885200000000, 1777885300000000);
INSERT INTO api_key VALUES ('key_1', 'usr_1', 'API', X'02', 1777885200000000);
