DROP TABLE remote_sources, folder_readers;
