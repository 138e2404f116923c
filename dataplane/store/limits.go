package store

import (
	"encoding/json"
	"fmt"
)

// TransferLimits are those of an access key, from configuration.transfer. Rates are in kilobits per second, 0 for no limit.
type TransferLimits struct {
	TargetRateKbps    int64  `json:"target_rate_kbps"`
	TargetRateCapKbps int64  `json:"target_rate_cap_kbps"`
	Policy            string `json:"policy"`
	// Cipher is aes-128, aes-192 or aes-256; empty leaves the choice to the node.
	Cipher string `json:"cipher"`
}

// Limits reads the limits of the key's transfers; a configuration without any is no error.
func (k AccessKey) Limits() (TransferLimits, error) {
	if len(k.Configuration) == 0 {
		return TransferLimits{}, nil
	}
	var c struct {
		Transfer TransferLimits `json:"transfer"`
	}
	if err := json.Unmarshal(k.Configuration, &c); err != nil {
		return TransferLimits{}, fmt.Errorf("configuration of access key: %w", err)
	}
	return c.Transfer, nil
}
