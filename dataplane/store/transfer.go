// Package store is the state of the transfer node in its MariaDB: access keys, file ids, transfers and their sessions.
//
// Every node of a DaemonSet shares one database, so any of them answers any question about any transfer. The package owns
// the schema and keeps it current. It knows nothing of HTTP or of file data.
package store

import (
	"encoding/json"
	"time"

	"faspex.io/operator/dataplane/transferspec"
)

// Status of a transfer or a session, with the words of the Node API.
type Status string

// The states that the node itself produces.
const (
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
