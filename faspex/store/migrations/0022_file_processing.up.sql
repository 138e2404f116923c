-- Adds only.
-- Files that another system processes before recipients have their package.
CREATE TABLE package_files (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  package_id BIGINT UNSIGNED NOT NULL,
  node_id    BIGINT UNSIGNED NOT NULL,
  path       VARCHAR(4096) NOT NULL, -- in the package
  status     VARCHAR(24) CHARACTER SET ascii NOT NULL DEFAULT 'to_be_processed',
  message    VARCHAR(1024) NOT NULL DEFAULT '',
  listed_at  DATETIME(3) NOT NULL, -- when the waiting began
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  KEY package_files_package (package_id, status),
  KEY package_files_status (status, id),
  CONSTRAINT package_files_package FOREIGN KEY (package_id) REFERENCES packages (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
