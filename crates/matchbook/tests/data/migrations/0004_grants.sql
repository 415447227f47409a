INSERT INTO connection (id, key, name, login_host, api_version, client_id, client_secret, created_at, updated_at, grant_kind, username, refresh_token, reconnect_needed, token_version, renewer, renewer_until)
VALUES ('con_2', 'web', 'Web org', 'https://northwind.my.salesforce.com', '66.0', 'client', X'00', 1777885200000000, 1777885200000000, 'web_server', NULL, X'00', 1, 2, 'wrk_1', 1777885200000000);
INSERT INTO connect_attempt VALUES (X'01', 'con_2', 'usr_1', X'00', 'https://matchbook.example/oauth/callback', 1777885200000000);
INSERT INTO api_spend VALUES ('con_2', 493856, 'sync', 'wrk_1', 3, 22, 15000, 1777885200000000);
INSERT INTO connection_test VALUES ('con_2', '{}', 1777885200000000);
