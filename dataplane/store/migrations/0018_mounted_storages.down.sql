ALTER TABLE object_storages DROP COLUMN IF EXISTS mount;
