ALTER TABLE sessions ADD COLUMN IF NOT EXISTS files_skipped BIGINT NOT NULL DEFAULT 0;

-- What transfers are looked for by. The uuid of a package is where Faspex puts it into tags.
ALTER TABLE transfers
  ADD COLUMN IF NOT EXISTS package_uuid VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
    AS (LEFT(JSON_VALUE(tags, '$.aspera.faspex.metadata._pkg_uuid'), 64)) VIRTUAL,
  ADD KEY IF NOT EXISTS transfers_package (package_uuid),
  ADD KEY IF NOT EXISTS transfers_started (started_usec),
  ADD KEY IF NOT EXISTS transfers_token_user (token_user, token_kind, revision);
