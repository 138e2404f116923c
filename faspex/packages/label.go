package packages

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// Label is what people and scripts at a node read of a transfer, in the published form: beside the tags that core
// believes, and in the cookie. Nothing here is believed.
type Label struct {
	// Transfer is the id that the transfer gets.
	Transfer  string
	Requestor Person
	Upload    bool
	PackageID int64
	UUID      string
	Title     string
	Created   string // RFC 3339, UTC
	// Metadata is what the sender filled in.
	Metadata map[string]json.RawMessage
	// MaxTags is how many bytes the metadata of the tags may have; 0 is no bound. NoMetadata leaves it out of the cookie.
	MaxTags    int
	NoMetadata bool
}

// Person is somebody as tags tell of them.
type Person struct {
	Name      string `json:"name"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Email     string `json:"email"`
}

// MaxCookie is how long a cookie may be, in bytes: what nodes take.
const MaxCookie = 4 << 10

// TagsJSON writes the tags of a transfer: what is believed and what is told.
func (l Label) TagsJSON(t Tags) (json.RawMessage, error) {
	metadata, err := l.metadata(true)
	if err == nil && l.MaxTags > 0 && len(metadata) > l.MaxTags {
		metadata, err = l.metadata(false)
	}
	if err != nil {
		return nil, fmt.Errorf("encode metadata of a transfer: %w", err)
	}
	faspex := struct {
		Tags
		Requestor  Person          `json:"requestor"`
		Downloader *Person         `json:"downloader,omitempty"`
		Metadata   json.RawMessage `json:"metadata"`
		ID         int64           `json:"_pkg_id"`
	}{Tags: t, Requestor: l.Requestor, Metadata: metadata, ID: l.PackageID}
	if !l.Upload {
		faspex.Downloader = &l.Requestor
	}
	raw, err := json.Marshal(map[string]any{"aspera": map[string]any{"xfer_id": l.Transfer, "faspex": faspex}})
	if err != nil {
		return nil, fmt.Errorf("encode transfer tags: %w", err)
	}
	return raw, nil
}

func (l Label) metadata(whole bool) (json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	if whole {
		maps.Copy(all, l.Metadata)
	}
	for name, value := range map[string]string{"_pkg_uuid": l.UUID, "_pkg_name": l.Title, "_created_utc": l.Created} {
		raw, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		all[name] = raw
	}
	return json.Marshal(all)
}

// Cookie is the text by which people find the transfer of a package in a node's lists:
// aspera.faspex20:<u|d>:<id of the transfer>:<user>:<metadata, JSON>:<title>, the last three in Base64 without padding.
func (l Label) Cookie() (string, error) {
	for _, whole := range []bool{!l.NoMetadata, false} {
		metadata, err := l.metadata(whole)
		if err != nil {
			return "", fmt.Errorf("encode cookie of a transfer: %w", err)
		}
		if cookie := l.cookie(string(metadata)); len(cookie) <= MaxCookie {
			return cookie, nil
		}
	}
	return l.cookie(`{"_pkg_uuid":"` + l.UUID + `"}`), nil
}

func (l Label) cookie(metadata string) string {
	way := "d"
	if l.Upload {
		way = "u"
	}
	b64 := func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) }
	return strings.Join([]string{"aspera.faspex20", way, l.Transfer, b64(l.Requestor.Name), b64(metadata), b64(l.Title)}, ":")
}
