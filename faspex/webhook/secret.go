package webhook

import (
	"fmt"

	"faspex.io/operator/faspex/keyring"
)

const purpose = "webhook secret"

// SealSecret makes of a secret what the store keeps.
func SealSecret(ring *keyring.Ring, secret string) ([]byte, error) {
	sealed, err := ring.Seal(purpose, "", secret)
	if err != nil {
		return nil, fmt.Errorf("seal the secret of a webhook: %w", err)
	}
	return sealed, nil
}

// OpenSecret opens a secret; current is false when the secret of the installation before the last rotation sealed it.
func OpenSecret(ring *keyring.Ring, sealed []byte) (secret string, current bool, err error) {
	if secret, current, err = ring.Open(purpose, "", sealed); err != nil {
		return "", false, fmt.Errorf("open the secret of a webhook: %w", err)
	}
	return secret, current, nil
}
