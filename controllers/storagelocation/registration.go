package storagelocation

import (
	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/nodeapi"
	"faspex.io/operator/faspex/api"
)

// action is what it takes to make an entry in Faspex right.
type action int

const (
	nothing action = iota
	create
	update
)

// knownID is the id of the entry, if it is one of that node: ids of another node mean nothing any more.
func knownID(status *v1alpha1.StorageLocationStatus, nodeID string) string {
	if status.NodeID != nodeID {
		return ""
	}
	return status.ShareID
}

// findFolder is the entry with that id, else the one with that name: one that a crash made us forget, or that someone
// made again by hand.
func findFolder(folders []api.SharedFolder, id, name string) *api.SharedFolder {
	var named *api.SharedFolder
	for i := range folders {
		if id != "" && folders[i].ID == id {
			return &folders[i]
		}
		if folders[i].Name == name {
			named = &folders[i]
		}
	}
	return named
}

// olderInbox is the name of a sibling that asked to be the default inbox before location did, if location asks too.
func olderInbox(location *v1alpha1.StorageLocation, siblings []v1alpha1.StorageLocation) string {
	if !wantsInbox(location) {
		return ""
	}
	for _, sibling := range siblings {
		if sibling.UID == location.UID || !wantsInbox(&sibling) || sibling.DeletionTimestamp != nil {
			continue
		}
		earlier := sibling.CreationTimestamp.Time.Compare(location.CreationTimestamp.Time)
		if earlier < 0 || (earlier == 0 && sibling.Name < location.Name) {
			return sibling.Name
		}
	}
	return ""
}

func wantsInbox(location *v1alpha1.StorageLocation) bool {
	return location.Spec.DefaultInbox != nil && *location.Spec.DefaultInbox
}

// diff says what to do with found, which is nil when there is no entry, and with which body. The mark of the default
// inbox is only ever given, by a location that asks for it: Faspex takes it from the one that has it, and has no way to
// be without.
func diff(location *v1alpha1.StorageLocation, found *api.SharedFolder) (api.SharedFolderChange, action) {
	name, directory := location.Name, nodeapi.Directory(location)
	permission := string(v1alpha1.ReadPermissionPrivate)
	if location.Spec.ReadPermission != "" {
		permission = string(location.Spec.ReadPermission)
	}
	linking := location.Spec.EnableLinking != nil && *location.Spec.EnableLinking
	inbox := wantsInbox(location)
	change := api.SharedFolderChange{
		Name: &name, Directory: &directory, ReadPermission: &permission, EnableLinking: &linking,
	}
	if inbox {
		change.DefaultInbox = &inbox
	}
	switch {
	case found == nil:
		return change, create
	case found.Name != name, found.Directory != directory, found.ReadPermission != permission,
		found.EnableLinking != linking, inbox && !found.DefaultInbox:
		return change, update
	}
	return change, nothing
}
