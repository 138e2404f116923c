-- What administrators decided for the whole server: documents of the fields that were set. A version tells whether a document was changed since it
-- was read.
CREATE TABLE settings (
  name       VARCHAR(64) CHARACTER SET ascii NOT NULL PRIMARY KEY,
  version    BIGINT UNSIGNED NOT NULL,
  document   LONGTEXT NOT NULL,
  updated_by BIGINT UNSIGNED NULL,
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  CONSTRAINT settings_updated_by FOREIGN KEY (updated_by) REFERENCES accounts (id) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Where people are at work already, they go on sending to each other.
INSERT INTO settings (name, version, document)
  SELECT 'configuration', 1, '{"users_can_send_to_all_faspex_users":true}' FROM accounts LIMIT 1;
