INSERT INTO audit_entry VALUES ('aud_1', 1777885200000000, 'dana', 'cli', NULL, '["Change host ann: name \"Ann Host\" -> Ann"]', 2,
  '{"hosts":{"ann":{"name":"Ann","email":"ann@seller.example","time_zone":"Europe/London"}}}');
INSERT INTO audit_entry VALUES ('aud_2', 1777885200000000, 'dana', 'cli', '192.0.2.1', '["Set a password"]', NULL, NULL);
INSERT INTO host_salesforce_user VALUES ('hst_1', 'con_1', '005Sim000000002IAA');
