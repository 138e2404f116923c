// Package transferspec is the transfer spec: the JSON object by which a server tells a client how to run one transfer.
//
// Names and types are those that existing clients read and write; a client refuses a wrong JSON type, so integers are
// integers and booleans are booleans. The package knows the shape alone: it neither validates paths nor looks into
// tokens.
package transferspec

import "encoding/json"

// Direction of a transfer as the client sees it.
type Direction string

// The two directions: Send uploads to the server, Receive downloads from it.
const (
	Send    Direction = "send"
	Receive Direction = "receive"
)

// Valid reports whether d is one of the two directions.
func (d Direction) Valid() bool { return d == Send || d == Receive }

// Path is one file or folder of a transfer. Destination is set on all paths of a spec or on none.
type Path struct {
	Source      string `json:"source,omitempty"`
	Destination string `json:"destination,omitempty"`
}

// Spec describes one transfer. Rates are in kilobits per second, ports are TCP or UDP port numbers.
type Spec struct {
	Direction       Direction `json:"direction,omitempty"`
	RemoteHost      string    `json:"remote_host,omitempty"`
	RemoteUser      string    `json:"remote_user,omitempty"`
	RemotePassword  string    `json:"remote_password,omitempty"`
	RemoteAccessKey string    `json:"remote_access_key,omitempty"`
	SSHPort         int       `json:"ssh_port,omitempty"`
	FASPPort        int       `json:"fasp_port,omitempty"`
	SSHFP           string    `json:"sshfp,omitempty"`
	SSHPrivateKey   string    `json:"ssh_private_key,omitempty"`
	// Of a key in a file of the client, and of either key.
	SSHPrivateKeyPath       string          `json:"ssh_private_key_path,omitempty"`
	SSHPrivateKeyPassphrase string          `json:"ssh_private_key_passphrase,omitempty"`
	Authentication          string          `json:"authentication,omitempty"`
	Token                   string          `json:"token,omitempty"`
	Cookie                  string          `json:"cookie,omitempty"`
	Tags                    json.RawMessage `json:"tags,omitempty"`
	Tags64                  string          `json:"tags64,omitempty"` // base64 of tags
	Title                   string          `json:"title,omitempty"`

	SourceRoot        string `json:"source_root,omitempty"`
	SourceRootID      string `json:"source_root_id,omitempty"`
	SourceBase        string `json:"src_base,omitempty"` // the part of sources that is not repeated at the destination
	SourceBase64      string `json:"src_base64,omitempty"`
	DestinationRoot   string `json:"destination_root,omitempty"`
	DestinationRootID string `json:"destination_root_id,omitempty"`
	Paths             []Path `json:"paths,omitempty"`

	Cipher                    string `json:"cipher,omitempty"`
	CipherAllowed             string `json:"cipher_allowed,omitempty"`
	ContentProtection         string `json:"content_protection,omitempty"`
	ContentProtectionPassword string `json:"content_protection_password,omitempty"`
	FailBadFilePass           bool   `json:"fail_bad_filepass,omitempty"`
	// ObfuscateFileNames has files and folders sent under names that tell nothing; they follow from ObfuscationKey
	// (package mask), an addition of this implementation.
	ObfuscateFileNames bool   `json:"obfuscate_file_names,omitempty"`
	ObfuscationKey     string `json:"obfuscation_key,omitempty"`

	RatePolicy        string `json:"rate_policy,omitempty"`
	RatePolicyAllowed string `json:"rate_policy_allowed,omitempty"`
	TargetRateKbps    int64  `json:"target_rate_kbps,omitempty"`
	// TargetRatePercentage is a share of the highest rate that the server allows.
	TargetRatePercentage string `json:"target_rate_percentage,omitempty"`
	TargetRateCapKbps    int64  `json:"target_rate_cap_kbps,omitempty"`
	MinRateKbps          int64  `json:"min_rate_kbps,omitempty"`
	MinRateCapKbps       int64  `json:"min_rate_cap_kbps,omitempty"`
	LockRatePolicy       bool   `json:"lock_rate_policy,omitempty"`
	LockTargetRate       bool   `json:"lock_target_rate_kbps,omitempty"`
	LockMinRate          bool   `json:"lock_min_rate_kbps,omitempty"`
	DatagramSize         int    `json:"dgram_size,omitempty"`

	CreateDir                  bool   `json:"create_dir,omitempty"`
	Overwrite                  string `json:"overwrite,omitempty"`
	ResumePolicy               string `json:"resume_policy,omitempty"`
	SymlinkPolicy              string `json:"symlink_policy,omitempty"`
	FileChecksum               string `json:"file_checksum,omitempty"`
	PreserveTimes              bool   `json:"preserve_times,omitempty"`
	PreserveModificationTime   bool   `json:"preserve_modification_time,omitempty"`
	PreserveAccessTime         bool   `json:"preserve_access_time,omitempty"`
	PreserveFileOwnerUID       bool   `json:"preserve_file_owner_uid,omitempty"`
	PreserveFileOwnerGID       bool   `json:"preserve_file_owner_gid,omitempty"`
	SkipSpecialFiles           bool   `json:"skip_special_files,omitempty"`
	RemoveAfterTransfer        bool   `json:"remove_after_transfer,omitempty"`
	RemoveEmptyDirectories     bool   `json:"remove_empty_directories,omitempty"`
	RemoveEmptySourceDirectory bool   `json:"remove_empty_source_directory,omitempty"`
	RemoveSkipped              bool   `json:"remove_skipped,omitempty"`
	// DeleteSource is the three RemoveAfterTransfer, RemoveEmptyDirectories and RemoveEmptySourceDirectory.
	DeleteSource bool `json:"delete_source,omitempty"`
	// MoveAfterTransfer is a folder of the sender that sources are moved into.
	MoveAfterTransfer     string `json:"move_after_transfer,omitempty"`
	Keepalive             bool   `json:"keepalive,omitempty"`
	SaveBeforeOverwrite   bool   `json:"save_before_overwrite,omitempty"`
	DeleteBeforeTransfer  bool   `json:"delete_before_transfer,omitempty"`
	ExcludeNewerThan      string `json:"exclude_newer_than,omitempty"`
	ExcludeOlderThan      string `json:"exclude_older_than,omitempty"`
	PrecalculateJobSize   *bool  `json:"precalculate_job_size,omitempty"`
	MultiSession          int    `json:"multi_session,omitempty"`
	MultiSessionThreshold int64  `json:"multi_session_threshold,omitempty"`

	// The policies for attributes are none or native; metafile is none of this implementation.
	PreserveExtendedAttrs       string `json:"preserve_extended_attrs,omitempty"`
	PreserveRemoteExtendedAttrs string `json:"preserve_remote_extended_attrs,omitempty"`
	PreserveACLs                string `json:"preserve_acls,omitempty"`
	PreserveRemoteACLs          string `json:"preserve_remote_acls,omitempty"`

	HTTPFallback      *bool `json:"http_fallback,omitempty"`
	HTTPFallbackPort  int   `json:"http_fallback_port,omitempty"`
	HTTPSFallbackPort int   `json:"https_fallback_port,omitempty"`
	WSSEnabled        bool  `json:"wss_enabled,omitempty"`
	WSSPort           int   `json:"wss_port,omitempty"`
	// WSSCertAuthPath is a file of the client with the certificates to trust.
	WSSCertAuthPath string `json:"wss_cert_auth_path,omitempty"`
}
