package accesskey

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/bucket"
	"faspex.io/operator/controllers/phase"
	nodeclient "faspex.io/operator/dataplane/nodeapi/client"
)

// bucketField is where the bucket of a key is in its spec.
const bucketField = "spec.storage.s3"

// bucketStorage is the bucket of a key as the node takes it, nil without one.
func (r *reconciler) bucketStorage(ctx context.Context, key *v1alpha1.AccessKey) (*nodeclient.Storage, phase.Outcome) {
	if b := key.Spec.Storage.S3; b != nil {
		return bucket.Storage(ctx, r.secrets, key.Namespace, bucketField, b)
	}
	return nil, phase.Done(v1alpha1.ReasonSucceeded, "")
}

// digestOf tells credentials of a bucket from others. Without the secret of the access key it tells nothing of them.
func digestOf(s *nodeclient.Storage, secret string) string {
	if s == nil || s.Credentials == nil {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(secret))
	for _, part := range []string{s.Credentials.AccessKeyID, s.Credentials.SecretAccessKey, s.Credentials.SessionToken} {
		sum := sha256.Sum256([]byte(part))
		mac.Write(sum[:])
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// bucketDiffers: credentials were renewed, or the key has another storage.
func bucketDiffers(w wanted, s seen) (string, bool) {
	if w.mounted != nil {
		return "", false
	}
	if w.bucket == nil {
		return "the storage is another", s.key.Storage != nil && s.key.Storage.Type != "local"
	}
	found := s.key.Storage
	if found == nil || found.Type != w.bucket.Type || found.Bucket != w.bucket.Bucket {
		return "the storage is another", true
	}
	return "the credentials of the bucket are others", s.credentials != digestOf(w.bucket, w.secret)
}
