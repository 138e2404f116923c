-- What opens an account: its name and its e-mail address. Each belongs to one account, as logins compare them: without case and accents.
CREATE TABLE account_logins (
  login      VARCHAR(255) NOT NULL PRIMARY KEY,
  account_id BIGINT UNSIGNED NOT NULL,
  kind       VARCHAR(8) CHARACTER SET ascii NOT NULL, -- name or email; name when both are alike
  KEY account_logins_account (account_id, kind),
  CONSTRAINT account_logins_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

INSERT INTO account_logins (login, account_id, kind)
  SELECT name, id, 'name' FROM accounts
  UNION ALL
  SELECT email, id, 'email' FROM accounts WHERE email <> '' AND email <> name;

-- What was issued under an older epoch of the account is refused, like access tokens are.
ALTER TABLE authorization_codes ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE refresh_tokens ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
UPDATE authorization_codes c JOIN accounts a ON a.id = c.account_id SET c.epoch = a.token_epoch;
UPDATE refresh_tokens t JOIN accounts a ON a.id = t.account_id SET t.epoch = a.token_epoch;
