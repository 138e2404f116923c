-- SSH keys that tokens were made for: each logs in for its transfer user until the last of its tokens has expired.
CREATE TABLE IF NOT EXISTS login_keys (
  transfer_user VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  fingerprint VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  expires_at DATETIME(6) NOT NULL,
  PRIMARY KEY (transfer_user, fingerprint),
  KEY login_keys_expires (expires_at)
) ENGINE=InnoDB;
