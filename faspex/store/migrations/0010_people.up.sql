-- Logins that are on their way: who proved to own the account, and which steps are done. A row opens nothing by itself.
CREATE TABLE pending_logins (
  token_hash BINARY(32) NOT NULL PRIMARY KEY,
  account_id BIGINT UNSIGNED NOT NULL,
  epoch      BIGINT NOT NULL, -- of the account: another password ends the login
  done       VARCHAR(255) CHARACTER SET ascii NOT NULL, -- names of steps with commas between them
  expires_at DATETIME(3) NOT NULL,
  KEY pending_logins_expires (expires_at),
  CONSTRAINT pending_logins_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- Whom somebody has as contacts: people outside, and those who were outside when they were sent to first.
CREATE TABLE contacts (
  owner_id   BIGINT UNSIGNED NOT NULL,
  account_id BIGINT UNSIGNED NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (owner_id, account_id),
  KEY contacts_account (account_id),
  CONSTRAINT contacts_owner FOREIGN KEY (owner_id) REFERENCES accounts (id) ON DELETE CASCADE,
  CONSTRAINT contacts_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- The client by whose login page somebody registered, and when an account destroys itself.
ALTER TABLE accounts ADD COLUMN registered_with VARCHAR(128) CHARACTER SET ascii NOT NULL DEFAULT '',
  ADD COLUMN destroys_at DATETIME(3) NULL, ADD KEY accounts_destroys (destroys_at);
