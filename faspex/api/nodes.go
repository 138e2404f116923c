// Package api is the wire of the Faspex API v5: its objects by their published names and types. Server and client
// share it. It holds no behaviour.
package api

// Node is a transfer server as the API shows it; the password is never shown.
type Node struct {
	ID                             string  `json:"id"`
	Name                           string  `json:"name"`
	Host                           string  `json:"host"`
	APIPort                        int     `json:"api_port"`
	APIUsername                    string  `json:"api_username"`
	UseSSL                         bool    `json:"use_ssl"`
	VerifySSL                      bool    `json:"verify_ssl"`
	PublicKey                      *string `json:"public_key" doc:"PEM certificates to verify the node by; null means the system's roots"`
	NodeType                       string  `json:"node_type" enum:"gen4_node,gen4_cluster"`
	StorageType                    string  `json:"storage_type" enum:"default,amazon_s3,windows_azure,google_gcs"`
	BrowserAddressMatch            string  `json:"browser_address_match"`
	RequesterAddressMatch          string  `json:"requester_address_match"`
	EnableSecondaryTransferAddress bool    `json:"enable_secondary_transfer_address"`
	PrimaryTransferAddress         string  `json:"primary_transfer_address"`
	SecondaryTransferAddress       string  `json:"secondary_transfer_address"`
	ConnectionTimeout              int     `json:"connection_timeout" doc:"seconds"`
	PaginationBrowsing             bool    `json:"pagination_browsing"`
	Status                         string  `json:"status" enum:"queued,working,failed,completed,disabled,initiated"`
	StatusMessage                  string  `json:"status_message,omitempty" doc:"why the last call that was asked for failed"`
	// How much there is of the storage, in bytes, and why that is not known.
	StorageFree  *int64 `json:"storage_free,omitempty" doc:"of one node, with expand=true"`
	StorageUsed  *int64 `json:"storage_used,omitempty"`
	StorageTotal *int64 `json:"storage_total,omitempty"`
	StorageError string `json:"storage_error,omitempty" doc:"why the space is not known"`
	// SharedFolders are the node's storage locations.
	SharedFolders []SharedFolder `json:"shared_folders,omitempty" doc:"only with expand=true"`
}

// NodeChange is the body that creates (POST) or changes (PUT) a node; nil leaves a field as it is.
// Creating needs the fields marked *.
type NodeChange struct {
	Name                           *string `json:"name,omitempty" minLength:"1" maxLength:"255"`         // *
	Host                           *string `json:"host,omitempty" minLength:"1" maxLength:"255"`         // *
	APIPort                        *int    `json:"api_port,omitempty" minimum:"1" maximum:"65535"`       // *
	APIUsername                    *string `json:"api_username,omitempty" minLength:"1" maxLength:"255"` // *
	APIPassword                    *string `json:"api_password,omitempty" minLength:"1" maxLength:"512"` // *
	UseSSL                         *bool   `json:"use_ssl,omitempty"`                                    // *
	VerifySSL                      *bool   `json:"verify_ssl,omitempty"`                                 // *
	NodeType                       *string `json:"node_type,omitempty" enum:"gen4_node,gen4_cluster"`    // *
	PublicKey                      *string `json:"public_key,omitempty" maxLength:"60000" nullable:"true" doc:"PEM certificates to verify the node by; empty means the system's roots"`
	StorageType                    *string `json:"storage_type,omitempty" enum:"default,amazon_s3,windows_azure,google_gcs"`
	BrowserAddressMatch            *string `json:"browser_address_match,omitempty" maxLength:"255"`
	RequesterAddressMatch          *string `json:"requester_address_match,omitempty" maxLength:"255"`
	EnableSecondaryTransferAddress *bool   `json:"enable_secondary_transfer_address,omitempty"`
	PrimaryTransferAddress         *string `json:"primary_transfer_address,omitempty" maxLength:"255"`
	SecondaryTransferAddress       *string `json:"secondary_transfer_address,omitempty" maxLength:"255"`
	ConnectionTimeout              *int    `json:"connection_timeout,omitempty" minimum:"1" maximum:"600"`
	PaginationBrowsing             *bool   `json:"pagination_browsing,omitempty"`
	// Test asks that the node be called before it is stored; a node that does not answer is refused then.
	Test *bool `json:"test,omitempty"`
	// ProceedAnyway is an addition of this implementation.
	ProceedAnyway *bool `json:"proceed_anyway,omitempty" doc:"with test: a node that does not answer is stored nevertheless, with the status failed"`
}

// NodeTest is what calling a node found out. Nothing of it is stored.
type NodeTest struct {
	Status        string       `json:"status" enum:"completed,failed"`
	StatusMessage string       `json:"status_message" doc:"why the node was not reached; empty when it was"`
	Certificate   *Certificate `json:"certificate,omitempty" doc:"absent without TLS, or when nothing answered"`
}

// Certificate is what a node shows of itself.
type Certificate struct {
	Fingerprint string   `json:"fingerprint" doc:"SHA-256 of the certificate: 32 pairs of hexadecimal digits with colons between them"`
	Subject     string   `json:"subject"`
	Issuer      string   `json:"issuer"`
	Names       []string `json:"names" doc:"host names and addresses that it holds for"`
	NotBefore   string   `json:"not_before"`
	NotAfter    string   `json:"not_after"`
	Trusted     bool     `json:"trusted" doc:"whether public_key of the node, or without one the system's roots, vouch for it and for the host's name"`
	PEM         string   `json:"pem" doc:"the certificate, to be stored as public_key of the node"`
}

// DirectoryCreate names a folder of a node.
type DirectoryCreate struct {
	Path string `json:"path" required:"true" minLength:"1" maxLength:"1024" doc:"from the top of the node's storage"`
}

// SharedFolder is a storage location: a directory of a node.
type SharedFolder struct {
	ID                            string `json:"id"`
	NodeID                        string `json:"node_id"`
	Name                          string `json:"name"`
	DefaultInbox                  bool   `json:"default_inbox"`
	Directory                     string `json:"directory,omitempty" doc:"for admins only"`
	EnableCloudReferencing        bool   `json:"enable_cloud_referencing"`
	EnableLinking                 bool   `json:"enable_linking"`
	KbpsInitialTargetDownloadRate int    `json:"kbps_initial_target_download_rate"`
	KbpsInitialTargetUploadRate   int    `json:"kbps_initial_target_upload_rate"`
	KbpsMaxTargetDownloadRate     int    `json:"kbps_max_target_download_rate"`
	KbpsMaxTargetUploadRate       int    `json:"kbps_max_target_upload_rate"`
	LockMinratePolicy             bool   `json:"lock_minrate_policy"`
	OverrideTransferParameters    bool   `json:"override_transfer_parameters"`
	RelayIncomingBandwidth        int    `json:"relay_incoming_bandwidth"`
	RelayOutgoingBandwidth        int    `json:"relay_outgoing_bandwidth"`
	ReadPermission                string `json:"read_permission" enum:"private,public,limited"`
	IsCustomInbox                 bool   `json:"is_custom_inbox"`
	PaginationBrowsing            bool   `json:"pagination_browsing"`
	Readable                      bool   `json:"readable" doc:"whether the caller may send files that lie here"`
}

// SharedFolderChange is the body that creates or changes a shared folder; nil leaves a field as it is. Creating needs
// name and directory. DefaultInbox true takes the mark from the folder that has it.
type SharedFolderChange struct {
	Name                          *string `json:"name,omitempty" minLength:"1" maxLength:"255"`
	Directory                     *string `json:"directory,omitempty" minLength:"1" maxLength:"1024"`
	DefaultInbox                  *bool   `json:"default_inbox,omitempty"`
	EnableCloudReferencing        *bool   `json:"enable_cloud_referencing,omitempty"`
	EnableLinking                 *bool   `json:"enable_linking,omitempty"`
	KbpsInitialTargetDownloadRate *int    `json:"kbps_initial_target_download_rate,omitempty" minimum:"0"`
	KbpsInitialTargetUploadRate   *int    `json:"kbps_initial_target_upload_rate,omitempty" minimum:"0"`
	KbpsMaxTargetDownloadRate     *int    `json:"kbps_max_target_download_rate,omitempty" minimum:"0"`
	KbpsMaxTargetUploadRate       *int    `json:"kbps_max_target_upload_rate,omitempty" minimum:"0"`
	LockMinratePolicy             *bool   `json:"lock_minrate_policy,omitempty"`
	OverrideTransferParameters    *bool   `json:"override_transfer_parameters,omitempty"`
	RelayIncomingBandwidth        *int    `json:"relay_incoming_bandwidth,omitempty" minimum:"0"`
	RelayOutgoingBandwidth        *int    `json:"relay_outgoing_bandwidth,omitempty" minimum:"0"`
	ReadPermission                *string `json:"read_permission,omitempty" enum:"private,public,limited"`
	// Test asks that the directory be looked at on the node before it is stored.
	Test *bool `json:"test,omitempty"`
}

// Entry is a file, folder or link on a node.
type Entry struct {
	Path        string       `json:"path"`
	Basename    string       `json:"basename"`
	Type        string       `json:"type" enum:"file,directory,symbolic_link"`
	Size        string       `json:"size"`
	Mtime       string       `json:"mtime"`
	Permissions []Permission `json:"permissions"`
}

// Permission is something the caller may do with an entry.
type Permission struct {
	Name string `json:"name" enum:"view,edit,delete"`
}

// BrowseRequest lists a directory.
type BrowseRequest struct {
	Path           string        `json:"path,omitempty" doc:"directory to list; / is the top"`
	CaseSensitive  bool          `json:"case_sensitive,omitempty"`
	Sort           string        `json:"sort,omitempty" enum:"path,type,size_a,size_d,mtime_a,mtime_d"`
	IterationToken string        `json:"iteration_token,omitempty"`
	Filters        BrowseFilters `json:"filters,omitempty"`
}

// BrowseFilters narrow a listing.
type BrowseFilters struct {
	Basenames []string `json:"basenames,omitempty" nullable:"true"`
	Types     []string `json:"types,omitempty" nullable:"true"`
}

// Listing is the answer to a BrowseRequest.
type Listing struct {
	Self       []Entry `json:"self,omitempty"`
	Items      []Entry `json:"items"`
	ItemCount  int     `json:"item_count"`
	TotalCount int     `json:"total_count"`
}
