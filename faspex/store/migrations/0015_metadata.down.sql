DROP TABLE metadata_profiles;
