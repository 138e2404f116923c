ALTER TABLE sessions DROP COLUMN IF EXISTS files_skipped;
ALTER TABLE transfers DROP KEY IF EXISTS transfers_package, DROP COLUMN IF EXISTS package_uuid, DROP KEY IF EXISTS transfers_started,
  DROP KEY IF EXISTS transfers_token_user;
