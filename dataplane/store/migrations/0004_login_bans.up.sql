-- Logins that all nodes refuse for a while. A row is written when a subject has failed too often, not for each failure.
CREATE TABLE IF NOT EXISTS login_bans (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  account VARBINARY(128) NOT NULL,
  address VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  failures INT NOT NULL,
  until_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY login_bans_subject (kind, account, address),
  KEY login_bans_until (until_at)
) ENGINE=InnoDB;
