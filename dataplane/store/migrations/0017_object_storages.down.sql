DROP TABLE IF EXISTS object_parts;
DROP TABLE IF EXISTS object_uploads;
DROP TABLE IF EXISTS object_storages;
