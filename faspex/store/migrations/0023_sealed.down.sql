ALTER TABLE contents DROP COLUMN has_sealed;
