DROP INDEX IF EXISTS transfers_ended ON transfers;
DROP TABLE IF EXISTS token_uses;
DROP TABLE IF EXISTS use_counts;
DROP TABLE IF EXISTS revocations;
