-- Adds only.
-- Since when the folder of a content is not on its node, though nobody here removed it.
ALTER TABLE contents ADD COLUMN missing_since DATETIME(3) NULL;
