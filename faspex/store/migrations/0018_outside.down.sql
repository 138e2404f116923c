ALTER TABLE packages DROP FOREIGN KEY packages_invitation;
ALTER TABLE packages DROP COLUMN invitation_id;
DROP TABLE invitations;
