package accesskey

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/bucket"
	nodeclient "faspex.io/operator/dataplane/nodeapi/client"
)

// wanted is what the node should know of a key.
type wanted struct {
	id, secret, path string
	// bucket is the storage of a key that has one in an object store.
	bucket *nodeclient.Storage
	// mounted is the bucket that path is a folder of, with a StorageLocation in one.
	mounted *v1alpha1.BucketStorage
	// verificationKey is PEM, or empty.
	verificationKey string
	transfer        transferConfiguration
}

// transferConfiguration is the part of an access key's configuration.transfer that a spec can set, in the Node API's
// words.
type transferConfiguration struct {
	TargetRateKbps    int64  `json:"target_rate_kbps,omitempty"`
	TargetRateCapKbps int64  `json:"target_rate_cap_kbps,omitempty"`
	Policy            string `json:"policy,omitempty"`
	Cipher            string `json:"cipher,omitempty"`
}

// seen is what the node knows.
type seen struct {
	// key is nil when the node has none of that id.
	key *nodeclient.AccessKey
	// secretWorks tells whether the node takes the secret.
	secretWorks bool
	// credentials is digestOf those that the node was last given for a bucket.
	credentials string
}

// policies are the ways in which a key that exists can be wrong, in the order in which they are told.
var policies = []func(wanted, seen) (violation string, violated bool){
	secretRefused,
	storageMoved,
	bucketDiffers,
	verificationKeyDiffers,
	transferLimitsDiffer,
}

// violation is the first thing that is wrong with a key that exists; empty when nothing is.
func violation(w wanted, s seen) string {
	for _, policy := range policies {
		if text, violated := policy(w, s); violated {
			return text
		}
	}
	return ""
}

// secretRefused: someone changed the secret on the node, or the Secret was made again.
func secretRefused(_ wanted, s seen) (string, bool) {
	return "the node does not take the secret", !s.secretWorks
}

// storageMoved: the path of the StorageLocation changed, or the key was made for another folder.
func storageMoved(w wanted, s seen) (string, bool) {
	const another = "the storage is another"
	found := s.key.Storage
	if b := w.mounted; b != nil && found != nil {
		return another, found.Bucket != b.Bucket || found.Path != bucket.Path(b)
	}
	return another, found == nil || found.Path != w.path
}

// verificationKeyDiffers: line ends at the end of a PEM file do not count.
func verificationKeyDiffers(w wanted, s seen) (string, bool) {
	return "the token verification key is another",
		strings.TrimSpace(s.key.TokenVerificationKey) != strings.TrimSpace(w.verificationKey)
}

// transferLimitsDiffer looks only at what a spec can set.
func transferLimitsDiffer(w wanted, s seen) (string, bool) {
	var found struct {
		Transfer transferConfiguration `json:"transfer"`
	}
	if configuration := bytes.TrimSpace(s.key.Configuration); len(configuration) > 0 {
		if err := json.Unmarshal(configuration, &found); err != nil {
			return "the configuration cannot be read", true
		}
	}
	return "the transfer limits are others", found.Transfer != w.transfer
}

// limits are the transfer limits of a spec in the Node API's words; its ciphers have no mode in their names.
func limits(spec *v1alpha1.AccessKeyTransfer) transferConfiguration {
	if spec == nil {
		return transferConfiguration{}
	}
	return transferConfiguration{
		TargetRateKbps: spec.TargetRateKbps, TargetRateCapKbps: spec.TargetRateCapKbps,
		Policy: string(spec.Policy), Cipher: strings.TrimSuffix(string(spec.Cipher), "-gcm"),
	}
}

func (w wanted) storage() *nodeclient.Storage {
	if w.bucket != nil {
		return w.bucket
	}
	return &nodeclient.Storage{Type: "local", Path: w.path}
}

func (w wanted) configuration() (json.RawMessage, error) {
	text, err := json.Marshal(map[string]any{"transfer": w.transfer})
	if err != nil {
		return nil, fmt.Errorf("encode the transfer limits: %w", err)
	}
	return text, nil
}
