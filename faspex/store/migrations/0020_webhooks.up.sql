-- Adds only.
-- Addresses that are told of packages that were uploaded.
CREATE TABLE webhooks (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name       VARCHAR(255) NOT NULL,
  options    LONGTEXT NOT NULL, -- JSON: what administrators set, by the published names
  active     BOOLEAN NOT NULL,
  secret     VARBINARY(512) NOT NULL, -- signs the calls; sealed with core's secret
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY webhooks_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
-- Calls: one of each webhook for each package.
CREATE TABLE webhook_events (
  id               BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  webhook_id       BIGINT UNSIGNED NOT NULL,
  package_id       BIGINT UNSIGNED NOT NULL, -- may be purged
  package_name     VARCHAR(255) NOT NULL,
  status           VARCHAR(16) CHARACTER SET ascii NOT NULL, -- queued, working, retrying, completed, failed, cancelled
  orders           INT NOT NULL DEFAULT 1, -- how often somebody ordered the call
  request_headers  TEXT NULL,
  request_payload  LONGTEXT NOT NULL,
  response_code    INT NULL,
  response_headers TEXT NULL,
  response_body    MEDIUMTEXT NULL,
  error_desc       VARCHAR(1024) NOT NULL DEFAULT '',
  created_at       DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  UNIQUE KEY webhook_events_once (webhook_id, package_id),
  KEY webhook_events_created (created_at),
  CONSTRAINT webhook_events_webhook FOREIGN KEY (webhook_id) REFERENCES webhooks (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
