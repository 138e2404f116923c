package packages

import "slices"

// next lists the states that may follow a state.
var next = map[State][]State{
	Held:                  {HeldToReleasedStart, FileProcessingNeeded, HeldToExpired, HeldToDeleted},
	HeldToReleasedStart:   {HeldToReleasedRouting},
	HeldToReleasedRouting: {HeldToReleasedFinish},
	HeldToReleasedFinish:  {Released},
	HeldToExpired:         {Expired},
	HeldToDeleted:         {Deleted},
	Released:              {ReleasedToExpired, ReleasedToDeleted},
	ReleasedToExpired:     {Expired},
	ReleasedToDeleted:     {Deleted},
	Expired:               {ExpiredToDeleted},
	ExpiredToDeleted:      {Deleted},
	Deleted:               nil,

	FileProcessingNeeded:       {FileProcessing, ProcessingNeededToDeleted},
	FileProcessing:             {HeldToReleasedStart, FileProcessingFailed, FileProcessingTimeout, ProcessingToDeleted},
	FileProcessingFailed:       {ProcessingFailedToDeleted},
	FileProcessingTimeout:      {ProcessingTimeoutToDeleted},
	ProcessingNeededToDeleted:  {Deleted},
	ProcessingToDeleted:        {Deleted},
	ProcessingFailedToDeleted:  {Deleted},
	ProcessingTimeoutToDeleted: {Deleted},
}

// MayMove reports whether a package in state from may go to state to.
func MayMove(from, to State) bool { return slices.Contains(next[from], to) }

// Transient reports whether a job is at work on a package in this state.
func (s State) Transient() bool {
	return s != Held && s != Released && s != Expired && s != Deleted && s != FileProcessingFailed && s != FileProcessingTimeout
}

// Advance gives the next step of a package on its way to be released and whether there is one. A held package starts
// only when its upload is complete and releaseDue is true (its release policy and date allow it).
func Advance(s State, u UploadStatus, releaseDue bool) (State, bool) {
	switch s {
	case Held:
		if u == UploadCompleted && releaseDue {
			return HeldToReleasedStart, true
		}
	case HeldToReleasedStart, HeldToReleasedRouting, HeldToReleasedFinish, HeldToExpired, ReleasedToExpired:
		return next[s][0], true
	}
	return s, false
}

// Deleting gives the transient state through which a package in state s is deleted, and whether it can be deleted now.
func Deleting(s State) (State, bool) {
	switch s {
	case Held:
		return HeldToDeleted, true
	case Released:
		return ReleasedToDeleted, true
	case Expired:
		return ExpiredToDeleted, true
	case FileProcessingNeeded:
		return ProcessingNeededToDeleted, true
	case FileProcessing:
		return ProcessingToDeleted, true
	case FileProcessingFailed:
		return ProcessingFailedToDeleted, true
	case FileProcessingTimeout:
		return ProcessingTimeoutToDeleted, true
	}
	return s, false
}

// Downloadable reports whether recipients may have the content.
func (s State) Downloadable() bool { return s == Released }

// Uploadable reports whether the sender may still (re)start the upload.
func Uploadable(s State, u UploadStatus) bool { return s == Held && u != UploadCompleted }

// TakesRemote reports whether the content of a held package may be sent from a shared folder: nothing was begun yet, or an
// earlier transfer from a folder has ended without success.
func TakesRemote(u UploadStatus, fromFolder bool) bool {
	return u == UploadSubmitted || fromFolder && u != UploadCompleted && u.Settled()
}

// Settled reports whether an upload status is an end: nothing more will come of this attempt by itself.
func (u UploadStatus) Settled() bool {
	switch u {
	case UploadCompleted, UploadError, UploadFailed, UploadStopped, UploadTimedOut:
		return true
	}
	return false
}

// WithContent lists the states in which a package has its content and goes on having it.
func WithContent() []State {
	return []State{Held, HeldToReleasedStart, HeldToReleasedRouting, HeldToReleasedFinish, Released, FileProcessingNeeded,
		FileProcessing, FileProcessingFailed, FileProcessingTimeout}
}

// Told reports whether people are told by mail that an upload is in this status: it was completed, or it failed.
func (u UploadStatus) Told() bool {
	return u == UploadCompleted || u == UploadError || u == UploadFailed || u == UploadTimedOut
}
