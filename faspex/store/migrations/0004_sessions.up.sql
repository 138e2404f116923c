-- A browser in which somebody logged in: what its cookie opens until the session ends, is silent for too long, or the account's epoch changes.
CREATE TABLE sessions (
  cookie_hash  BINARY(32) NOT NULL PRIMARY KEY,
  -- Names the session in tokens, which must not lead back to the cookie.
  login        CHAR(36) CHARACTER SET ascii NOT NULL,
  account_id   BIGINT UNSIGNED NOT NULL,
  epoch        BIGINT NOT NULL,
  created_at   DATETIME(3) NOT NULL,
  last_used_at DATETIME(3) NOT NULL,
  expires_at   DATETIME(3) NOT NULL,
  ended_at     DATETIME(3) NULL,
  UNIQUE KEY sessions_login (login),
  KEY sessions_expires (expires_at),
  CONSTRAINT sessions_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The session that codes and tokens come from; empty for logins without a browser.
ALTER TABLE authorization_codes ADD COLUMN login CHAR(36) CHARACTER SET ascii NOT NULL DEFAULT '';
ALTER TABLE refresh_tokens ADD COLUMN login CHAR(36) CHARACTER SET ascii NOT NULL DEFAULT '', ADD KEY refresh_tokens_login (login);

-- The password is good for choosing another one, and for nothing else.
ALTER TABLE accounts ADD COLUMN password_change_required BOOLEAN NOT NULL DEFAULT FALSE AFTER password_hash;
