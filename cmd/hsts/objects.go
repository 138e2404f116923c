package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"faspex.io/operator/dataplane/buckets"
	"faspex.io/operator/dataplane/objectstore"
)

// newBuckets makes the object storages of the node. They are looked for when they are needed.
func (n *node) newBuckets() (*buckets.Buckets, error) {
	cfg := n.cfg.ObjectStorage
	o := buckets.Options{
		Store: n.store, Keys: n.secrets.Keys(), KeepUploads: cfg.KeepUploads, Logger: n.log,
		Memory: objectstore.NewMemory(cfg.UploadMemoryMiB<<20, cfg.ReadMemoryMiB<<20),
	}
	if cfg.CAFile != "" {
		pem, err := os.ReadFile(cfg.CAFile)
		if err != nil {
			return nil, fmt.Errorf("objectStorage.caFile: %w", err)
		}
		if o.Authorities, err = x509.SystemCertPool(); err != nil {
			o.Authorities = x509.NewCertPool()
		}
		if !o.Authorities.AppendCertsFromPEM(pem) {
			return nil, errors.New("objectStorage.caFile holds no certificate in PEM")
		}
	}
	return buckets.New(o), nil
}
