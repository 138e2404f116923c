ALTER TABLE contents DROP COLUMN missing_since;
