package policy

import (
	"slices"

	"faspex.io/operator/faspex/packages"
)

// Action is something that can be done with a package.
type Action string

// Actions, by the names that clients are told.
const (
	Upload           Action = "upload"
	UploadFromFolder Action = "upload_from_folder"
	Download         Action = "download"
	DownloadFiles    Action = "download_files"
	RemoveFromList   Action = "remove_from_my_list"
	DeleteForAll     Action = "delete_for_everyone"
	Release          Action = "release"
	ChangeRelease    Action = "change_release"
	ChangeExpiration Action = "change_expiration"
	Forward          Action = "forward"
	ArchiveForAll    Action = "archive_for_all"
)

// PackageActions lists every action.
func PackageActions() []Action {
	return []Action{Upload, UploadFromFolder, Download, DownloadFiles, RemoveFromList, DeleteForAll, Release,
		ChangeRelease, ChangeExpiration, Forward, ArchiveForAll}
}

// Package is a package as an actor meets it.
type Package struct {
	State        packages.State
	UploadStatus packages.UploadStatus
	// Sent and Received tell how it belongs to the actor. A package that the actor deleted from the
	// received ones is not received.
	Sent, Received bool
	// Manages: the actor is an admin of a group that it went to. OfInbox: that is a shared inbox.
	Manages, OfInbox bool
	// WasReleased: recipients had it, whatever it is now.
	WasReleased bool
	// OnTheWay: its upload runs, it is released as soon as that is complete, and the server lets recipients have the
	// files that are whole already.
	OnTheWay bool
	// SentArchived and ReceivedArchived: the actor took it off that list.
	SentArchived, ReceivedArchived bool
	// WaitsForRelease: its release policy is not to be released at once.
	WaitsForRelease bool
	// DownloadLimit is how often each recipient may download it; 0 is no limit. Downloads is how often the actor did.
	DownloadLimit, Downloads int64
	// FromFolder: its content comes from a storage location.
	FromFolder bool
	// PreventHTTP: it is not to be downloaded by HTTP.
	PreventHTTP bool
	// Missing: its files are gone from their node, though nobody here removed them.
	Missing bool
}

// Sees reports whether the package exists for an actor. Until it is released, or on its way to that, a package is its
// sender's affair. What is left of it when its content is gone is in the history of everyone who had it.
func Sees(a Actor, p Package) bool {
	return manages(a, p) || (p.Received || p.Manages) && (p.WasReleased || p.OnTheWay)
}

// manages: the sender and the admins decide about a package.
func manages(a Actor, p Package) bool { return p.Sent || May(a, WriteAllPackages) }

// Deletes: the sender, the admins, and the admins of a shared inbox that it went to.
func Deletes(a Actor, p Package) bool { return manages(a, p) || p.Manages && p.OfInbox }

// Can answers nil, or a Refusal that says why an actor may not do something with a package that it sees.
func Can(a Actor, action Action, p Package) error {
	switch action {
	case Upload:
		return canUpload(a, p)
	case UploadFromFolder:
		return canUploadFromFolder(a, p)
	case Download:
		return canDownload(a, p, CanDownloadReceived)
	case DownloadFiles:
		return canDownload(a, p, CanDownloadFiles)
	case RemoveFromList:
		return canRemove(p)
	case DeleteForAll:
		return canDelete(a, p)
	case Release, ChangeRelease:
		return canRelease(a, p, action == Release)
	case ChangeExpiration:
		return canExpire(a, p)
	case Forward:
		return canForward(a, p)
	case ArchiveForAll:
		return canArchiveForAll(p)
	}
	return forbidden("forbidden", "There is no such action.")
}

// Actions lists what an actor may do with a package.
func Actions(a Actor, p Package) []Action {
	return slices.DeleteFunc(PackageActions(), func(action Action) bool { return Can(a, action, p) != nil })
}

func canUpload(a Actor, p Package) error {
	switch {
	case !p.Sent:
		return forbidden("not_sender", "Only the sender can send the content of a package.")
	case !May(a, SendPackages):
		return forbidden("uploads_not_allowed", "Your account may not send packages.")
	case Gone(p):
		return notNow("package_deleted", "The package is deleted.")
	case !packages.Uploadable(p.State, p.UploadStatus):
		return errSent
	case p.FromFolder:
		return notNow("content_from_folder", "The content of this package comes from a shared folder. Make another package.")
	}
	return nil
}

var errSent = notNow("already_sent", "The content of this package was sent already.")

// canUploadFromFolder: content comes from the sender's computer or from a storage location, never from both (faspex-N2).
func canUploadFromFolder(a Actor, p Package) error {
	switch {
	case !p.Sent:
		return forbidden("not_sender", "Only the sender can send the content of a package.")
	case !May(a, SendFromFolders):
		return forbidden("folders_not_allowed", "Your account may not send files of shared folders.")
	case Gone(p):
		return notNow("package_deleted", "The package is deleted.")
	case !packages.Uploadable(p.State, p.UploadStatus):
		return errSent
	case packages.TakesRemote(p.UploadStatus, p.FromFolder):
		return nil
	case p.FromFolder:
		return notNow("package_busy", "The files of this package are on their way already.")
	}
	return notNow("content_from_computer",
		"The content of this package comes from your computer. Make another package for files of shared folders.")
}

// CanCreate answers why an actor may not make packages: they need a way to bring content into them.
func CanCreate(a Actor) error {
	if !May(a, SendPackages) && !May(a, SendFromFolders) {
		return forbidden("uploads_not_allowed", "Your account may not send packages.")
	}
	return nil
}

// canDownload: from either side. CanDownloadSent is about one, fromReceived about the other.
func canDownload(a Actor, p Package, fromReceived func(Actor, Package) error) error {
	received := fromReceived(a, p)
	if received == nil || !p.Sent && !May(a, ReadAllPackages) {
		return received
	}
	sent := CanDownloadSent(a, p)
	if sent != nil && p.Received {
		return received
	}
	return sent
}

// CanDownloadSent: the sender and the admins, as soon as the content is there.
func CanDownloadSent(a Actor, p Package) error {
	if !May(a, ReceivePackages) {
		return errNoDownloads
	}
	if !p.Sent && !May(a, ReadAllPackages) {
		return forbidden("not_sender", "You did not send this package.")
	}
	if p.Missing || p.UploadStatus != packages.UploadCompleted || p.State != packages.Released && p.State != packages.Held {
		return unavailable(p)
	}
	return nil
}

// CanDownloadReceived: a recipient, a member or an admin of a group that is one, and the admins, once the package is
// released.
//
// A limit counts every download that started, of parts as well as of the whole and however it ended: counting whole
// ones alone, a limit could be walked around file by file, and counting at the end, by cutting the session before it.
func CanDownloadReceived(a Actor, p Package) error {
	if p.OnTheWay {
		if err := CanDownloadFiles(a, p); err != nil {
			return err
		}
		return notNow("package_on_its_way",
			"The package is still being sent. Choose files that are complete, or wait for all of it.")
	}
	return CanDownloadFiles(a, p)
}

// CanDownloadFiles: single files of a package, and their list. During the upload these are the ones that are complete.
func CanDownloadFiles(a Actor, p Package) error {
	switch {
	case !May(a, ReceivePackages):
		return errNoDownloads
	case !p.Received && !p.Manages && !May(a, ReadAllPackages):
		return forbidden("not_recipient", "You are not a recipient of this package.")
	case p.Missing, !p.State.Downloadable() && !p.OnTheWay:
		return unavailable(p)
	case p.DownloadLimit > 0 && p.Downloads >= p.DownloadLimit:
		return forbidden("download_limit", "You have downloaded this package as often as its sender allowed.")
	}
	return nil
}

// CanDownloadByHTTP is what a download by a browser needs beside the right to download.
func CanDownloadByHTTP(p Package) error {
	if p.PreventHTTP {
		return forbidden("http_download_prevented",
			"The sender does not allow this package to be downloaded by a browser. Use ascp.")
	}
	return nil
}

var errNoDownloads = forbidden("downloads_not_allowed", "Your account may not download packages.")

var errBusy = notNow("package_busy", "The package is being processed. Try again when that is done.")

// unavailable says why the content cannot be had now.
func unavailable(p Package) error {
	switch {
	case Gone(p):
		return notNow("package_deleted", "The package is deleted.")
	case p.Missing:
		return notNow("content_lost", "The files of this package are gone from their transfer node. Ask the sender to send them again.")
	case p.State == packages.Expired || p.State == packages.ReleasedToExpired || p.State == packages.HeldToExpired:
		return notNow("package_expired", "The package has expired.")
	case p.State == packages.Held && p.UploadStatus == packages.UploadSubmitted:
		return notNow("content_missing", "The package waits for its files.")
	}
	return notNow("content_unavailable", "The content of this package is not available.")
}

// Gone reports whether a package is deleted, or is being deleted.
func Gone(p Package) bool {
	return p.State == packages.Deleted || packages.Show(p.State, p.UploadStatus) == packages.StatusDeleting
}

func canRemove(p Package) error {
	switch {
	case p.Received && !p.ReceivedArchived, p.Sent && !p.SentArchived:
		return nil
	case !p.Received && !p.Sent:
		return forbidden("not_recipient", "The package is on no list of yours.")
	}
	return notNow("already_removed", "You have taken the package off your list already.")
}

func canDelete(a Actor, p Package) error {
	if !Deletes(a, p) {
		return forbidden("not_sender", "Only its sender can delete a package for everyone.")
	}
	if Gone(p) {
		return notNow("package_deleted", "The package is deleted.")
	}
	if _, can := packages.Deleting(p.State); !can {
		return errBusy
	}
	return nil
}

// canRelease: when a package is released can be changed only before that; and it can be
// released only while it waits for that.
func canRelease(a Actor, p Package, now bool) error {
	switch {
	case !manages(a, p):
		return forbidden("not_sender", "Only its sender can change a package.")
	case Gone(p):
		return notNow("package_deleted", "The package is deleted.")
	case p.State != packages.Held:
		return notNow("already_released", "The package is released already.")
	case now && !p.WaitsForRelease:
		return notNow("already_released", "The package is released as soon as its files are there.")
	}
	return nil
}

func canExpire(a Actor, p Package) error {
	if !manages(a, p) {
		return forbidden("not_sender", "Only its sender can change a package.")
	}
	if Gone(p) {
		return notNow("package_deleted", "The package is deleted.")
	}
	if p.State.Transient() {
		return errBusy
	}
	return nil
}

// canForward: whoever has the content of a package, with the account's permission.
func canForward(a Actor, p Package) error {
	switch {
	case !a.Forwards:
		return forbidden("forwarding_not_allowed", "Your account may not forward packages.")
	case p.Missing, p.State != packages.Released:
		return unavailable(p)
	}
	return nil
}

// canArchiveForAll: the admins of a group take its packages off the lists of all its members.
func canArchiveForAll(p Package) error {
	switch {
	case !p.Manages:
		return forbidden("not_group_admin",
			"Only an admin of a workgroup or shared inbox takes a package off the lists of all its members.")
	case Gone(p):
		return notNow("package_deleted", "The package is deleted.")
	case !p.WasReleased:
		return notNow("not_released", "The package is on nobody's list yet.")
	}
	return nil
}
