-- The published fields of an account that administrators set, as a document of those that were set; and what queries need of them.
ALTER TABLE accounts ADD COLUMN options LONGTEXT NOT NULL DEFAULT '{}' AFTER preferences,
  ADD COLUMN expires_at DATETIME(3) NULL, -- inactive from then on
  ADD COLUMN password_set_at DATETIME(3) NULL,
  ADD COLUMN last_login_address VARCHAR(64) CHARACTER SET ascii NOT NULL DEFAULT '',
  ADD COLUMN deleted_at DATETIME(3) NULL, -- packages name the account still
  ADD KEY accounts_deleted (deleted_at);
UPDATE accounts SET password_set_at = updated_at WHERE password_hash IS NOT NULL;

-- Hashes of passwords that an account had, the newest last.
CREATE TABLE password_history (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account_id BIGINT UNSIGNED NOT NULL,
  hash       VARCHAR(255) NOT NULL,
  KEY password_history_account (account_id, id),
  CONSTRAINT password_history_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
