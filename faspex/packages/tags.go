package packages

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// SpecLife is how long a transfer spec may begin a transfer: long enough for a client to start, short enough that what a person may do
// is asked again soon. A transfer that has begun goes on.
const SpecLife = 10 * time.Minute

// Tags travel with a transfer, in its tags under aspera.faspex, and come back with the node's record of it: they say which package a
// transfer belongs to and who transfers. What a Signer has not signed is believed by nobody.
type Tags struct {
	PackageID   string `json:"package_id"`
	PackageUUID string `json:"package_uuid"`
	AccountID   string `json:"account_id"`
	// Account stands for the account on nodes that several Faspexes share; see Signer.Account.
	Account string `json:"account,omitempty"`
	// Whole is true for an upload and for a download of everything.
	Whole bool `json:"whole"`
	// MAC is the signature of the tags and of what the transfer was issued for.
	MAC string `json:"mac,omitempty"`
}

type tagRoot struct {
	Aspera struct {
		Faspex *Tags `json:"faspex,omitempty"`
	} `json:"aspera"`
}

// JSON writes the tags of a transfer.
func (t Tags) JSON() (json.RawMessage, error) {
	var root tagRoot
	root.Aspera.Faspex = &t
	raw, err := json.Marshal(root)
	if err != nil {
		return nil, fmt.Errorf("encode transfer tags: %w", err)
	}
	return raw, nil
}

// Subset writes those of the tags that are set, to name all transfers that have them.
func (t Tags) Subset() (json.RawMessage, error) {
	set := map[string]string{}
	for name, value := range map[string]string{"package_uuid": t.PackageUUID, "account": t.Account} {
		if value != "" {
			set[name] = value
		}
	}
	raw, err := json.Marshal(map[string]any{"aspera": map[string]any{"faspex": set}})
	if err != nil {
		return nil, fmt.Errorf("encode transfer tags: %w", err)
	}
	return raw, nil
}

// TagsOf reads the tags of a transfer; false when it is not one of a package.
func TagsOf(raw json.RawMessage) (Tags, bool) {
	var root tagRoot
	if len(raw) == 0 || json.Unmarshal(raw, &root) != nil || root.Aspera.Faspex == nil || root.Aspera.Faspex.PackageID == "" {
		return Tags{}, false
	}
	return *root.Aspera.Faspex, true
}

// Cookie is the text by which people find the transfer of a package in a node's lists.
func (t Tags) Cookie() string { return "faspex:package:" + t.PackageID + ":" + t.PackageUUID }

// Scope is what a transfer is issued for, beside what its tags say.
type Scope struct {
	Direction string // send or receive, as the client sees it
	NodeID    int64
	Folder    string // on the node
}

// TagsPurpose is what the keys of a Signer are derived for.
const TagsPurpose = "transfer tags"

// Signer signs tags with the first of its keys, and verifies them with all.
type Signer struct{ keys [][]byte }

// NewSigner makes a signer of keys of 32 bytes, the current one first.
func NewSigner(keys [][]byte) Signer { return Signer{keys: keys} }

// Sign gives the tags with their signature.
func (s Signer) Sign(t Tags, scope Scope) Tags {
	t.MAC = base64.RawURLEncoding.EncodeToString(t.mac(s.keys[0], scope))
	return t
}

// Verify reports whether the tags are as they were signed, for the scope.
func (s Signer) Verify(t Tags, scope Scope) bool {
	mac, err := base64.RawURLEncoding.Strict().DecodeString(t.MAC)
	if err != nil {
		return false
	}
	for _, key := range s.keys {
		if hmac.Equal(mac, t.mac(key, scope)) {
			return true
		}
	}
	return false
}

// Accounts gives the names under which a node may know an account by its tags: the first is that of new transfers.
func (s Signer) Accounts(id string) []string {
	names := make([]string, len(s.keys))
	for i, key := range s.keys {
		names[i] = base64.RawURLEncoding.EncodeToString(sum(key, "account", id)[:16])
	}
	return names
}

// mac is HMAC-SHA256 over a JSON array, in which no two different lists of texts look the same.
func (t Tags) mac(key []byte, scope Scope) []byte {
	return sum(key, "tags", t.PackageID, t.PackageUUID, t.AccountID, t.Account, fmt.Sprint(t.Whole), scope.Direction, fmt.Sprint(scope.NodeID), scope.Folder)
}

func sum(key []byte, texts ...string) []byte {
	text, err := json.Marshal(texts)
	if err != nil {
		panic(err) // Texts can always be encoded.
	}
	h := hmac.New(sha256.New, key)
	h.Write(text)
	return h.Sum(nil)
}
