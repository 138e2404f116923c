ALTER TABLE transfers DROP COLUMN side;
DROP TABLE IF EXISTS transfer_revocations, installation;
