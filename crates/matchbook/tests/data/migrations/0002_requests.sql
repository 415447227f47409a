INSERT INTO api_request VALUES ('key_1', 'first-try', X'03', 'bkg_2', 1777885200000000);
UPDATE readiness SET written_at = 1777885200000000;
