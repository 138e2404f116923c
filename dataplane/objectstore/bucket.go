package objectstore

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/encrypt"
)

const (
	// connectionsKept is how many connections to a server stay open between requests.
	connectionsKept = 64
	// triesOfRequest is how often the library asks; who has more time asks again (lasting).
	triesOfRequest = 3
	// answerLimit is how long a server may take to begin its answer.
	answerLimit = time.Minute
)

// Bucket is a connection to a storage. Safe for concurrent use.
type Bucket struct {
	core     minio.Core
	settings Settings
	sse      encrypt.ServerSide
	memory   *Memory
	login    *credentials.Credentials
	trouble  atomic.Pointer[string]
}

// Open makes a Bucket of checked settings. It does not connect. Credentials are asked for when they are needed, and
// again after half a minute: ones that were renewed count while transfers run. Authorities, if not nil, are those that
// the server's certificate must descend from.
func Open(s Settings, c func() (Credentials, error), authorities *x509.CertPool, memory *Memory) (*Bucket, error) {
	host, secure, err := s.host()
	if err != nil {
		return nil, err
	}
	transport, err := minio.DefaultTransport(secure)
	if err != nil {
		return nil, fmt.Errorf("set up the connection to S3: %w", err)
	}
	if secure {
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: authorities}
	}
	transport.MaxIdleConnsPerHost, transport.MaxIdleConns = connectionsKept, connectionsKept
	transport.ResponseHeaderTimeout = answerLimit
	lookup := minio.BucketLookupAuto
	if s.PathStyle != nil {
		lookup = minio.BucketLookupDNS
		if *s.PathStyle {
			lookup = minio.BucketLookupPath
		}
	}
	login := credentials.New(&provider{current: c})
	core, err := minio.NewCore(host, &minio.Options{
		Creds:  login,
		Secure: secure, Region: s.Region, Transport: transport, BucketLookup: lookup, MaxRetries: triesOfRequest,
	})
	if err != nil {
		return nil, fmt.Errorf("set up S3: %w", errors.Join(errEndpoint, err))
	}
	b := &Bucket{core: *core, settings: s, memory: memory, login: login}
	switch s.ServerSideEncryption {
	case "AES256":
		b.sse = encrypt.NewSSE()
	case "aws:kms":
		if b.sse, err = encrypt.NewSSEKMS(s.KMSKeyID, nil); err != nil {
			return nil, fmt.Errorf("storage.server_side_encryption: %w", err)
		}
	}
	return b, nil
}

// credentialsFor is how long credentials are used before they are asked for again.
const credentialsFor = 30 * time.Second

// provider asks for the credentials of requests. The library has it called by one at a time.
type provider struct {
	current func() (Credentials, error)
	last    credentials.Value
	asked   time.Time
}

// Retrieve keeps the former credentials when it can't be told whether there are others.
func (p *provider) Retrieve() (credentials.Value, error) {
	c, err := p.current()
	if err != nil && p.last.AccessKeyID == "" {
		return credentials.Value{}, err
	}
	p.asked = time.Now()
	if err == nil {
		p.last = credentials.Value{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey,
			SessionToken: c.SessionToken, SignerType: credentials.SignatureV4}
	}
	return p.last, nil
}

// RetrieveWithCredContext is Retrieve.
func (p *provider) RetrieveWithCredContext(*credentials.CredContext) (credentials.Value, error) {
	return p.Retrieve()
}

// IsExpired says that they are to be asked for again.
func (p *provider) IsExpired() bool { return time.Since(p.asked) > credentialsFor }

// Renew has the credentials asked for at the next request.
func (b *Bucket) Renew() { b.login.Expire() }

// Try looks whether the bucket is there and lets itself be listed.
func (b *Bucket) Try(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // It ends the listing, of which the first entry is enough.
	for o := range b.core.Client.ListObjects(ctx, b.settings.Bucket, minio.ListObjectsOptions{
		Prefix: prefixOf(b.settings.Path), MaxKeys: 1,
	}) {
		return b.explain(o.Err)
	}
	return nil
}

// writeOptions are those of all that is written.
func (b *Bucket) writeOptions() minio.PutObjectOptions {
	return minio.PutObjectOptions{
		ContentType: "application/octet-stream", ServerSideEncryption: b.sse, StorageClass: b.settings.StorageClass,
	}
}

// answered is what a server says of a request, if err is that.
func answered(err error) (minio.ErrorResponse, bool) {
	var refusal minio.ErrorResponse
	ok := errors.As(err, &refusal)
	return refusal, ok
}

func hasStatus(err error, status int) bool {
	refusal, ok := answered(err)
	return ok && refusal.StatusCode == status
}

func isMissing(err error) bool {
	refusal, ok := answered(err)
	return ok && refusal.Code != minio.NoSuchBucket && refusal.StatusCode == http.StatusNotFound
}
