-- Ids are of the storage now, and no access key numbers its own.
ALTER TABLE access_keys DROP COLUMN IF EXISTS next_file_id;
