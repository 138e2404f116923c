package api

import "encoding/json"

// PackageCreate is the body of POST packages.
type PackageCreate struct {
	Title               string                     `json:"title" required:"true" minLength:"1" maxLength:"255"`
	Recipients          []RecipientName            `json:"recipients" required:"true" minItems:"1" maxItems:"1000"`
	PrivateRecipients   []RecipientName            `json:"private_recipients,omitempty" nullable:"true" maxItems:"1000"`
	Note                string                     `json:"note,omitempty" maxLength:"16000"`
	Metadata            map[string]json.RawMessage `json:"metadata,omitempty" nullable:"true"`
	NotifiedOnUpload    []RecipientName            `json:"notified_on_upload,omitempty" nullable:"true" maxItems:"1000"`
	NotifiedOnDownload  []RecipientName            `json:"notified_on_download,omitempty" nullable:"true" maxItems:"1000"`
	NotifiedOnReceipt   []RecipientName            `json:"notified_on_receipt,omitempty" nullable:"true" maxItems:"1000"`
	DownloadLimit       *int                       `json:"download_limit,omitempty" minimum:"1" nullable:"true"`
	EARenabled          bool                       `json:"ear_enabled,omitempty"`
	ObfuscationEnabled  bool                       `json:"obfuscation_enabled,omitempty"`
	PreventHTTPDownload bool                       `json:"prevent_http_download,omitempty"`
	// SkipMetadataValidation counts for admins, and for whoever forwards.
	SkipMetadataValidation bool    `json:"skip_metadata_validation,omitempty"`
	ExpirationPolicy       string  `json:"expiration_policy,omitempty" enum:"none,delete_after_any_download,delete_after_all_download,delete_after_expiration_date"`
	ExpirationDate         *string `json:"expiration_date,omitempty" nullable:"true"`
	ReleasePolicy          string  `json:"release_policy,omitempty" enum:"now,on_date,later"`
	ReleaseDate            *string `json:"release_date,omitempty" nullable:"true"`
}

// PackageChange is the body of PUT packages/{id}; nil leaves a field as it is.
type PackageChange struct {
	ReleasePolicy    *string `json:"release_policy,omitempty" enum:"now,on_date,later"`
	ReleaseDate      *string `json:"release_date,omitempty" nullable:"true"`
	ExpirationPolicy *string `json:"expiration_policy,omitempty" enum:"none,delete_after_any_download,delete_after_all_download,delete_after_expiration_date"`
	ExpirationDate   *string `json:"expiration_date,omitempty" nullable:"true"`
}

// RecipientName names someone: by login name or e-mail address.
type RecipientName struct {
	ID            ID     `json:"id,omitempty"`
	Name          string `json:"name,omitempty"`
	RecipientType string `json:"recipient_type,omitempty" doc:"user, external_user, workgroup, shared_inbox or distribution_list"`
}

// Package is a package as one viewer sees it.
type Package struct {
	ID                            string                     `json:"id"`
	Title                         string                     `json:"title"`
	Note                          string                     `json:"note"`
	Sender                        Account                    `json:"sender"`
	Recipients                    []Recipient                `json:"recipients"`
	PrivateRecipients             []Recipient                `json:"private_recipients" doc:"empty for everyone but the sender and admins"`
	State                         string                     `json:"state" enum:"held,released,expired,deleted,transient_held_to_released_start,transient_held_to_released_routing_packages,transient_held_to_released_finish,transient_held_to_expired,transient_held_to_deleted,transient_released_to_expired,transient_released_to_deleted,transient_expired_to_deleted,file_processing_failed,file_processing_timeout,transient_file_processing_needed,transient_file_processing,transient_file_processing_needed_to_deleted,transient_file_processing_to_deleted,transient_file_processing_failed_to_deleted,transient_file_processing_timeout_to_deleted"`
	UploadStatus                  string                     `json:"upload_status" enum:"submitted,queued,transferring,paused,stopped,timed_out,will_retry,error,failed,completed,pre_initiation"`
	Status                        string                     `json:"status" enum:"starting,uploading,transferring,paused,failed,pre_initiation,uploaded_for_processing,processing,checking_relays,relaying,completed,expiring,expired,deleting,deleted,unknown,uploaded_for_file_processing,file_processing_failed,file_processing_timed_out" doc:"what people are shown"`
	Type                          string                     `json:"type,omitempty" doc:"the mailbox it was listed from"`
	ReleasePolicy                 string                     `json:"release_policy" enum:"now,on_date,later"`
	ReleaseDate                   *string                    `json:"release_date" doc:"when it was or will be released; null when that is not known"`
	ExpirationPolicy              string                     `json:"expiration_policy" enum:"none,delete_after_any_download,delete_after_all_download,delete_after_expiration_date"`
	ExpirationDate                *string                    `json:"expiration_date"`
	PreventHTTPDownload           bool                       `json:"prevent_http_download"`
	Archived                      bool                       `json:"archived"`
	ObfuscationEnabled            bool                       `json:"obfuscation_enabled"`
	EARenabled                    bool                       `json:"ear_enabled"`
	DownloadLimit                 *int64                     `json:"download_limit"`
	Metadata                      map[string]json.RawMessage `json:"metadata"`
	NotifiedOnUpload              []Notified                 `json:"notified_on_upload"`
	NotifiedOnDownload            []Notified                 `json:"notified_on_download"`
	NotifiedOnReceipt             []Notified                 `json:"notified_on_receipt"`
	TotalBytes                    int64                      `json:"total_bytes"`
	TotalFiles                    int64                      `json:"total_files"`
	Message                       string                     `json:"message,omitempty"`
	ErrorDesc                     string                     `json:"error_desc"`
	RecalculationNeeded           bool                       `json:"recalculation_needed"`
	RecalculationInProgress       bool                       `json:"recalculation_in_progress"`
	CompletedDownloadCount        int                        `json:"completed_download_count"`
	ActiveDownloadCount           int                        `json:"active_download_count"`
	CompletedPartialDownloadCount int                        `json:"completed_partial_download_count"`
	Downloaders                   []Downloader               `json:"downloaders"`
	ActiveDownloaders             []Downloader               `json:"active_downloaders"`
	DownloadAvailability          string                     `json:"download_availability" enum:"full,partial,not_available"`
	FilesOnServer                 string                     `json:"files_on_server,omitempty" enum:"true,false" doc:"of a released package: false when its files are gone from their node"`
	FileProcessingStatus          string                     `json:"file_processing_status" enum:"no_processing_performed,processing,processing_completed,processing_failed,processing_timeout"`
	FileProcessingReqd            bool                       `json:"file_processing_reqd"`
	PackageUUID                   string                     `json:"package_uuid"`
	CreatedTime                   string                     `json:"created_time"`
	LastModified                  string                     `json:"last_modified"`
	UploadCompletionTime          *string                    `json:"upload_completion_time"`
	StorageLocations              []StorageLocation          `json:"storage_locations"`
	PaginationBrowsing            bool                       `json:"pagination_browsing"`
	Sides                         []string                   `json:"sides" enum:"sent,received" doc:"how the package belongs to the caller; none for an admin who looks at others' packages"`
	Actions                       []string                   `json:"actions" enum:"upload,upload_from_folder,download,download_files,remove_from_my_list,delete_for_everyone,release,change_release,change_expiration,forward,archive_for_all" doc:"what the caller may do with the package now"`
	RecipientsAffected            int                        `json:"recipients_affected" doc:"how many others lose the package when it is deleted for everyone; 0 for one who may not do that"`
}

// Notified is someone who is told of what happens to a package, as the sender named them.
type Notified struct {
	ID            string `json:"id,omitempty"`
	Name          string `json:"name"`
	RecipientType string `json:"recipient_type,omitempty"`
}

// Recipient is one person a package went to.
type Recipient struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	FirstName     string `json:"first_name"`
	LastName      string `json:"last_name"`
	Email         string `json:"email"`
	RecipientType string `json:"recipient_type" enum:"workgroup,shared_inbox,user"`
	Status        string `json:"status" enum:"active,inactive,deleted"`
	Archived      bool   `json:"archived"`
}

// Downloader is someone who downloaded a package or does so now.
type Downloader struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Email     string `json:"email"`
	Count     int    `json:"count,omitempty"`
}

// StorageLocation tells in which shared folder a recipient's copy lies.
type StorageLocation struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	RecipientType string `json:"recipient_type"`
	ShareID       string `json:"share_id"`
	Archived      bool   `json:"archived"`
}

// UploadDetails is the progress of an upload; numbers are decimal text, times RFC 3339.
type UploadDetails struct {
	UploadStatus       string `json:"upload_status" enum:"submitted,queued,transferring,paused,stopped,timed_out,will_retry,error,failed,completed,pre_initiation"`
	StartTime          string `json:"start_time"`
	CompletionTime     string `json:"completion_time"`
	PercentageComplete string `json:"percentage_complete"`
	TimeRemaining      string `json:"time_remaining" doc:"seconds"`
	BytesWritten       string `json:"bytes_written"`
	BytesTotal         string `json:"bytes_total"`
	TimeElapsed        string `json:"time_elapsed" doc:"seconds"`
	AverageRate        string `json:"average_rate" doc:"kilobits per second"`
}

// UploadPaths is the body of POST packages/{id}/transfer_spec/upload: what the sender is about to send, for the record.
type UploadPaths struct {
	Paths []PathOrText `json:"paths,omitempty" nullable:"true"`
}

// DownloadPaths is the body of POST packages/{id}/transfer_spec/download; no path means the whole package.
type DownloadPaths struct {
	Paths []PathOrText `json:"paths,omitempty" nullable:"true"`
}

// DownloadTicket is an address from which a browser downloads, once. The call is an addition of this implementation.
type DownloadTicket struct {
	URL       string `json:"url" doc:"path at the same origin"`
	ExpiresAt string `json:"expires_at"`
	Name      string `json:"name" doc:"of the file that is saved"`
	Zip       bool   `json:"zip"`
	Type      string `json:"type" enum:"file,zip" doc:"file: a single file as it is; zip: several, or a folder"`
}

// IDs is the body of a DELETE on a collection.
type IDs struct {
	IDs []ID `json:"ids,omitempty" nullable:"true"`
}

// DownloadDetails tells who downloaded a package.
type DownloadDetails struct {
	TotalCount int `json:"total_count"`
	Offset     int `json:"offset"`
	Limit      int `json:"limit"`

	Full   []Downloader       `json:"full_downloads"`
	Parts  []Downloader       `json:"partial_downloads"`
	Active []ActiveDownloader `json:"active_downloads"`
	All    []Download         `json:"all_downloads" doc:"every download, oldest first: total_count, offset and limit are about these"`
}

// ActiveDownloader is somebody who downloads a package now.
type ActiveDownloader struct {
	Downloader
	ProgressPercentageComplete string `json:"progress_percentage_complete"`
}

// Download is one download of a package.
type Download struct {
	Downloader
	IP    string `json:"ip"`
	Start string `json:"start" doc:"RFC 3339; empty when it has not started"`
	Stop  string `json:"stop" doc:"RFC 3339; empty while it goes on"`
	Type  string `json:"type" enum:"full,partial"`
}

// PurgedPackages tells how many records of packages were purged.
type PurgedPackages struct {
	NumberOfDeletedPackages int `json:"number_of_deleted_packages"`
}

// OldPackages tells how many packages are older than a number of days, and how large they are.
type OldPackages struct {
	Packages int   `json:"packages"`
	Bytes    int64 `json:"bytes"`
}
