package store

import (
	"encoding/json"
	"fmt"
	"slices"
)

// TransferLimits are those of an access key, from configuration.transfer. Rates are in
// kilobits per second, 0 for no limit.
type TransferLimits struct {
	TargetRateKbps    int64  `json:"target_rate_kbps"`
	TargetRateCapKbps int64  `json:"target_rate_cap_kbps"`
	Policy            string `json:"policy"`
	// Cipher is the weakest that sessions may use: aes-128, aes-192 or aes-256; empty leaves the choice to the node.
	Cipher string `json:"cipher"`
}

var (
	// keyCiphers are the ciphers that a key may ask for, from the weakest to the strongest.
	keyCiphers = []string{"aes-128", "aes-192", "aes-256"}
	// keyPolicies are rate policies from the gentlest to the most aggressive.
	keyPolicies = []string{"low", "fair", "high", "fixed"}
)

// ParseLimits reads the limits in the configuration of a key; a configuration without any is no error.
func ParseLimits(configuration json.RawMessage) (TransferLimits, error) {
	if len(configuration) == 0 {
		return TransferLimits{}, nil
	}
	var c struct {
		Transfer TransferLimits `json:"transfer"`
	}
	if err := json.Unmarshal(configuration, &c); err != nil {
		return TransferLimits{}, fmt.Errorf("configuration of access key: %w", err)
	}
	return c.Transfer, nil
}

// Validate refuses limits that mean nothing. Those that are stored were not always validated.
func (l TransferLimits) Validate() error {
	if l.TargetRateKbps < 0 || l.TargetRateCapKbps < 0 {
		return fmt.Errorf("target_rate_kbps and target_rate_cap_kbps must not be negative")
	}
	if l.Cipher != "" && !slices.Contains(keyCiphers, l.Cipher) {
		return fmt.Errorf("cipher must be one of %v", keyCiphers)
	}
	return nil
}

// within holds the limits of a key to those of the key above.
func (l TransferLimits) within(above TransferLimits) TransferLimits {
	l.TargetRateKbps = leastPositive(l.TargetRateKbps, above.TargetRateKbps)
	l.TargetRateCapKbps = leastPositive(l.TargetRateCapKbps, above.TargetRateCapKbps)
	if above.Policy != "" &&
		(l.Policy == "" || slices.Index(keyPolicies, above.Policy) < slices.Index(keyPolicies, l.Policy)) {
		l.Policy = above.Policy
	}
	if strength(above.Cipher) > strength(l.Cipher) {
		l.Cipher = above.Cipher
	}
	return l
}

// Ciphers are the ciphers of sessions that the limits permit, strongest first; nil permits all.
func (l TransferLimits) Ciphers() []string {
	if l.Cipher == "" {
		return nil
	}
	var out []string
	for _, c := range slices.Backward(keyCiphers) {
		if strength(c) >= strength(l.Cipher) {
			out = append(out, c+"-gcm")
		}
	}
	return out
}

// strength orders the names of ciphers. One that is not known counts as the strongest: it is not to let weaker ones in.
func strength(cipher string) int {
	if cipher == "" {
		return 0
	}
	if i := slices.Index(keyCiphers, cipher); i >= 0 {
		return i + 1
	}
	return len(keyCiphers)
}

// leastPositive is the stricter of two limits of which 0 is none.
func leastPositive(a, b int64) int64 {
	if a <= 0 || b > 0 && b < a {
		return max(b, 0)
	}
	return a
}
