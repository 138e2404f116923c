package engine

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"time"

	"faspex.io/operator/dataplane/wire"
)

const (
	defaultMaxMemory   = 64 << 20
	leastMemory        = 8 << 20
	defaultIdleTimeout = 60 * time.Second
	slabSize           = 1 << 20
)

// WithDefaults is cfg with every default filled in, or what is wrong with it.
func (cfg Config) WithDefaults() (Config, error) {
	if cfg.Cipher == "" {
		cfg.Cipher = AES128GCM
	}
	if cfg.MaxMemory == 0 {
		cfg.MaxMemory = defaultMaxMemory
	}
	if cfg.MaxMemory < leastMemory {
		return cfg, fmt.Errorf("memory bound %d is below %d bytes", cfg.MaxMemory, int64(leastMemory))
	}
	if cfg.IdleTimeout == 0 {
		cfg.IdleTimeout = defaultIdleTimeout
	}
	if cfg.Clock == nil {
		cfg.Clock = SystemClock()
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	rate, err := normalRate(cfg.Rate)
	cfg.Rate = rate
	return cfg, err
}

// normalRate is a rate with its defaults, or what is wrong with it.
func normalRate(r Rate) (Rate, error) {
	if r.Policy == "" {
		r.Policy = PolicyFair
	}
	switch r.Policy {
	case PolicyFixed:
		if r.TargetBps <= 0 {
			return r, fmt.Errorf("policy %s needs a target rate", r.Policy)
		}
	case PolicyHigh, PolicyFair, PolicyLow:
	default:
		return r, fmt.Errorf("unknown rate policy %q", r.Policy)
	}
	if !(r.Aggressiveness >= 0 && r.Aggressiveness <= 1) {
		return r, fmt.Errorf("aggressiveness is not between 0 and 1")
	}
	if r.TargetBps < 0 || r.MinBps < 0 || r.CapBps < 0 {
		return r, fmt.Errorf("negative rate")
	}
	return r, nil
}

func (cfg *Config) keys(d wire.Direction) (*wire.Keys, error) {
	return wire.NewKeys(cfg.Secret, uint64(cfg.ID), string(cfg.Cipher), d)
}

// ConnID is what stands for the session in every datagram.
func (id SessionID) ConnID() uint32 { return uint32(id) }
