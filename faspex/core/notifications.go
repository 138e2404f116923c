package core

import (
	"context"
	"encoding/json"
	"net/http"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/settings"
)

// registerNotifications adds what an account wants to be told of by mail.
func (s *Server) registerNotifications() {
	const what, path = "account", v5 + "/account/notification_settings"
	register(s, operation{method: http.MethodGet, path: path, id: "get-notification-settings", what: what, access: anyone,
		summary: "Read what the caller is told of by mail"},
		func(ctx context.Context, _ *struct{}) (*body[api.NotificationSettings], error) {
			return s.notificationsAnswer(ctx, caller(ctx).Preferences)
		})
	register(s, operation{method: http.MethodPut, path: path, id: "update-notification-settings", what: what,
		access: anyone, summary: "Change what the caller is told of by mail"},
		func(ctx context.Context, in *struct {
			Body api.NotificationSettingsChange
		}) (*body[api.NotificationSettings], error) {
			document, err := settings.ReadDocument(caller(ctx).Preferences)
			if err != nil {
				return nil, err
			}
			reach, err := s.reachOf(ctx)
			if err != nil {
				return nil, err
			}
			c := in.Body
			outside, err := s.checkNotified(ctx, reach, api.PackageCreate{NotifiedOnUpload: c.UploadNotificationUsers,
				NotifiedOnDownload: c.DownloadNotificationUsers})
			if err != nil {
				return nil, err
			}
			raw, err := json.Marshal(c)
			if err != nil {
				return nil, err
			}
			wanted, err := settings.ReadDocument(raw)
			if err != nil {
				return nil, err
			}
			for name, value := range wanted {
				document[name] = value
			}
			stored, err := json.Marshal(document)
			if err != nil {
				return nil, err
			}
			for _, address := range outside {
				if _, err := s.store.PutExternal(ctx, caller(ctx).ID, address); err != nil {
					return nil, err
				}
			}
			if err := s.store.UpdatePreferences(ctx, caller(ctx).ID, stored); err != nil {
				return nil, err
			}
			return s.notificationsAnswer(ctx, stored)
		})
}

func (s *Server) notificationsAnswer(ctx context.Context, preferences []byte) (*body[api.NotificationSettings], error) {
	n, err := settings.ReadNotifications(preferences)
	if err != nil {
		return nil, err
	}
	out := api.NotificationSettings{
		NotifyOnPkgReceive: n.NotifyOnPkgReceive, NotifyOnPkgDownload: n.NotifyOnPkgDownload,
		NotifyOnWorkgroupSentPackages: n.NotifyOnWorkgroupSentPackages,
		AllowReceiptCCEdit:            optionsOf(caller(ctx)).AllowReceiptCCEdit,
		ReceivedCCNotificationUsers:   []api.Notified{},
	}
	for _, name := range optionsOf(caller(ctx)).ReceiptAddresses() {
		out.ReceivedCCNotificationUsers = append(out.ReceivedCCNotificationUsers, api.Notified{Name: name})
	}
	out.UploadNotificationUsers, out.DownloadNotificationUsers = names(n.UploadNotificationUsers),
		names(n.DownloadNotificationUsers)
	return answerWith(out), nil
}
