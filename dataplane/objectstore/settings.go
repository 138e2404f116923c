// Package objectstore has files in a bucket of an object store: it lists, reads, changes and uploads them, in the ways
// of dataplane/storage. It speaks S3.
//
// A file is an object, a folder is the objects beneath its name with a slash, or one with that name itself. A file is
// visible when it is whole: until then it is a multipart upload, whose parts a Journal knows, so that any node goes on
// with it. The package knows nothing of access keys, tokens or sessions.
package objectstore

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"faspex.io/operator/dataplane/storage"
)

// TypeS3 is the only type of Settings that is there.
const TypeS3 = "aws_s3"

// DefaultEndpoint is that of Settings that name none.
const DefaultEndpoint = "s3.amazonaws.com"

// Settings say where a storage is. Their names are those of the published storage of an access key.
type Settings struct {
	Type string `json:"type"`
	// Endpoint is a host, perhaps with a port, that is asked over TLS, or a URL.
	Endpoint string `json:"endpoint,omitempty"`
	Region   string `json:"region,omitempty"`
	Bucket   string `json:"bucket"`
	// Path is the folder of the bucket that is the storage, "/" for all of it.
	Path         string `json:"path"`
	StorageClass string `json:"storage_class,omitempty"`
	// ServerSideEncryption is AES256, or aws:kms with a key's id, or without one for that of the bucket.
	ServerSideEncryption string `json:"server_side_encryption,omitempty"`
	KMSKeyID             string `json:"server_side_encryption_aws_kms_key_id,omitempty"`
	// PathStyle has the bucket in the path of URLs in place of the host. Only Amazon's own hosts do without.
	PathStyle *bool `json:"path_style,omitempty"`
}

// Credentials open a bucket.
type Credentials struct {
	AccessKeyID     string `json:"access_key_id"`
	SecretAccessKey string `json:"secret_access_key"`
	SessionToken    string `json:"session_token,omitempty"`
}

// notThere are published types that this node does not have.
var notThere = map[string]string{
	"azure": "Azure", "azure_sas": "Azure", "azure-files": "Azure Files", "azure_files": "Azure Files",
	"google-gcs": "Google Cloud Storage", "gcs": "Google Cloud Storage", "google_gcs": "Google Cloud Storage",
	"ibm-s3": "IBM Cloud Object Storage", "ibm_s3": "IBM Cloud Object Storage", "swift": "Swift", "hdfs": "HDFS",
	"softlayer_swift": "Swift", "limelight": "Limelight", "akamai_netstorage": "Akamai NetStorage",
}

var (
	bucketName   = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$`)
	regionName   = regexp.MustCompile(`^[a-z0-9-]{0,64}$`)
	storageClass = regexp.MustCompile(`^[A-Z0-9_]{0,64}$`)
	kmsKeyID     = regexp.MustCompile(`^[A-Za-z0-9:/_+=,.@-]{0,1000}$`)
)

// RefuseType says why there is no storage of a type, or nil if there is.
func RefuseType(kind string) error {
	if kind == TypeS3 {
		return nil
	}
	if name, ok := notThere[strings.ToLower(kind)]; ok {
		return fmt.Errorf("storage.type %q is not there yet: this node keeps files in folders (local) and in buckets that "+
			"speak S3 (%s), not in %s", kind, TypeS3, name)
	}
	return fmt.Errorf(`storage.type must be "local" or %q`, TypeS3)
}

// Check completes settings by defaults. Its errors name the field that is wrong.
func (s *Settings) Check() error {
	if err := RefuseType(s.Type); err != nil {
		return err
	}
	if s.Endpoint == "" {
		s.Endpoint = DefaultEndpoint
	}
	if _, _, err := s.host(); err != nil {
		return err
	}
	clean, err := storage.Clean(s.Path)
	if err != nil {
		return fmt.Errorf("storage.path: %w", err)
	}
	s.Path = clean
	switch {
	case !bucketName.MatchString(s.Bucket):
		return errors.New("storage.bucket must be the name of a bucket: 3 to 63 small letters, digits, dots and hyphens")
	case !regionName.MatchString(s.Region):
		return errors.New("storage.region must be a region such as eu-central-1, or left out")
	case !storageClass.MatchString(s.StorageClass):
		return errors.New("storage.storage_class must be a storage class such as STANDARD_IA, or left out")
	case !slices.Contains([]string{"", "AES256", "aws:kms"}, s.ServerSideEncryption):
		return errors.New(`storage.server_side_encryption must be "AES256" or "aws:kms", or left out`)
	case s.KMSKeyID != "" && s.ServerSideEncryption != "aws:kms":
		return errors.New(`storage.server_side_encryption_aws_kms_key_id needs storage.server_side_encryption "aws:kms"`)
	case !kmsKeyID.MatchString(s.KMSKeyID):
		return errors.New("storage.server_side_encryption_aws_kms_key_id must be the id or the ARN of a key")
	}
	return nil
}

// Check says which field is missing.
func (c Credentials) Check() error {
	const most = 4096
	for _, f := range []struct{ name, value string }{
		{"access_key_id", c.AccessKeyID}, {"secret_access_key", c.SecretAccessKey},
	} {
		if f.value == "" {
			return fmt.Errorf("storage.credentials.%s is missing", f.name)
		}
	}
	all := c.AccessKeyID + c.SecretAccessKey + c.SessionToken
	if len(all) > most || strings.ContainsFunc(all, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("storage.credentials hold what no credentials of S3 have")
	}
	return nil
}

var errEndpoint = errors.New(
	"storage.endpoint must be a host such as s3.amazonaws.com or minio.example.com:9000, or a URL of one without a path")

// host is the endpoint's host, and whether it is asked over TLS.
func (s *Settings) host() (host string, secure bool, err error) {
	text := s.Endpoint
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" ||
		u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", false, errEndpoint // The text may hold credentials.
	}
	return u.Host, u.Scheme == "https", nil
}

// Same says that two settings are alike.
func (s Settings) Same(other Settings) bool {
	style := func(p *bool) string {
		if p == nil {
			return ""
		}
		return strconv.FormatBool(*p)
	}
	if style(s.PathStyle) != style(other.PathStyle) {
		return false
	}
	s.PathStyle, other.PathStyle = nil, nil
	return s == other
}

// Name is what people call the storage.
func (s *Settings) Name() string { return "s3://" + s.Bucket + strings.TrimSuffix(s.Path, "/") }
