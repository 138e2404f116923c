package accesskey

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
)

// checkPublicKey tells why text is no RSA public key in PEM, the only kind that signs bearer tokens.
func checkPublicKey(text string) error {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return errors.New("is not PEM")
	}
	switch block.Type {
	case "RSA PUBLIC KEY":
		if _, err := x509.ParsePKCS1PublicKey(block.Bytes); err != nil {
			return errors.New("is no RSA public key")
		}
		return nil
	case "PUBLIC KEY":
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return errors.New("is no public key")
		}
		if _, ok := key.(*rsa.PublicKey); !ok {
			return errors.New("is not an RSA public key")
		}
		return nil
	}
	return errors.New("is not a public key")
}
