package api

// NotificationSettings is what an account is told of by mail.
type NotificationSettings struct {
	ReceivedCCNotificationUsers   []Notified `json:"received_cc_notification_users"`
	AllowReceiptCCEdit            bool       `json:"allow_receipt_cc_edit"`
	NotifyOnPkgReceive            bool       `json:"notify_on_pkg_receive"`
	NotifyOnPkgDownload           bool       `json:"notify_on_pkg_download"`
	NotifyOnWorkgroupSentPackages bool       `json:"notify_on_workgroup_sent_packages"`
	UploadNotificationUsers       []Notified `json:"upload_notification_users"`
	DownloadNotificationUsers     []Notified `json:"download_notification_users"`
}

// NotificationSettingsChange changes what is set and leaves the rest.
type NotificationSettingsChange struct {
	NotifyOnPkgReceive            *bool           `json:"notify_on_pkg_receive,omitempty"`
	NotifyOnPkgDownload           *bool           `json:"notify_on_pkg_download,omitempty"`
	NotifyOnWorkgroupSentPackages *bool           `json:"notify_on_workgroup_sent_packages,omitempty"`
	UploadNotificationUsers       []RecipientName `json:"upload_notification_users,omitempty" nullable:"true" maxItems:"100"`
	DownloadNotificationUsers     []RecipientName `json:"download_notification_users,omitempty" nullable:"true" maxItems:"100"`
}
