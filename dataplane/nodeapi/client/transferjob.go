package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"faspex.io/operator/dataplane/transferspec"
)

// TransferJob asks a node to make a transfer with another, the remote. Direction is as this node sees it: it sends to
// the remote or receives from it.
type TransferJob struct {
	Direction  transferspec.Direction `json:"direction"`
	RemoteHost string                 `json:"remote_host"`
	RemoteUser string                 `json:"remote_user,omitempty"`
	TransferJobSecrets
	// RemoteAccessKey is the access key that the token of the remote belongs to.
	RemoteAccessKey string `json:"remote_access_key,omitempty"`
	// SourceRoot and SourceRootID are the folder of the sources, at this node when it sends; DestinationRoot and
	// DestinationRootID that of the destinations, at the other one.
	SourceRoot        string              `json:"source_root,omitempty"`
	SourceRootID      string              `json:"source_root_id,omitempty"`
	DestinationRoot   string              `json:"destination_root,omitempty"`
	DestinationRootID string              `json:"destination_root_id,omitempty"`
	Paths             []transferspec.Path `json:"paths"`
	SourceBase        string              `json:"src_base,omitempty"`
	SSHPort           int                 `json:"ssh_port,omitempty"`
	FASPPort          int                 `json:"fasp_port,omitempty"`
	// SSHFP is the fingerprint of the remote's SSH host key.
	SSHFP      string          `json:"sshfp,omitempty"`
	WSSEnabled bool            `json:"wss_enabled,omitempty"`
	WSSPort    int             `json:"wss_port,omitempty"`
	Cookie     string          `json:"cookie,omitempty"`
	Tags       json.RawMessage `json:"tags,omitempty"`
	Title      string          `json:"title,omitempty"`

	Cipher            string `json:"cipher,omitempty"`
	RatePolicy        string `json:"rate_policy,omitempty"`
	TargetRateKbps    int64  `json:"target_rate_kbps,omitempty"`
	TargetRateCapKbps int64  `json:"target_rate_cap_kbps,omitempty"`
	MinRateKbps       int64  `json:"min_rate_kbps,omitempty"`
	DatagramSize      int    `json:"dgram_size,omitempty"`

	Overwrite     string `json:"overwrite,omitempty"`
	ResumePolicy  string `json:"resume_policy,omitempty"`
	SymlinkPolicy string `json:"symlink_policy,omitempty"`
	// CreateDir makes folders of the destination that are missing; absent it is true.
	CreateDir            *bool       `json:"create_dir,omitempty"`
	DeleteBeforeTransfer bool        `json:"delete_before_transfer,omitempty"`
	PreserveTimes        bool        `json:"preserve_times,omitempty"`
	PreserveModTime      bool        `json:"preserve_modification_time,omitempty"`
	PreserveAccessTime   bool        `json:"preserve_access_time,omitempty"`
	FileChecksum         string      `json:"file_checksum,omitempty"`
	Filters              []JobFilter `json:"filters,omitempty"`
}

// TransferJobSecrets are what a job logs in with at the remote. They are never answered.
type TransferJobSecrets struct {
	Token                   string `json:"token,omitempty"`
	RemotePassword          string `json:"remote_password,omitempty"`
	Password                string `json:"password,omitempty"`
	SSHPrivateKey           string `json:"ssh_private_key,omitempty"`
	SSHPrivateKeyPassphrase string `json:"ssh_private_key_passphrase,omitempty"`
}

// JobFilter leaves out, or lets in, what matches a pattern.
type JobFilter struct {
	Include string `json:"include,omitempty"`
	Exclude string `json:"exclude,omitempty"`
}

// TransferJobAnswer is what a node says of a job that it was asked for.
type TransferJobAnswer struct {
	ID string `json:"id"`
	TransferJob
}

// StartTransfer asks the node for a transfer, which is followed by its id.
func (c *Client) StartTransfer(ctx context.Context, job TransferJob) (TransferJobAnswer, error) {
	var out TransferJobAnswer
	_, err := c.do(ctx, call{method: http.MethodPost, path: "/ops/transfers", body: job, out: &out})
	return out, err
}

// DeleteTransfer removes the record of a transfer that has ended; one that has not is an IsConflict error.
func (c *Client) DeleteTransfer(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: "/ops/transfers/" + url.PathEscape(id)})
	return err
}
