package dial

import (
	"crypto/x509"
	"fmt"
	"os"

	"faspex.io/operator/dataplane/transfer/fail"
)

// Roots reads the certificates that are to be trusted, and no others, from PEM files; without a file it is nil.
func Roots(files []string) (*x509.CertPool, error) {
	if len(files) == 0 {
		return nil, nil
	}
	pool := x509.NewCertPool()
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fail.New(fail.Insecure, "the certificate can't be read: %w", err)
		}
		if !pool.AppendCertsFromPEM(text) {
			return nil, &fail.Error{Code: fail.Insecure, Text: fmt.Sprintf("%s holds no certificate (PEM)", name)}
		}
	}
	return pool, nil
}
