package api

// RemoteTransferStatus is how a transfer from a shared folder fares.
type RemoteTransferStatus struct {
	User             string `json:"user"`
	TransferID       string `json:"transfer_id" doc:"empty when no node took the transfer"`
	BytesTransferred int64  `json:"bytes_transferred"`
	Percentage       int64  `json:"percentage"`
	Status           string `json:"status" doc:"the upload status of the package"`
	StartTime        string `json:"start_time"`
	StopTime         string `json:"stop_time"`
	Direction        string `json:"direction" enum:"send"`
	ErrorDesc        string `json:"error_desc" doc:"why it failed"`
}

// FolderReader names an account that may take files from a limited storage location.
type FolderReader struct {
	UserID ID `json:"user_id" required:"true"`
}
