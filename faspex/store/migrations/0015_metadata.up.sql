-- Adds only.
-- What senders fill in beside title and note. default_marker is 1 or NULL, so that the unique key admits one default at most.
CREATE TABLE metadata_profiles (
  id             BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name           VARCHAR(255) NOT NULL,
  default_marker TINYINT NULL,
  document       LONGTEXT NOT NULL,
  created_at     DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at     DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY metadata_profiles_name (name),
  UNIQUE KEY metadata_profiles_default (default_marker)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
