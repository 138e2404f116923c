-- Adds only.
-- Codes that are mailed to who follows a link. The code follows from the nonce and from core's secret, and is not kept.
CREATE TABLE link_codes (
  subject      VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, -- names the link
  nonce        VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '', -- empty when none is good
  sent_at      DATETIME(3) NOT NULL,
  expires_at   DATETIME(3) NOT NULL,
  attempts     INT NOT NULL DEFAULT 0, -- wrong codes since the last right one, or since the lock ended
  locked_until DATETIME(3) NULL,
  KEY link_codes_sent (sent_at)
) ENGINE=InnoDB;
