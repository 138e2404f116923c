package accesskey

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"path"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/secrets"
	nodeclient "faspex.io/operator/dataplane/nodeapi/client"
)

// Keys of the Secret with the credentials of a bucket.
const (
	bucketKeyID   = "access_key_id"
	bucketSecret  = "secret_access_key"
	bucketSession = "session_token"
)

const credentialsField = "spec.storage.s3.credentialsSecretRef"

// bucketStorage is the bucket of a key as the node takes it, nil without one.
func (r *reconciler) bucketStorage(ctx context.Context, key *v1alpha1.AccessKey) (*nodeclient.Storage, phase.Outcome) {
	done := phase.Done(v1alpha1.ReasonSucceeded, "")
	b := key.Spec.Storage.S3
	if b == nil {
		return nil, done
	}
	data, err := r.secrets.Read(ctx, key.Namespace, b.CredentialsSecretRef.Name, credentialsField, bucketKeyID,
		bucketSecret)
	if err != nil {
		return nil, secrets.Outcome(err)
	}
	return &nodeclient.Storage{
		Type: "aws_s3", Path: bucketPath(b), Endpoint: b.Endpoint, Region: b.Region, Bucket: b.Bucket,
		StorageClass:         b.StorageClass,
		ServerSideEncryption: string(b.ServerSideEncryption), KMSKeyID: b.KMSKeyID, PathStyle: b.PathStyle,
		Credentials: &nodeclient.StorageCredentials{
			AccessKeyID: string(data[bucketKeyID]), SecretAccessKey: string(data[bucketSecret]),
			SessionToken: string(data[bucketSession]),
		},
	}, done
}

// bucketPath is the folder in the bucket, as the node tells it.
func bucketPath(b *v1alpha1.BucketStorage) string { return path.Clean("/" + b.Path) }

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
	if w.bucket == nil {
		return "the storage is another", s.key.Storage != nil && s.key.Storage.Type != "local"
	}
	found := s.key.Storage
	if found == nil || found.Type != w.bucket.Type || found.Bucket != w.bucket.Bucket {
		return "the storage is another", true
	}
	return "the credentials of the bucket are others", s.credentials != digestOf(w.bucket, w.secret)
}
