-- Times are UTC. Text that people type is utf8mb4; names are compared without case.

CREATE TABLE accounts (
  id               BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name             VARCHAR(255) NOT NULL,
  first_name       VARCHAR(255) NOT NULL DEFAULT '',
  last_name        VARCHAR(255) NOT NULL DEFAULT '',
  email            VARCHAR(255) NOT NULL DEFAULT '',
  role             VARCHAR(16) NOT NULL DEFAULT 'user',
  type             VARCHAR(32) NOT NULL DEFAULT 'local_user',
  status           VARCHAR(48) NOT NULL DEFAULT 'active',
  description      TEXT NULL,
  password_hash    VARCHAR(255) NULL,
  public_key       TEXT NULL,
  preferences      LONGTEXT NOT NULL,
  uploads_allowed  BOOLEAN NOT NULL DEFAULT TRUE,
  downloads_allowed BOOLEAN NOT NULL DEFAULT TRUE,
  token_epoch      BIGINT NOT NULL DEFAULT 0,
  last_login_at    DATETIME(3) NULL,
  created_at       DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at       DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY accounts_name (name),
  KEY accounts_email (email)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oauth_clients (
  id                            BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  client_id                     VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  secret_hash                   BINARY(32) NULL,
  name                          VARCHAR(255) NOT NULL,
  description                   TEXT NULL,
  contact_email                 VARCHAR(255) NULL,
  client_type                   VARCHAR(16) NOT NULL DEFAULT 'public',
  internal                      BOOLEAN NOT NULL DEFAULT FALSE,
  require_pkce                  BOOLEAN NOT NULL DEFAULT FALSE,
  redirect_uris                 LONGTEXT NOT NULL,
  origins                       LONGTEXT NOT NULL,
  enable_http_basic_auth        BOOLEAN NOT NULL DEFAULT FALSE,
  allow_jwt_grant               BOOLEAN NOT NULL DEFAULT FALSE,
  allow_global_key              BOOLEAN NOT NULL DEFAULT FALSE,
  public_key                    TEXT NULL,
  allow_refresh_token           BOOLEAN NOT NULL DEFAULT FALSE,
  access_token_expiration_hours INT NOT NULL DEFAULT 1,
  refresh_token_expiration_hours INT NOT NULL DEFAULT 12,
  access_grant_all_users        BOOLEAN NOT NULL DEFAULT TRUE,
  creator_id                    BIGINT UNSIGNED NULL,
  created_at                    DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at                    DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY oauth_clients_client_id (client_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oauth_client_users (
  oauth_client_id BIGINT UNSIGNED NOT NULL,
  account_id      BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (oauth_client_id, account_id),
  CONSTRAINT oauth_client_users_client FOREIGN KEY (oauth_client_id) REFERENCES oauth_clients (id) ON DELETE CASCADE,
  CONSTRAINT oauth_client_users_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- Only hashes of codes and tokens are stored.
CREATE TABLE authorization_codes (
  code_hash        BINARY(32) NOT NULL PRIMARY KEY,
  client_id        VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  account_id       BIGINT UNSIGNED NOT NULL,
  redirect_uri     TEXT NOT NULL,
  challenge        VARCHAR(255) NOT NULL DEFAULT '',
  challenge_method VARCHAR(8) NOT NULL DEFAULT '',
  family           CHAR(36) CHARACTER SET ascii NOT NULL,
  expires_at       DATETIME(3) NOT NULL,
  used_at          DATETIME(3) NULL,
  KEY authorization_codes_expires (expires_at),
  CONSTRAINT authorization_codes_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE refresh_tokens (
  token_hash BINARY(32) NOT NULL PRIMARY KEY,
  family     CHAR(36) CHARACTER SET ascii NOT NULL,
  client_id  VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  account_id BIGINT UNSIGNED NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  used_at    DATETIME(3) NULL,
  KEY refresh_tokens_family (family),
  KEY refresh_tokens_expires (expires_at),
  CONSTRAINT refresh_tokens_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- A family is everything that grew from one login: its access tokens and refresh tokens.
CREATE TABLE revoked_families (
  family     CHAR(36) CHARACTER SET ascii NOT NULL PRIMARY KEY,
  expires_at DATETIME(3) NOT NULL,
  KEY revoked_families_expires (expires_at)
) ENGINE=InnoDB;

CREATE TABLE used_assertions (
  assertion_hash BINARY(32) NOT NULL PRIMARY KEY,
  expires_at     DATETIME(3) NOT NULL,
  KEY used_assertions_expires (expires_at)
) ENGINE=InnoDB;

CREATE TABLE login_throttles (
  subject_hash  BINARY(32) NOT NULL PRIMARY KEY,
  failures      INT NOT NULL,
  last_failure  DATETIME(3) NOT NULL,
  blocked_until DATETIME(3) NULL,
  KEY login_throttles_last (last_failure)
) ENGINE=InnoDB;

CREATE TABLE nodes (
  id                                BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name                              VARCHAR(255) NOT NULL,
  host                              VARCHAR(255) NOT NULL,
  api_port                          INT NOT NULL,
  api_username                      VARCHAR(255) NOT NULL,
  api_password                      VARBINARY(1024) NOT NULL,
  use_ssl                           BOOLEAN NOT NULL,
  verify_ssl                        BOOLEAN NOT NULL,
  public_key                        TEXT NULL,
  node_type                         VARCHAR(32) NOT NULL,
  storage_type                      VARCHAR(32) NOT NULL DEFAULT 'default',
  browser_address_match             VARCHAR(255) NOT NULL DEFAULT '',
  requester_address_match           VARCHAR(255) NOT NULL DEFAULT '',
  enable_secondary_transfer_address BOOLEAN NOT NULL DEFAULT FALSE,
  primary_transfer_address          VARCHAR(255) NOT NULL DEFAULT '',
  secondary_transfer_address        VARCHAR(255) NOT NULL DEFAULT '',
  connection_timeout                INT NOT NULL DEFAULT 30,
  pagination_browsing               BOOLEAN NOT NULL DEFAULT FALSE,
  status                            VARCHAR(32) NOT NULL DEFAULT 'queued',
  status_message                    TEXT NULL,
  transfers_cursor                  VARCHAR(255) NOT NULL DEFAULT '',
  created_at                        DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at                        DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY nodes_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE shared_folders (
  id                                BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  node_id                           BIGINT UNSIGNED NOT NULL,
  name                              VARCHAR(255) NOT NULL,
  directory                         VARCHAR(1024) NOT NULL,
  -- 1 or NULL, so that the unique key admits one default inbox at most.
  default_marker                    TINYINT NULL,
  enable_linking                    BOOLEAN NOT NULL DEFAULT FALSE,
  enable_cloud_referencing          BOOLEAN NOT NULL DEFAULT FALSE,
  read_permission                   VARCHAR(16) NOT NULL DEFAULT 'private',
  override_transfer_parameters      BOOLEAN NOT NULL DEFAULT FALSE,
  lock_minrate_policy               BOOLEAN NOT NULL DEFAULT TRUE,
  kbps_initial_target_download_rate INT NOT NULL DEFAULT 10000,
  kbps_initial_target_upload_rate   INT NOT NULL DEFAULT 10000,
  kbps_max_target_download_rate     INT NOT NULL DEFAULT 20000,
  kbps_max_target_upload_rate       INT NOT NULL DEFAULT 20000,
  relay_incoming_bandwidth          INT NOT NULL DEFAULT 45000,
  relay_outgoing_bandwidth          INT NOT NULL DEFAULT 45000,
  created_at                        DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at                        DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY shared_folders_name (node_id, name),
  UNIQUE KEY shared_folders_default (default_marker),
  CONSTRAINT shared_folders_default_is_one CHECK (default_marker = 1),
  CONSTRAINT shared_folders_node FOREIGN KEY (node_id) REFERENCES nodes (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE packages (
  id                    BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  uuid                  CHAR(36) CHARACTER SET ascii NOT NULL,
  title                 VARCHAR(255) NOT NULL,
  note                  TEXT NOT NULL,
  sender_id             BIGINT UNSIGNED NOT NULL,
  shared_folder_id      BIGINT UNSIGNED NOT NULL,
  -- Where the content lies on the node of the folder; fixed at creation, so that a changed folder does not lose it.
  directory             VARCHAR(1200) NOT NULL,
  state                 VARCHAR(64) CHARACTER SET ascii NOT NULL DEFAULT 'held',
  upload_status         VARCHAR(32) CHARACTER SET ascii NOT NULL DEFAULT 'submitted',
  release_policy        VARCHAR(16) NOT NULL DEFAULT 'now',
  release_date          DATETIME(3) NULL,
  expiration_policy     VARCHAR(40) NOT NULL DEFAULT 'none',
  expiration_date       DATETIME(3) NULL,
  prevent_http_download BOOLEAN NOT NULL DEFAULT FALSE,
  ear_enabled           BOOLEAN NOT NULL DEFAULT FALSE,
  obfuscation_enabled   BOOLEAN NOT NULL DEFAULT FALSE,
  download_limit        INT NULL,
  metadata              LONGTEXT NOT NULL,
  notified_on_upload    LONGTEXT NOT NULL,
  notified_on_download  LONGTEXT NOT NULL,
  notified_on_receipt   LONGTEXT NOT NULL,
  total_bytes           BIGINT NOT NULL DEFAULT 0,
  total_files           BIGINT NOT NULL DEFAULT 0,
  bytes_written         BIGINT NOT NULL DEFAULT 0,
  upload_started_at     DATETIME(3) NULL,
  upload_completed_at   DATETIME(3) NULL,
  error_desc            TEXT NOT NULL,
  sender_archived       BOOLEAN NOT NULL DEFAULT FALSE,
  created_at            DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at            DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY packages_uuid (uuid),
  KEY packages_sender (sender_id, id),
  KEY packages_state (state, upload_status),
  CONSTRAINT packages_sender FOREIGN KEY (sender_id) REFERENCES accounts (id),
  CONSTRAINT packages_folder FOREIGN KEY (shared_folder_id) REFERENCES shared_folders (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- One row for each person a package goes to: what that person did with it.
CREATE TABLE deliveries (
  id                  BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  package_id          BIGINT UNSIGNED NOT NULL,
  account_id          BIGINT UNSIGNED NOT NULL,
  recipient_type      VARCHAR(16) NOT NULL DEFAULT 'user',
  private             BOOLEAN NOT NULL DEFAULT FALSE,
  archived            BOOLEAN NOT NULL DEFAULT FALSE,
  deleted_at          DATETIME(3) NULL,
  created_at          DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  UNIQUE KEY deliveries_recipient (package_id, account_id),
  KEY deliveries_account (account_id, package_id),
  CONSTRAINT deliveries_package FOREIGN KEY (package_id) REFERENCES packages (id) ON DELETE CASCADE,
  CONSTRAINT deliveries_account FOREIGN KEY (account_id) REFERENCES accounts (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Transfers that nodes reported.
CREATE TABLE transfers (
  id               BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  node_id          BIGINT UNSIGNED NOT NULL,
  node_transfer_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  package_id       BIGINT UNSIGNED NULL,
  account_id       BIGINT UNSIGNED NULL,
  direction        VARCHAR(8) NOT NULL,
  status           VARCHAR(32) NOT NULL,
  bytes_expected   BIGINT NOT NULL DEFAULT 0,
  bytes_transferred BIGINT NOT NULL DEFAULT 0,
  files            BIGINT NOT NULL DEFAULT 0,
  whole_package    BOOLEAN NOT NULL DEFAULT FALSE,
  error_code       INT NOT NULL DEFAULT 0,
  error_desc       TEXT NOT NULL,
  started_at       DATETIME(3) NULL,
  ended_at         DATETIME(3) NULL,
  updated_at       DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY transfers_node (node_id, node_transfer_id),
  KEY transfers_package (package_id, direction, status),
  CONSTRAINT transfers_node FOREIGN KEY (node_id) REFERENCES nodes (id) ON DELETE CASCADE,
  CONSTRAINT transfers_package FOREIGN KEY (package_id) REFERENCES packages (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE jobs (
  id                 BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  method_name        VARCHAR(128) CHARACTER SET ascii NOT NULL,
  job_name           VARCHAR(255) NOT NULL,
  job_type           VARCHAR(32) NOT NULL,
  reference_uuid     VARCHAR(64) CHARACTER SET ascii NOT NULL DEFAULT '',
  persistent         BOOLEAN NOT NULL DEFAULT FALSE,
  status             VARCHAR(16) NOT NULL DEFAULT 'queued',
  serialized_args    LONGTEXT NOT NULL,
  scheduled_interval INT NOT NULL DEFAULT 0,
  response_timeout   INT NOT NULL DEFAULT 60,
  retry_count        INT NOT NULL DEFAULT 0,
  next_availability  DATETIME(3) NOT NULL,
  worker_id          VARCHAR(128) NOT NULL DEFAULT '',
  claimed_until      DATETIME(3) NULL,
  error_code         VARCHAR(64) NOT NULL DEFAULT '',
  error_desc         TEXT NOT NULL,
  created_at         DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at         DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY jobs_identity (method_name, reference_uuid),
  KEY jobs_due (status, next_availability)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
