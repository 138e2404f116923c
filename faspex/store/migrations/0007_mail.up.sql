-- What a change of state has to set off, written in the transaction that makes the change. A dispatcher turns rows into jobs.
CREATE TABLE outbox (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind       VARCHAR(64) CHARACTER SET ascii NOT NULL,
  payload    LONGTEXT NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- A one-time job fails for good after so many attempts; 0 for jobs that recur. data is what a job has to tell.
ALTER TABLE jobs ADD COLUMN max_attempts INT NOT NULL DEFAULT 0, ADD COLUMN data LONGTEXT NULL;

-- Codes that were mailed to set a password with. Only hashes are stored; a code that was used is gone with all others of its account.
CREATE TABLE one_time_codes (
  code_hash  BINARY(32) NOT NULL PRIMARY KEY,
  account_id BIGINT UNSIGNED NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  KEY one_time_codes_account (account_id),
  KEY one_time_codes_expires (expires_at),
  CONSTRAINT one_time_codes_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE=InnoDB;
