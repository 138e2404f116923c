-- The name of the folder, at the top of the storage, that node users see an object storage as. One without is of access
-- keys alone.
ALTER TABLE object_storages ADD COLUMN IF NOT EXISTS mount VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL;
ALTER TABLE object_storages ADD UNIQUE KEY IF NOT EXISTS object_storages_mount (mount);
