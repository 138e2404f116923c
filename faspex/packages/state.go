// Package packages holds the rules of a package's life: its states, the statuses of its upload, the status people see,
// and which step may follow which. It is pure; who stores packages and who moves files is not its business.
package packages

import (
	"cmp"
	"maps"
	"slices"
)

// State is where a package stands. Transient states are steps of a job between two lasting ones.
type State string

const (
	Held     State = "held"     // waits for its upload, or for its release date
	Released State = "released" // recipients may download it
	Expired  State = "expired"  // the content exists, nobody may have it
	Deleted  State = "deleted"  // the content is gone

	// With file processing: another system looks at every file before recipients have any.
	FileProcessingNeeded  State = "transient_file_processing_needed" // its files are listed
	FileProcessing        State = "transient_file_processing"        // it waits for what becomes of them
	FileProcessingFailed  State = "file_processing_failed"           // one of them failed
	FileProcessingTimeout State = "file_processing_timeout"          // nobody said so in time

	HeldToReleasedStart   State = "transient_held_to_released_start"
	HeldToReleasedRouting State = "transient_held_to_released_routing_packages"
	HeldToReleasedFinish  State = "transient_held_to_released_finish"
	HeldToExpired         State = "transient_held_to_expired"
	HeldToDeleted         State = "transient_held_to_deleted"
	ReleasedToExpired     State = "transient_released_to_expired"
	ReleasedToDeleted     State = "transient_released_to_deleted"
	ExpiredToDeleted      State = "transient_expired_to_deleted"

	ProcessingNeededToDeleted  State = "transient_file_processing_needed_to_deleted"
	ProcessingToDeleted        State = "transient_file_processing_to_deleted"
	ProcessingFailedToDeleted  State = "transient_file_processing_failed_to_deleted"
	ProcessingTimeoutToDeleted State = "transient_file_processing_timeout_to_deleted"
)

// UploadStatus is how far the sender's upload got.
type UploadStatus string

const (
	UploadSubmitted     UploadStatus = "submitted" // the package exists, no transfer was asked for
	UploadQueued        UploadStatus = "queued"    // a transfer spec was given out
	UploadTransferring  UploadStatus = "transferring"
	UploadPaused        UploadStatus = "paused"
	UploadStopped       UploadStatus = "stopped"
	UploadTimedOut      UploadStatus = "timed_out"
	UploadWillRetry     UploadStatus = "will_retry"
	UploadError         UploadStatus = "error"
	UploadFailed        UploadStatus = "failed"
	UploadCompleted     UploadStatus = "completed"
	UploadPreInitiation UploadStatus = "pre_initiation"
)

// Status is what people are shown.
type Status string

const (
	StatusStarting       Status = "starting"
	StatusUploading      Status = "uploading"
	StatusTransferring   Status = "transferring" // uploading, with a percentage
	StatusPaused         Status = "paused"
	StatusFailed         Status = "failed"
	StatusPreInitiation  Status = "pre_initiation"
	StatusUploaded       Status = "uploaded_for_processing"
	StatusProcessing     Status = "processing"
	StatusCheckingRelays Status = "checking_relays"
	StatusRelaying       Status = "relaying"
	StatusCompleted      Status = "completed"
	StatusExpiring       Status = "expiring"
	StatusExpired        Status = "expired"
	StatusDeleting       Status = "deleting"
	StatusDeleted        Status = "deleted"
	StatusUnknown        Status = "unknown"

	StatusUploadedForFiles Status = "uploaded_for_file_processing"
	StatusFilesFailed      Status = "file_processing_failed"
	StatusFilesTimedOut    Status = "file_processing_timed_out"
)

var heldStatus = map[UploadStatus]Status{
	UploadSubmitted:     StatusStarting,
	UploadQueued:        StatusUploading,
	UploadTransferring:  StatusTransferring,
	UploadPaused:        StatusPaused,
	UploadStopped:       StatusPaused,
	UploadTimedOut:      StatusFailed,
	UploadWillRetry:     StatusFailed,
	UploadError:         StatusFailed,
	UploadFailed:        StatusFailed,
	UploadPreInitiation: StatusPreInitiation,
	UploadCompleted:     StatusUploaded,
}

var laterStatus = map[State]Status{
	HeldToReleasedStart:   StatusProcessing,
	HeldToReleasedRouting: StatusCheckingRelays,
	HeldToReleasedFinish:  StatusRelaying,
	Released:              StatusCompleted,
	HeldToExpired:         StatusExpiring,
	ReleasedToExpired:     StatusExpiring,
	Expired:               StatusExpired,
	HeldToDeleted:         StatusDeleting,
	ReleasedToDeleted:     StatusDeleting,
	ExpiredToDeleted:      StatusDeleting,
	Deleted:               StatusDeleted,

	FileProcessingNeeded:       StatusUploadedForFiles,
	FileProcessing:             StatusUploadedForFiles,
	FileProcessingFailed:       StatusFilesFailed,
	FileProcessingTimeout:      StatusFilesTimedOut,
	ProcessingNeededToDeleted:  StatusDeleting,
	ProcessingToDeleted:        StatusDeleting,
	ProcessingFailedToDeleted:  StatusDeleting,
	ProcessingTimeoutToDeleted: StatusDeleting,
}

// Show gives the status people see for a state and an upload status. Once a package left
// `held` its state alone decides.
func Show(s State, u UploadStatus) Status {
	if s == Held {
		if shown, ok := heldStatus[u]; ok {
			return shown
		}
		return StatusUnknown
	}
	if shown, ok := laterStatus[s]; ok {
		return shown
	}
	return StatusUnknown
}

// Statuses lists what Show gives, by the alphabet.
func Statuses() []Status {
	seen := map[Status]bool{}
	for _, s := range heldStatus {
		seen[s] = true
	}
	for _, s := range laterStatus {
		seen[s] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// Match is one pair that Show maps to a status; an empty Upload stands for every upload status.
type Match struct {
	State  State
	Upload UploadStatus
}

// Matching gives every pair that is shown as the status, in a fixed order, so that a list can
// be filtered where it is stored.
func Matching(shown Status) []Match {
	var all []Match
	for u, s := range heldStatus {
		if s == shown {
			all = append(all, Match{Held, u})
		}
	}
	for st, s := range laterStatus {
		if s == shown {
			all = append(all, Match{State: st})
		}
	}
	slices.SortFunc(all, func(a, b Match) int {
		return cmp.Or(cmp.Compare(a.State, b.State), cmp.Compare(a.Upload, b.Upload))
	})
	return all
}
