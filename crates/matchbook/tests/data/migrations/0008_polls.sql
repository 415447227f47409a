UPDATE source SET api_key = X'05', api_url = 'https://cal.seller.example', poll_minutes = 5 WHERE id = 'src_1';
INSERT INTO source_poll (source_id, due_at, polled_to, polled_at, seen, changed, waiting, failed_at, trouble, failures)
VALUES ('src_1', 1777885200000000, 1777884900000000, 1777884900000000, 4, 1, 0, 1777885000000000, 'Its API did not answer.', 1);
