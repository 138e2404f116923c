package transfer

import (
	"slices"
	"strings"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/wire"
)

// Normalize fills in the defaults of options and refuses values that mean nothing.
func Normalize(o control.Options) (control.Options, error) {
	for _, f := range []struct {
		name    string
		value   *string
		allowed []string // the first is the default
	}{
		{"resume policy", &o.Resume, []string{manifest.ResumeSparse, manifest.ResumeNone, manifest.ResumeAttrs,
			manifest.ResumeFull}},
		{"overwrite policy", &o.Overwrite, []string{manifest.OverwriteDiff, manifest.OverwriteNever, manifest.OverwriteAlways,
			manifest.OverwriteOlder, manifest.OverwriteDiffOrOlder}},
		{"symbolic link policy", &o.Symlinks, []string{manifest.SymlinksFollow, manifest.SymlinksSkip, manifest.SymlinksCopy,
			manifest.SymlinksForce}},
		{"policy for extended attributes", &o.Xattrs, []string{manifest.AttributesNone, manifest.AttributesNative}},
		{"policy for access control lists", &o.ACLs, []string{manifest.AttributesNone, manifest.AttributesNative}},
		{"checksum", &o.Checksum, []string{ChecksumNone, ChecksumMD5, ChecksumSHA1, ChecksumSHA256, ChecksumSHA384,
			ChecksumSHA512}},
		{"cipher", &o.Cipher, []string{string(engine.AES128GCM), string(engine.AES192GCM), string(engine.AES256GCM),
			string(engine.ClearGMAC)}},
		{"rate policy", &o.RatePolicy, []string{
			string(engine.PolicyFair), string(engine.PolicyFixed), string(engine.PolicyHigh), string(engine.PolicyLow),
		}},
	} {
		if *f.value == "" {
			*f.value = f.allowed[0]
		}
		if !slices.Contains(f.allowed, *f.value) {
			return o, fail.New(fail.Usage, "%s %q is not supported, use one of %s", f.name, *f.value,
				strings.Join(f.allowed, ", "))
		}
	}
	switch {
	case o.Sessions < 0 || o.Sessions > manifest.MaxSessions || o.Session < 0 || o.Session > o.Sessions ||
		o.Sessions > 0 && o.Session == 0:
		return o, fail.New(fail.Usage, "session %d of %d: a transfer has 1 to %d sessions, counted from 1", o.Session,
			o.Sessions, manifest.MaxSessions)
	case o.SplitFrom < 0:
		return o, fail.New(fail.Usage, "the size from which files are split can't be negative")
	}
	if _, err := manifest.NewFilters(o.Filters); err != nil {
		return o, err
	}
	if o.DatagramSize != 0 && (o.DatagramSize < wire.MinDatagram || o.DatagramSize > wire.MaxDatagram) {
		return o, fail.New(fail.Usage, "the datagram size (-Z) is within %d and %d, not %d", wire.MinDatagram,
			wire.MaxDatagram, o.DatagramSize)
	}
	if o.TargetKbps < 0 || o.MinKbps < 0 {
		return o, fail.New(fail.Usage, "rates and sizes can't be negative")
	}
	if err := errNoMirror(o); err != nil {
		return o, err
	}
	if o.SaveBeforeOverwrite && o.Sessions > 1 && o.SplitFrom > 0 {
		return o, fail.New(fail.Usage,
			"files that several sessions write together can't be saved before they are overwritten")
	}
	if o.TargetPercent < 0 || o.TargetPercent > 100 || o.MinPercent < 0 || o.MinPercent > 100 {
		return o, fail.New(fail.Usage, "a share of the highest rate is between 1%% and 100%%")
	}
	if o.TargetKbps > 0 { // Nothing is sent faster than that.
		o.MinKbps = min(o.MinKbps, o.TargetKbps)
	}
	if o.RatePolicy == string(engine.PolicyFixed) && o.TargetKbps == 0 && o.TargetPercent == 0 {
		return o, fail.New(fail.Usage, "rate policy fixed needs a target rate")
	}
	return o, nil
}

// mayKeepOwners refuses to receive files of others where that takes rights that this process does not have.
func mayKeepOwners(o control.Options) error {
	if (o.PreserveUID || o.PreserveGID) && !storage.MayChown() {
		return fail.New(fail.Usage, "owners can't be kept: who receives may not give files to others")
	}
	return nil
}

// unmet says what of the options asked for a server does not know, so that nothing is lost silently.
func unmet(asked, got control.Options) error {
	for _, o := range []struct {
		name string
		lost bool
	}{
		{"access times", asked.PreserveAccessTimes && !got.PreserveAccessTimes},
		{"owners", asked.PreserveUID && !got.PreserveUID || asked.PreserveGID && !got.PreserveGID},
		{"extended attributes", asked.Xattrs == manifest.AttributesNative && got.Xattrs != manifest.AttributesNative},
		{"what is overwritten", asked.SaveBeforeOverwrite && !got.SaveBeforeOverwrite},
		{"to what the sender has", asked.DeleteExtra && !got.DeleteExtra},
		{"to the patterns of names", len(asked.Filters) != len(got.Filters)},
		{"access control lists", asked.ACLs == manifest.AttributesNative && got.ACLs != manifest.AttributesNative},
	} {
		if o.lost {
			return fail.New(fail.Usage, "the server can't keep %s", o.name)
		}
	}
	return nil
}

// engineRate is what the options say to a sending engine.
func engineRate(o control.Options, capKbps int64) engine.Rate {
	return engine.Rate{
		Policy: engine.Policy(o.RatePolicy), TargetBps: o.TargetKbps * 1000, MinBps: o.MinKbps * 1000, CapBps: capKbps * 1000,
		Aggressiveness: o.Aggressiveness,
	}
}
