package settings

import (
	"encoding/json"
	"fmt"
)

// Notifications is what an account wants to be told of by mail. It is part of the account's preferences.
type Notifications struct {
	NotifyOnPkgReceive            bool            `json:"notify_on_pkg_receive"`
	NotifyOnPkgDownload           bool            `json:"notify_on_pkg_download"`
	NotifyOnWorkgroupSentPackages bool            `json:"notify_on_workgroup_sent_packages"`
	UploadNotificationUsers       json.RawMessage `json:"upload_notification_users,omitempty"`
	DownloadNotificationUsers     json.RawMessage `json:"download_notification_users,omitempty"`
}

// ReadNotifications reads them from stored preferences.
func ReadNotifications(preferences []byte) (Notifications, error) {
	n := Notifications{NotifyOnPkgReceive: true, NotifyOnWorkgroupSentPackages: true}
	if len(preferences) == 0 {
		return n, nil
	}
	if err := json.Unmarshal(preferences, &n); err != nil {
		return n, fmt.Errorf("read notifications: %w", err)
	}
	return n, nil
}
