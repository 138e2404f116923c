package packages

import (
	"encoding/json"
	"fmt"
)

// Tags travel with a transfer, in its tags under aspera.faspex, and come back with the node's record of it: they say
// which package a transfer belongs to and who transfers.
type Tags struct {
	// Installation is the uuid of the Faspex, for others may share its nodes and number their packages and accounts alike.
	Installation string `json:"installation,omitempty"`
	PackageID    string `json:"package_id"`
	PackageUUID  string `json:"package_uuid"`
	AccountID    string `json:"account_id"`
	// Whole is true for an upload and for a download of everything.
	Whole bool `json:"whole"`
	// Side is how the account belongs to the package: SideSent or SideReceived.
	Side string `json:"side,omitempty"`
	// PreventHTTP has the node refuse the token to an HTTP gateway. It is for the node alone: the MAC leaves it out.
	PreventHTTP bool `json:"prevent_http_download,omitempty"`
	// MAC vouches for the tags and for what they were issued for; Sign makes it.
	MAC string `json:"mac,omitempty"`
}

// Sides of a package.
const (
	SideSent     = "sent"
	SideReceived = "received"
)

type tagRoot struct {
	Aspera struct {
		Faspex *Tags `json:"faspex,omitempty"`
	} `json:"aspera"`
}

// Subset writes those of the tags that are set and no others, for a node compares what a
// revocation names with what tokens have.
func (t Tags) Subset() (json.RawMessage, error) {
	fields := map[string]string{}
	for name, value := range map[string]string{
		"installation": t.Installation, "package_id": t.PackageID, "package_uuid": t.PackageUUID, "account_id": t.AccountID,
		"side": t.Side,
	} {
		if value != "" {
			fields[name] = value
		}
	}
	raw, err := json.Marshal(map[string]any{"aspera": map[string]any{"faspex": fields}})
	if err != nil {
		return nil, fmt.Errorf("encode tags of a revocation: %w", err)
	}
	return raw, nil
}

// TagsOf reads the tags of a transfer; false when it is not one of a package.
func TagsOf(raw json.RawMessage) (Tags, bool) {
	var root tagRoot
	if len(raw) == 0 || json.Unmarshal(raw, &root) != nil || root.Aspera.Faspex == nil ||
		root.Aspera.Faspex.PackageID == "" {
		return Tags{}, false
	}
	return *root.Aspera.Faspex, true
}
