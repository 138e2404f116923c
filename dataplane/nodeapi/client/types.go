package client

import (
	"encoding/json"
	"time"

	"faspex.io/operator/dataplane/transferspec"
)

// Info is what a node says about itself.
type Info struct {
	Application  string         `json:"application"`
	Version      string         `json:"version"`
	CurrentTime  time.Time      `json:"current_time"`
	TransferUser string         `json:"transfer_user"`
	Docroot      string         `json:"docroot"`
	NodeID       string         `json:"node_id"`
	ClusterID    string         `json:"cluster_id"`
	OS           string         `json:"os"`
	ACLs         []string       `json:"acls"`
	Capabilities []NameAndValue `json:"capabilities"`
	Settings     []NameAndValue `json:"settings"`
}

// NameAndValue is a setting or a capability. Value is a bool, an int or a string, as JSON has it: clients
// take no text for a truth value.
type NameAndValue struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// AccessKey opens one folder of the storage. Secret is sent to the node and comes back only from Create.
type AccessKey struct {
	ID                   string          `json:"id,omitempty"`
	Secret               string          `json:"secret,omitempty"`
	RootFileID           string          `json:"root_file_id,omitempty"`
	TokenVerificationKey string          `json:"token_verification_key,omitempty"`
	Storage              *Storage        `json:"storage,omitempty"`
	Configuration        json.RawMessage `json:"configuration,omitempty"`
	// FormerSecretUntil is when a secret that was replaced ends; nil when none is good any more. The node tells it.
	FormerSecretUntil *time.Time `json:"former_secret_until,omitempty"`
}

// Storage of an access key: Type "local" and a Path beneath the docroot.
type Storage struct {
	Type string `json:"type"`
	Path string `json:"path,omitempty"`
	// The rest is of storages in an object store. Endpoint is a host, or a URL.
	Endpoint     string `json:"endpoint,omitempty"`
	Region       string `json:"region,omitempty"`
	Bucket       string `json:"bucket,omitempty"`
	StorageClass string `json:"storage_class,omitempty"`
	// ServerSideEncryption is AES256 or aws:kms.
	ServerSideEncryption string `json:"server_side_encryption,omitempty"`
	KMSKeyID             string `json:"server_side_encryption_aws_kms_key_id,omitempty"`
	// PathStyle has the bucket in the path of URLs, or in the host; without it Amazon's hosts have it there.
	PathStyle *bool `json:"path_style,omitempty"`
	// Credentials are never told.
	Credentials *StorageCredentials `json:"credentials,omitempty"`
}

// MountedStorage is a bucket that node users see as a folder at the top of the storage.
type MountedStorage struct {
	Storage *Storage `json:"storage"`
}

// StorageCredentials open a storage in an object store.
type StorageCredentials struct {
	AccessKeyID     string `json:"access_key_id"`
	SecretAccessKey string `json:"secret_access_key"`
	SessionToken    string `json:"session_token,omitempty"`
}

// AccessKeyUpdate changes what is set and leaves the rest.
//
// A new Secret ends the former at once. With FormerSecret, which is the former, and FormerSecretUntil both are good until then.
type AccessKeyUpdate struct {
	Secret               *string         `json:"secret,omitempty"`
	FormerSecret         string          `json:"former_secret,omitempty"`
	FormerSecretUntil    *time.Time      `json:"former_secret_until,omitempty"`
	TokenVerificationKey *string         `json:"token_verification_key,omitempty"`
	Storage              *Storage        `json:"storage,omitempty"`
	Configuration        json.RawMessage `json:"configuration,omitempty"`
}

// TransferRequest asks for a transfer spec. Rates are in kilobits per second; zero values take the node's own settings.
type TransferRequest struct {
	SourceRoot        string              `json:"source_root,omitempty"`
	DestinationRoot   string              `json:"destination_root,omitempty"`
	Paths             []transferspec.Path `json:"paths,omitempty"`
	TokenLifeSeconds  int64               `json:"token_life_seconds,omitempty"`
	RemoteHost        string              `json:"remote_host,omitempty"`
	Cookie            string              `json:"cookie,omitempty"`
	Tags              json.RawMessage     `json:"tags,omitempty"`
	CipherAllowed     string              `json:"cipher_allowed,omitempty"`
	ContentProtection string              `json:"content_protection,omitempty"`
	RatePolicy        string              `json:"rate_policy,omitempty"`
	RatePolicyAllowed string              `json:"rate_policy_allowed,omitempty"`
	TargetRateKbps    int64               `json:"target_rate_kbps,omitempty"`
	TargetRateCapKbps int64               `json:"target_rate_cap_kbps,omitempty"`
	MinRateKbps       int64               `json:"min_rate_kbps,omitempty"`
	Uses              *Uses               `json:"uses,omitempty"`
	// PublicKeys is one OpenSSH public key, as a text, or a list of them: the token is good only for a client that logs in
	// over SSH with one of them, and lets it log in.
	PublicKeys json.RawMessage `json:"public_keys,omitempty"`
}

// Uses limits how many tokens of one name are used. A token counts when its first session starts; when Limit tokens of
// the name were used, the node refuses the others.
type Uses struct {
	Name  string `json:"name"`
	Limit int64  `json:"limit"`
}

// Revocation has the node refuse, at the start of a session, every transfer token issued until now whose sealed tags
// hold all of Tags, and cancel its sessions that run.
type Revocation struct {
	// Tags is a JSON object, the more of it the fewer tokens it fits.
	Tags json.RawMessage `json:"tags"`
	// Direction is send, receive, or empty for both.
	Direction string `json:"direction"`
}

// TransferRequests is the body of upload_setup and download_setup.
type TransferRequests struct {
	TransferRequests []WrappedTransferRequest `json:"transfer_requests"`
}

// WrappedTransferRequest is one element of TransferRequests.
type WrappedTransferRequest struct {
	TransferRequest TransferRequest `json:"transfer_request"`
}

// TransferSpecs is the answer to TransferRequests, in the same order.
type TransferSpecs struct {
	TransferSpecs []WrappedTransferSpec `json:"transfer_specs"`
}

// WrappedTransferSpec is one element of TransferSpecs: a spec or an error.
type WrappedTransferSpec struct {
	TransferSpec *transferspec.Spec `json:"transfer_spec,omitempty"`
	Error        *ErrorBody         `json:"error,omitempty"`
}

// Transfer statuses.
const (
	StatusWaiting            = "waiting"
	StatusRunning            = "running"
	StatusCompleted          = "completed"
	StatusFailed             = "failed"
	StatusPartiallyCompleted = "partially_completed"
	StatusCanceled           = "canceled"
	StatusPaused             = "paused"
)

// Transfer is one transfer that the node serves or served. Times are microseconds since
// 1970, rates kilobits per second.
type Transfer struct {
	ID                   string    `json:"id"`
	Status               string    `json:"status"`
	StartSpec            StartSpec `json:"start_spec"`
	Sessions             []Session `json:"sessions"`
	BytesTransferred     int64     `json:"bytes_transferred"`
	BytesWritten         int64     `json:"bytes_written"`
	BytesLost            int64     `json:"bytes_lost"`
	AvgRateKbps          int64     `json:"avg_rate_kbps"`
	FilesCompleted       int64     `json:"files_completed"`
	DirectoriesCompleted int64     `json:"directories_completed"`
	StartTimeUsec        int64     `json:"start_time_usec"`
	EndTimeUsec          int64     `json:"end_time_usec"`
	ElapsedUsec          int64     `json:"elapsed_usec"`
	ErrorCode            int       `json:"error_code"`
	ErrorDesc            string    `json:"error_desc"`
	Precalc              Precalc   `json:"precalc"`
	Files                []File    `json:"files"`
}

// StartSpec is what was asked for when the transfer began. Direction is as the client sees it.
type StartSpec struct {
	Direction         string          `json:"direction"`
	Endpoint          string          `json:"endpoint,omitempty"`
	RemoteHost        string          `json:"remote_host"`
	RemoteUser        string          `json:"remote_user"`
	SSHPort           int             `json:"ssh_port,omitempty"`
	FASPPort          int             `json:"fasp_port,omitempty"`
	SourcePaths       []string        `json:"source_paths"`
	DestinationPath   string          `json:"destination_path"`
	Cookie            string          `json:"cookie"`
	Tags              json.RawMessage `json:"tags,omitempty"`
	TokenType         string          `json:"token_type,omitempty"`
	ServerTokenUserID string          `json:"server_token_user_id,omitempty"`
	ServerAccessKey   string          `json:"server_access_key,omitempty"`
	// ClientTokenUserID and ClientAccessKey are who had the node make the transfer.
	ClientTokenUserID string `json:"client_token_user_id,omitempty"`
	ClientAccessKey   string `json:"client_access_key,omitempty"`
	SourceRootID      string `json:"source_root_id,omitempty"`
	DestinationRootID string `json:"destination_root_id,omitempty"`
	Cipher            string `json:"cipher,omitempty"`
	RatePolicy        string `json:"rate_policy,omitempty"`
	TargetRateKbps    int64  `json:"target_rate_kbps"`
	MinRateKbps       int64  `json:"min_rate_kbps"`
	ResumePolicy      string `json:"resume_policy,omitempty"`
	OverwritePolicy   string `json:"overwrite_policy,omitempty"`
	CreateDir         bool   `json:"create_dir"`
	DatagramSize      int    `json:"dgram_size,omitempty"`
	// PreserveTimestamps and FileChecksumType are what the session did, for the client or for its access key, and
	// Aggressiveness is the key's.
	PreserveTimestamps bool    `json:"preserve_timestamps,omitempty"`
	FileChecksumType   string  `json:"file_checksum_type,omitempty"`
	Aggressiveness     float64 `json:"aggressiveness,omitempty"`
}

// Session is one connection of a transfer; a retry is a new session of the same transfer.
type Session struct {
	ID                   string  `json:"id"`
	Status               string  `json:"status"`
	ServerNodeID         string  `json:"server_node_id,omitempty"`
	ClientNodeID         string  `json:"client_node_id,omitempty"`
	ClientIPAddress      string  `json:"client_ip_address,omitempty"`
	ServerIPAddress      string  `json:"server_ip_address,omitempty"`
	StartTimeUsec        int64   `json:"start_time_usec"`
	EndTimeUsec          int64   `json:"end_time_usec"`
	ElapsedUsec          int64   `json:"elapsed_usec"`
	BytesTransferred     int64   `json:"bytes_transferred"`
	BytesWritten         int64   `json:"bytes_written"`
	BytesLost            int64   `json:"bytes_lost"`
	FilesCompleted       int64   `json:"files_completed"`
	FilesFailed          int64   `json:"files_failed"`
	DirectoriesCompleted int64   `json:"directories_completed"`
	TargetRateKbps       int64   `json:"target_rate_kbps"`
	MinRateKbps          int64   `json:"min_rate_kbps"`
	AvgRateKbps          int64   `json:"avg_rate_kbps"`
	NetworkDelayUsec     int64   `json:"network_delay_usec"`
	ErrorCode            int     `json:"error_code"`
	ErrorDesc            string  `json:"error_desc"`
	Precalc              Precalc `json:"precalc"`
	// SourceStatistics count the files and folders of the session.
	SourceStatistics SourceStatistics `json:"source_statistics"`
}

// SourceStatistics say what became of the files of a session: attempted are those that were sent, that failed, and those
// that the receiver had already (NoXfer).
type SourceStatistics struct {
	FilesScanCompleted int64 `json:"files_scan_completed"`
	FilesXferAttempted int64 `json:"files_xfer_attempted"`
	FilesXferFail      int64 `json:"files_xfer_fail"`
	FilesXferNoXfer    int64 `json:"files_xfer_noxfer"`
	DirsXferAttempted  int64 `json:"dirs_xfer_attempted"`
}

// Precalc is the size of a transfer as its sender announced it.
type Precalc struct {
	Enabled       bool   `json:"enabled"`
	Status        string `json:"status"`
	BytesExpected int64  `json:"bytes_expected"`
	FilesExpected int64  `json:"files_expected"`
}

// File is how one file of a transfer ended. Path is relative to the storage root.
type File struct {
	ID            string `json:"id"`
	Path          string `json:"path"`
	Status        string `json:"status"`
	Type          string `json:"type"`
	Size          int64  `json:"size"`
	StartByte     int64  `json:"start_byte"`
	BytesWritten  int64  `json:"bytes_written"`
	ChecksumType  string `json:"checksum_type"`
	Checksum      string `json:"checksum"`
	StartTimeUsec int64  `json:"start_time_usec"`
	EndTimeUsec   int64  `json:"end_time_usec"`
	ElapsedUsec   int64  `json:"elapsed_usec"`
	ErrorCode     int    `json:"error_code"`
	ErrorDesc     string `json:"error_desc"`
	SessionID     string `json:"session_id"`
}

// TransferQuery selects transfers. The zero value selects all.
type TransferQuery struct {
	// IterationToken continues after a former answer: only transfers that began or changed their status since come back.
	IterationToken string
	ActiveOnly     bool
	Count          int
	Direction      transferspec.Direction
	AccessKey      string
	// Tag selects transfers whose cookie or tags hold this text.
	Tag string
}

// TransferChange is the body of PUT /ops/transfers/{id}; zero values change nothing. Status is canceled, or, of a
// transfer that the node makes itself, paused and running.
type TransferChange struct {
	Status         string `json:"status,omitempty"`
	TargetRateKbps int64  `json:"target_rate_kbps,omitempty"`
	MinRateKbps    *int64 `json:"min_rate_kbps,omitempty"`
	RatePolicy     string `json:"rate_policy,omitempty"`
	// Sealed, if true, has the node refuse every later session of the transfer.
	Sealed *bool `json:"sealed,omitempty"`
}

// Entry is a file, folder or link of the storage, by path.
type Entry struct {
	Path        string       `json:"path"`
	Basename    string       `json:"basename"`
	Type        string       `json:"type"` // file, directory, symbolic_link
	Size        int64        `json:"size"`
	Mtime       time.Time    `json:"mtime"`
	Permissions []Permission `json:"permissions"`
	// Target is what a symbolic link leads to, if that is in the caller's folder.
	Target *Entry `json:"target,omitempty"`
}

// Permission is one thing that the caller may do with an entry: view, edit.
type Permission struct {
	Name string `json:"name"`
}

// BrowseRequest lists a folder. Sort is a field name with an optional "_d" for descending: path, size, mtime, type.
type BrowseRequest struct {
	Path    string   `json:"path"`
	Skip    int      `json:"skip,omitempty"`
	Count   int      `json:"count,omitempty"`
	Sort    string   `json:"sort,omitempty"`
	Filters *Filters `json:"filters,omitempty"`
	// CaseSensitive is whether patterns tell capital letters from small ones; nil is true.
	CaseSensitive *bool `json:"case_sensitive,omitempty"`
}

// PageRequest asks for a part of a folder in the order of names. Count is at most 10000.
type PageRequest struct {
	Path           string   `json:"path"`
	IterationToken string   `json:"iteration_token,omitempty"`
	Count          int      `json:"count,omitempty"`
	Filters        *Filters `json:"filters,omitempty"`
}

// Page is a part of a folder. NextIterationToken is empty for the last one.
type Page struct {
	Items              []Entry     `json:"items"`
	ItemCount          int         `json:"item_count"`
	NextIterationToken string      `json:"next_iteration_token,omitempty"`
	Parameters         PageRequest `json:"parameters"`
}

// SearchRequest looks for entries beneath a folder. Depths begin with 1, for what is in the folder itself.
type SearchRequest struct {
	BrowseRequest
	DepthMin int `json:"depth_min,omitempty"`
	DepthMax int `json:"depth_max,omitempty"`
}

// SearchResult is what a search found. TotalCount is exact for what was visited, which is all if Complete.
type SearchResult struct {
	Items      []Entry          `json:"items"`
	ItemCount  int              `json:"item_count"`
	TotalCount int              `json:"total_count"`
	Parameters SearchParameters `json:"parameters"`
	Complete   bool             `json:"complete"`
	Visited    int              `json:"visited"`
	VisitLimit int              `json:"visit_limit"`
}

// SearchParameters are those that a search was made with.
type SearchParameters struct {
	Path     string `json:"path"`
	Skip     int    `json:"skip"`
	Count    int    `json:"count"`
	DepthMin int    `json:"depth_min"`
	DepthMax int    `json:"depth_max"`
}

// Usage is what a tree holds. Special are pipes, devices and the like, Failed what could not be looked at.
type Usage struct {
	Path         string `json:"path"`
	TotalSize    int64  `json:"total_size"`
	FileCount    int64  `json:"file_count"`
	DirCount     int64  `json:"dir_count"`
	LinkCount    int64  `json:"link_count"`
	SpecialCount int64  `json:"special_count"`
	FailedCount  int64  `json:"failed_count"`
}

// Filters of a listing; empty fields select all. Basenames and Paths are shell patterns of which one has to match,
// OutBasenames are those of which none may.
type Filters struct {
	Types        []string   `json:"types,omitempty"`
	Basenames    []string   `json:"basenames,omitempty"`
	OutBasenames []string   `json:"out_basenames,omitempty"`
	Paths        []string   `json:"paths,omitempty"`
	SizeMin      *int64     `json:"size_min,omitempty"`
	SizeMax      *int64     `json:"size_max,omitempty"`
	MtimeMin     *time.Time `json:"mtime_min,omitempty"`
	MtimeMax     *time.Time `json:"mtime_max,omitempty"`
}

// Listing is a folder (or a single file, in Self) and a part of its entries.
type Listing struct {
	Self       Entry   `json:"self"`
	Items      []Entry `json:"items"`
	ItemCount  int     `json:"item_count"`
	TotalCount int     `json:"total_count"`
}

// PathResult is the answer for one path of a request with several.
type PathResult struct {
	Path  string     `json:"path"`
	Error *ErrorBody `json:"error,omitempty"`
}

// Space is the size of the file system that holds Path, in bytes; all is 0 where nobody knows, as in an object store.
type Space struct {
	Path        string  `json:"path"`
	BytesTotal  int64   `json:"bytes_total"`
	BytesFree   int64   `json:"bytes_free"`
	PercentFree float64 `json:"percent_free"`
}

// Job is work that goes on after the call that asked for it. Status is waiting, running, complete, cancelled or error.
type Job struct {
	ID     string `json:"job_id"`
	Status string `json:"status"`
	// URL is where the job can be followed, by GET.
	URL string `json:"url,omitempty"`
	// Elapsed is in seconds, as a text.
	Elapsed string `json:"elapsed,omitempty"`
	Error   string `json:"error_desc,omitempty"`
	JobProgress
}

// JobProgress is what a job has done so far: how many files and folders it removed, or what it counted.
type JobProgress struct {
	Removed int64 `json:"removed,omitempty"`
	// Copied are the objects of a folder that is renamed; Whole says that all are, and that the former ones go.
	Copied int64  `json:"copied,omitempty"`
	Whole  bool   `json:"whole,omitempty"`
	Usage  *Usage `json:"usage,omitempty"`
	// Retry is of a transfer that is tried again.
	Retry *JobRetry `json:"retry,omitempty"`
}

// JobRetry says how often a transfer was tried again, and since when nothing came of it.
type JobRetry struct {
	Count int       `json:"count"`
	Since time.Time `json:"since"`
}
