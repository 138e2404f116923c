-- What people did: nobody can change or remove a row but the purge.
CREATE TABLE application_events (
  id          BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  event_type  VARCHAR(64) CHARACTER SET ascii NOT NULL,
  application VARCHAR(16) CHARACTER SET ascii NOT NULL,
  account_id  BIGINT UNSIGNED NULL, -- no foreign key: events outlive accounts
  address     VARCHAR(64) CHARACTER SET ascii NOT NULL DEFAULT '',
  client_id   VARCHAR(128) CHARACTER SET ascii NOT NULL DEFAULT '',
  message     VARCHAR(1024) NOT NULL DEFAULT '',
  created_at  DATETIME(3) NOT NULL,
  KEY application_events_type (event_type, id),
  KEY application_events_created (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- Since when an account is active again; null when it always was.
ALTER TABLE accounts ADD COLUMN activated_at DATETIME(3) NULL;
