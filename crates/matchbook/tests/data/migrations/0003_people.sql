UPDATE booking SET marks = '{"confirmed":true,"no_shows":{"jane@acme.example":{"marked_at":"2026-05-06T10:05:00Z","absent":true}}}' WHERE id = 'bkg_1';
UPDATE event_type SET salesforce_settings = '{"attendee_record_type":"lead","ignore_guests":true,"no_show_field":"No_Show__c"}';
INSERT INTO outbox_guest VALUES ('bkg_2', 'g@acme.example');
INSERT INTO early_change VALUES ('dlv_2', 'src_1', 'uid-9', 'uid-9@Cal.com', '{"cancelled":{"occurred_at":"2026-05-04T09:00:00Z","reason":null}}');
