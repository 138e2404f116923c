package nodeapi

import (
	"bytes"
	"encoding/json"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// maxLoginKeys bounds the keys of one token.
const maxLoginKeys = 16

// loginKeys reads public_keys of a setup, and gives the fingerprints of the keys; nil if there are none.
func loginKeys(raw json.RawMessage) ([]string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var texts []string
	if raw[0] == '"' {
		texts = []string{""}
		if err := json.Unmarshal(raw, &texts[0]); err != nil {
			return nil, errBadRequest("public_keys is not a text")
		}
	} else if err := json.Unmarshal(raw, &texts); err != nil {
		return nil, errBadRequest("public_keys must be a text, or a list of texts")
	}
	var fingerprints []string
	for _, text := range texts {
		for rest := bytes.TrimSpace([]byte(text)); len(rest) > 0; rest = bytes.TrimSpace(rest) {
			key, _, options, more, err := ssh.ParseAuthorizedKey(rest)
			if err != nil {
				return nil, errBadRequest("public_keys holds what is no OpenSSH public key")
			}
			if _, certificate := key.(*ssh.Certificate); certificate || len(options) > 0 {
				return nil, errBadRequest("public_keys must be keys alone, without options and no certificates")
			}
			fingerprints, rest = append(fingerprints, ssh.FingerprintSHA256(key)), more
		}
	}
	switch {
	case len(fingerprints) == 0:
		return nil, errBadRequest("public_keys holds no key")
	case len(fingerprints) > maxLoginKeys:
		return nil, errBadRequest(fmt.Sprintf("public_keys holds more than %d keys", maxLoginKeys))
	}
	return fingerprints, nil
}
