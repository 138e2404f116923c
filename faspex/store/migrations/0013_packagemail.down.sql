ALTER TABLE transfers DROP COLUMN address;
ALTER TABLE packages DROP COLUMN base_url;
