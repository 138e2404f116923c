package backup

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// partSize is how much of an object is in memory while it is written; 10,000 parts are the most that S3 takes, so that
// an object may have 312 GiB.
const partSize = 32 << 20

// S3Options say which bucket.
type S3Options struct {
	// Endpoint is a URL without a path; plain HTTP is allowed, what is sent is encrypted already.
	Endpoint, Region, Bucket string
	AccessKeyID, SecretKey   string
	// CA, if not empty, is PEM: what the server's certificate must descend from.
	CA []byte
}

// S3 is a Target in a bucket.
type S3 struct {
	client *minio.Client
	bucket string
}

// OpenS3 makes a client; it does not connect yet.
func OpenS3(o S3Options) (*S3, error) {
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("the endpoint %q is no URL such as https://s3.example.com", o.Endpoint)
	}
	transport, err := minio.DefaultTransport(u.Scheme == "https")
	if err != nil {
		return nil, fmt.Errorf("set up the connection to S3: %w", err)
	}
	if len(o.CA) > 0 {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(o.CA) {
			return nil, errors.New("the authority of the S3 endpoint holds no certificate")
		}
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(o.AccessKeyID, o.SecretKey, ""), Secure: u.Scheme == "https", Region: o.Region,
		Transport: transport,
	})
	if err != nil {
		return nil, fmt.Errorf("set up S3: %w", err)
	}
	return &S3{client: client, bucket: o.Bucket}, nil
}

// Put uploads in parts. The server makes the object visible when all are there.
func (s *S3) Put(ctx context.Context, name string, r io.Reader) error {
	// What a killed attempt left costs space and is no object. Not every user may look for it.
	_ = s.client.RemoveIncompleteUpload(ctx, s.bucket, name)
	_, err := s.client.PutObject(ctx, s.bucket, name, r, -1, minio.PutObjectOptions{
		ContentType: "application/octet-stream", PartSize: partSize, NumThreads: 1,
	})
	return s.explain("write "+name, err)
}

// Get downloads.
func (s *S3) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	object, err := s.client.GetObject(ctx, s.bucket, name, minio.GetObjectOptions{})
	if err != nil {
		return nil, s.explain("read "+name, err)
	}
	if _, err := object.Stat(); err != nil {
		return nil, errors.Join(s.explain("read "+name, err), object.Close())
	}
	return object, nil
}

// List names the objects beneath a folder.
func (s *S3) List(ctx context.Context, folder string) ([]string, error) {
	var names []string
	for o := range s.client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{
		Prefix: strings.TrimSuffix(folder, "/") + "/", Recursive: true,
	}) {
		if o.Err != nil {
			return nil, s.explain("list "+folder, o.Err)
		}
		names = append(names, o.Key)
	}
	return names, nil
}

// Delete removes an object.
func (s *S3) Delete(ctx context.Context, name string) error {
	return s.explain("delete "+name, s.client.RemoveObject(ctx, s.bucket, name, minio.RemoveObjectOptions{}))
}

// Location of an object.
func (s *S3) Location(name string) string { return "s3://" + s.bucket + "/" + name }

// explain says in words what S3 refused; its own texts may quote the request.
func (s *S3) explain(action string, err error) error {
	if err == nil {
		return nil
	}
	var refusal minio.ErrorResponse
	if !errors.As(err, &refusal) {
		return fmt.Errorf("%s in bucket %s: %w", action, s.bucket, err)
	}
	switch {
	case refusal.Code == minio.NoSuchBucket:
		return fmt.Errorf("%s: bucket %s does not exist", action, s.bucket)
	case refusal.Code == minio.NoSuchKey || refusal.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%s in bucket %s: %w", action, s.bucket, ErrNotFound)
	case refusal.StatusCode == http.StatusForbidden || refusal.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("%s: bucket %s refused the credentials (%s)", action, s.bucket, refusal.Code)
	}
	return fmt.Errorf("%s: bucket %s refused it (%s)", action, s.bucket, refusal.Code)
}
