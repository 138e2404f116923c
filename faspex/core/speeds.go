package core

import (
	"context"

	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// speeds are how fast a transfer begins and may become, in kilobits per second, 0 for what the node says, and whether
// clients may change it.
type speeds struct {
	target, limit int
	locked        bool
	// cipher is the admin's choice; empty for the node's.
	cipher string
}

// speedsOf gives the rates of a transfer: the account's that override others, else those of its storage location, else
// the server's (faspex-U10). What no admin ever set at the server is the node's own: the published defaults would hold
// everybody down to 10 Mbit/s.
func (s *Server) speedsOf(ctx context.Context, f store.SharedFolder, upload bool) (speeds, error) {
	raw, _, err := s.store.Settings(ctx, settings.NameConfiguration)
	if err != nil {
		return speeds{}, err
	}
	chosen, err := settings.ReadDocument(raw)
	if err != nil {
		return speeds{}, err
	}
	c, err := settings.Over(chosen, settings.DefaultConfiguration())
	if err != nil {
		return speeds{}, err
	}
	var out speeds
	was := func(field string) bool { _, ok := chosen[field]; return ok }
	switch {
	case was("encrypt_transfers") && !c.EncryptTransfers:
		out.cipher = "none"
	case was("encryption_type") && c.EncryptionType != nil:
		out.cipher = *c.EncryptionType
	}
	way, target, limit := "download", c.InitialTargetDownloadRateKbps, c.MaxTargetDownloadRateKbps
	if upload {
		way, target, limit = "upload", c.InitialTargetUploadRateKbps, c.MaxTargetUploadRateKbps
	}
	if was("initial_target_" + way + "_rate_kbps") {
		out.target = target
	}
	if was("max_target_" + way + "_rate_kbps") {
		out.limit = limit
	}
	out.locked = was("lock_minrate_policy") && c.LockMinratePolicy
	if f.OverrideTransferParameters {
		out.target, out.limit, out.locked = f.InitialTargetDownloadKbps, f.MaxTargetDownloadKbps, f.LockMinratePolicy
		if upload {
			out.target, out.limit = f.InitialTargetUploadKbps, f.MaxTargetUploadKbps
		}
	}
	if o := optionsOf(caller(ctx)); o.OverrideTransferParameters {
		out.target, out.limit, out.locked = o.KbpsInitialTargetDownloadRate, o.KbpsMaxTargetDownloadRate, o.LockMinratePolicy
		if upload {
			out.target, out.limit = o.KbpsInitialTargetUploadRate, o.KbpsMaxTargetUploadRate
		}
	}
	return out, nil
}

// applyTo writes into a spec what the node does not.
func (v speeds) applyTo(spec *transferspec.Spec) {
	if v.cipher != "" {
		spec.Cipher = v.cipher
	}
	if v.locked {
		spec.LockMinRate, spec.LockRatePolicy = true, true
	}
}
