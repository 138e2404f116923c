DROP TABLE IF EXISTS node_folders;
