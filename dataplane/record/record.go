// Package record says what is known of a transfer: how it began, how far it is, how each
// file and the whole of it ended.
//
// It is the vocabulary between those who transfer and those who write transfers down. It knows no database.
package record

import (
	"context"
	"encoding/json"
	"time"

	"faspex.io/operator/dataplane/transferspec"
)

// Status of a transfer or a session, with the words of the Node API.
type Status string

// The states that the node itself produces. Waiting and paused are transfers that it makes itself, between sessions.
const (
	StatusWaiting   Status = "waiting"
	StatusPaused    Status = "paused"
	StatusRunning   Status = "running"
	StatusCompleted Status = "completed"
	StatusFailed    Status = "failed"
	StatusCanceled  Status = "canceled"
)

// Transfer is what is known when a session begins. TransferID is the same for every retry of one transfer.
type Transfer struct {
	TransferID string // UUID, Grant.TransferID
	SessionID  string // UUID, new for every session
	Direction  transferspec.Direction
	AccessKey  string // empty for the node user
	// KeyCreatedUsec is when AccessKey was made, in microseconds since 1970; 0 if there is none.
	KeyCreatedUsec int64
	// IssuedUsec is when the node issued the transfer token, in microseconds since 1970; 0 for other tokens.
	IssuedUsec int64
	TokenUser  string // who obtained the token
	TokenKind  string // "transfer", "basic", "bearer"
	RemoteUser string // SSH user
	ClientAddr string // IP address of the client
	ServerAddr string // IP address of this node
	Cookie     string
	Tags       json.RawMessage
	StartSpec  StartSpec
}

// StartSpec is what the client asked for. Rates are in kilobits per second.
type StartSpec struct {
	SourcePaths     []string `json:"source_paths"`
	DestinationPath string   `json:"destination_path"`
	RemoteHost      string   `json:"remote_host,omitempty"`
	SSHPort         int      `json:"ssh_port,omitempty"`
	FASPPort        int      `json:"fasp_port,omitempty"`
	Cipher          string   `json:"cipher,omitempty"`
	RatePolicy      string   `json:"rate_policy,omitempty"`
	TargetRateKbps  int64    `json:"target_rate_kbps,omitempty"`
	MinRateKbps     int64    `json:"min_rate_kbps,omitempty"`
	ResumePolicy    string   `json:"resume_policy,omitempty"`
	OverwritePolicy string   `json:"overwrite_policy,omitempty"`
	CreateDir       bool     `json:"create_dir,omitempty"`
	DatagramSize    int      `json:"dgram_size,omitempty"`
	// PreserveTimestamps and FileChecksumType are what the session does, for the client or for its access key, and
	// Aggressiveness is the key's.
	PreserveTimestamps bool    `json:"preserve_timestamps,omitempty"`
	FileChecksumType   string  `json:"file_checksum_type,omitempty"`
	Aggressiveness     float64 `json:"aggressiveness,omitempty"`
	// RemoteAccessKey, SourceRootID and DestinationRootID are of transfers that the node makes itself.
	RemoteAccessKey   string `json:"remote_access_key,omitempty"`
	SourceRootID      string `json:"source_root_id,omitempty"`
	DestinationRootID string `json:"destination_root_id,omitempty"`
}

// Progress of a session: totals since it began, not increments.
type Progress struct {
	BytesExpected        int64 // what the session has to move, 0 while unknown
	FilesExpected        int64
	BytesTransferred     int64 // payload bytes that crossed the network, without repeats
	BytesWritten         int64
	BytesLost            int64
	FilesCompleted       int64
	FilesFailed          int64
	FilesSkipped         int64 // of the completed ones: what the receiver had already
	DirectoriesCompleted int64
	TargetRateKbps       int64
	AvgRateKbps          int64
	NetworkDelay         time.Duration
}

// FileResult is how one file of a session ended. Path is relative to the storage root, with slashes.
type FileResult struct {
	Path         string
	Size         int64
	StartByte    int64 // where a resumed file continued
	BytesWritten int64
	Status       Status // completed or failed
	ChecksumType string // "sha-256", "none", ...
	Checksum     string // lower case hex
	ErrorCode    int
	ErrorDesc    string
	StartedAt    time.Time
	EndedAt      time.Time
}

// Outcome is how a session ended. Code is ascp's error number, 0 for success.
type Outcome struct {
	Status      Status
	Code        int
	Description string
}

// Recorder writes down what the transfers of this node do. No call waits for the database, and none fails because it is
// away: what could not be written is written when it is back, as long as the process lives.
type Recorder interface {
	// Begin records a session that starts now.
	Begin(ctx context.Context, t Transfer) (Recording, error)
}

// Recording is one running session.
type Recording interface {
	// Progress replaces the totals; it only stores them in memory, so it may be called at any rate.
	Progress(p Progress)
	// File records how one file ended.
	File(f FileResult)
	// Finish ends the session. Only the first call counts.
	Finish(o Outcome)
	// Written is closed when all of a session that has finished is where others see it.
	Written() <-chan struct{}
	// Canceled is closed when somebody cancels the transfer through the Node API of any node.
	Canceled() <-chan struct{}
	// RateChanges yields the rate that somebody sets through the Node API.
	RateChanges() <-chan RateChange
}

// RateChange is what somebody wants of the rate of a transfer. Zero values change nothing.
type RateChange struct {
	TargetKbps int64
	// MinKbps, if not nil, is the least rate; 0 is none.
	MinKbps *int64
	Policy  string
}

// Same reports whether two changes ask for the same.
func (c RateChange) Same(o RateChange) bool {
	same := c.MinKbps == nil && o.MinKbps == nil || c.MinKbps != nil && o.MinKbps != nil && *c.MinKbps == *o.MinKbps
	return same && c.TargetKbps == o.TargetKbps && c.Policy == o.Policy
}
