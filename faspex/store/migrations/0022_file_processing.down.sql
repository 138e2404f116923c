DROP TABLE package_files;
