package webhook

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"
)

// Upload is a package that was uploaded, as receivers are told of it.
type Upload struct {
	ID              int64
	UUID, Directory string
	Name, Note      string
	SenderID        int64
	Sender          Person
	Recipients      []string // logins, and names of groups; private ones are the sender's secret
	Bytes, Files    int64
	Made            time.Time
	Metadata        map[string]json.RawMessage
}

// Payload is the body of a call, with the published keys: numbers are numbers, recipients are told as a list with commas
// and each by itself, counted from 0.
func (u Upload) Payload() ([]byte, error) {
	metadata := map[string]any{"_pkg_uuid": u.UUID, "_pkg_name": u.Name,
		"_created_utc": u.Made.UTC().Format("2006-01-02T15:04:05.000Z")}
	for name, value := range u.Metadata {
		metadata[name] = value
	}
	body := map[string]any{
		"faspex_pkg_directory": u.Directory, "faspex_pkg_name": u.Name, "faspex_pkg_note": u.Note, "faspex_pkg_id": u.ID,
		"faspex_pkg_delivery_id": u.ID, "faspex_recipient_list": strings.Join(u.Recipients, ","),
		"faspex_recipient_count": len(u.Recipients), "faspex_sender_id": u.SenderID, "faspex_sender_name": u.Sender.Name,
		"faspex_sender_email": u.Sender.Email, "faspex_pkg_total_bytes": u.Bytes, "faspex_pkg_total_files": u.Files,
		"faspex_pkg_uuid": u.UUID, "faspex_metadata_fields": metadata,
	}
	each := map[string]any{}
	for i, name := range u.Recipients {
		each[fmt.Sprintf("faspex_recipient_%d", i)] = name
	}
	maps.Copy(body, each)
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("write the body of a webhook: %w", err)
	}
	return raw, nil
}
