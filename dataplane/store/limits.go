package store

import (
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
	// PreserveTimestamps keeps the times of files, whatever the client asks for.
	PreserveTimestamps bool `json:"preserve_timestamps"`
	// FileChecksumType is for clients that ask for no checksum of files.
	FileChecksumType string `json:"file_checksum_type"`
	// Aggressiveness, above 0 and up to 1, changes the share of a link that the policy claims: 1 doubles it, 0.5 leaves
	// it, and what is near 0 halves it. 0 leaves it.
	Aggressiveness float64 `json:"aggressiveness"`
	// ContentProtection takes no file in an upload that is not encrypted.
	ContentProtection bool `json:"content_protection_required"`
	// NoWebSocket says that clients are told of no control channel over WebSocket.
	NoWebSocket bool `json:"-"`
}

var (
	// keyCiphers are the ciphers that a key may ask for, from the weakest to the strongest.
	keyCiphers = []string{"aes-128", "aes-192", "aes-256"}
	// keyPolicies are rate policies from the gentlest to the most aggressive.
	keyPolicies  = []string{"low", "fair", "high", "fixed"}
	keyChecksums = []string{"none", "md5", "sha1", "sha-256", "sha-384", "sha-512"}
)

// Validate refuses limits that mean nothing. Those that are stored were not always validated.
func (l TransferLimits) Validate() error {
	if l.TargetRateKbps < 0 || l.TargetRateCapKbps < 0 {
		return fmt.Errorf("target_rate_kbps and target_rate_cap_kbps must not be negative")
	}
	if l.Cipher != "" && !slices.Contains(keyCiphers, l.Cipher) {
		return fmt.Errorf("cipher must be one of %v", keyCiphers)
	}
	if l.Policy != "" && !slices.Contains(keyPolicies, l.Policy) {
		return fmt.Errorf("policy must be one of %v", keyPolicies)
	}
	if l.FileChecksumType != "" && !slices.Contains(keyChecksums, l.FileChecksumType) {
		return fmt.Errorf("file_checksum_type must be one of %v", keyChecksums)
	}
	if !(l.Aggressiveness >= 0 && l.Aggressiveness <= 1) {
		return fmt.Errorf("aggressiveness must be between 0 and 1")
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
	if above.Aggressiveness > 0 && (l.Aggressiveness == 0 || above.Aggressiveness < l.Aggressiveness) {
		l.Aggressiveness = above.Aggressiveness
	}
	l.PreserveTimestamps = l.PreserveTimestamps || above.PreserveTimestamps
	l.ContentProtection = l.ContentProtection || above.ContentProtection
	l.NoWebSocket = l.NoWebSocket || above.NoWebSocket
	if l.FileChecksumType == "" {
		l.FileChecksumType = above.FileChecksumType
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
