package policy

// Who takes files from a storage location: published words.
const (
	ReadByNobody = "private"
	ReadByAll    = "public"
	ReadByListed = "limited"
)

// Folder is a storage location as an actor meets it.
type Folder struct {
	ReadPermission string
	// Listed: the actor is on the location's list.
	Listed bool
}

// CanReadFolder answers why an actor may not take files from a storage location: private ones are nobody's, public ones
// everyone's and limited ones of those on their list, with the permission to send files of shared folders (faspex-N6).
func CanReadFolder(a Actor, f Folder) error {
	switch {
	case !May(a, SendFromFolders):
		return forbidden("folders_not_allowed", "Your account may not send files of shared folders.")
	case f.ReadPermission == ReadByAll, f.ReadPermission == ReadByListed && f.Listed:
		return nil
	}
	return forbidden("folder_not_readable", "You may not take files from this shared folder.")
}
