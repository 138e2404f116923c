-- Which folder each node has as which storage, by the id in the folder's mark. since is from when the node was seen with it without a gap.
CREATE TABLE IF NOT EXISTS node_folders (
  node VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  storage VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  folder VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  since DATETIME(6) NOT NULL,
  seen DATETIME(6) NOT NULL,
  PRIMARY KEY (node, storage),
  KEY node_folders_seen (seen)
) ENGINE=InnoDB;
