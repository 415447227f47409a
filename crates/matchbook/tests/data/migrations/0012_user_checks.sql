INSERT INTO user_check (connection_id, user_id, active, checked_at) SELECT id, '005Sim000000002IAA', 1, 1777885200000000 FROM connection LIMIT 1;
