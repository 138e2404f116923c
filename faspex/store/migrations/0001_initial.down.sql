DROP TABLE IF EXISTS jobs, transfers, deliveries, packages, shared_folders, nodes, login_throttles, used_assertions,
  revoked_families, refresh_tokens, authorization_codes, oauth_client_users, oauth_clients, accounts;
