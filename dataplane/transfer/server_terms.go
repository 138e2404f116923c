package transfer

import (
	"slices"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transferspec"
)

// negotiate fills in the options that the client left open.
func (s *session) negotiate() error {
	o := s.hello.Options
	if o.CipherOptional && !s.permits(o.Cipher) {
		o.Cipher = ""
	}
	i := slices.IndexFunc(s.Ciphers, func(c string) bool { return c != string(engine.ClearGMAC) })
	if o.Cipher == "" && i >= 0 {
		o.Cipher = s.Ciphers[i] // Who wants no encryption has to say so.
	}
	if o.RatePolicy == "" {
		o.RatePolicy = s.Policy
	}
	if o.TargetKbps == 0 {
		o.TargetKbps = s.DefaultKbps
	}
	if s.hello.Options.RatePolicy == "" && o.RatePolicy == string(engine.PolicyFixed) && o.TargetKbps == 0 {
		o.RatePolicy = string(engine.PolicyFair) // A default without a rate can't be kept.
	}
	o, err := Normalize(o)
	if err != nil {
		return err
	}
	if !s.permits(o.Cipher) {
		return fail.New(fail.Usage, "cipher %s is not permitted by this server", o.Cipher)
	}
	if s.hello.Direction == string(transferspec.Send) {
		if err := mayKeepOwners(o); err != nil {
			return err
		}
	}
	s.options = o
	return nil
}

// permits says that the server has nothing against a cipher. Without a list of its own it takes all that encrypt.
func (s *session) permits(cipher string) bool {
	return slices.Contains(s.Ciphers, cipher) || len(s.Ciphers) == 0 && cipher != string(engine.ClearGMAC)
}

// useGrantedCipher holds the session to the ciphers of its grant. A client that named none gets the first of
// the server's that is among them.
func (s *session) useGrantedCipher() error {
	granted := s.grant.Ciphers
	if granted == nil || slices.Contains(granted, s.options.Cipher) {
		return nil
	}
	if s.hello.Options.Cipher != "" && !s.hello.Options.CipherOptional {
		return fail.New(fail.Usage, "cipher %s is not permitted by the access key, %s or stronger is", s.options.Cipher,
			granted[len(granted)-1])
	}
	server := s.Ciphers
	if len(server) == 0 {
		server = granted
	}
	i := slices.IndexFunc(server, func(c string) bool { return slices.Contains(granted, c) })
	if i < 0 {
		return fail.New(fail.Usage, "the access key requires cipher %s or stronger, which this server does not permit",
			granted[len(granted)-1])
	}
	s.options.Cipher = server[i]
	return nil
}

// demand holds the session to what its access key demands.
func (s *session) demand() {
	rules := s.grant.Session
	s.options.Aggressiveness = rules.Aggressiveness // Whatever a client asks for: it is the key's alone.
	s.options.PreserveTimes = s.options.PreserveTimes || rules.PreserveTimes
	if asked := s.hello.Options.Checksum; rules.Checksum != "" && (asked == "" || asked == ChecksumNone) {
		s.options.Checksum = rules.Checksum
	}
}

// limit holds the rates to what the server and the grant allow.
func (s *session) limit() error {
	g := s.grant.Rates
	s.capKbps = leastPositive(s.CapKbps, g.TargetCapKbps)
	if s.hello.Options.TargetKbps == 0 && g.TargetKbps > 0 {
		s.options.TargetKbps = g.TargetKbps
	}
	for _, of := range []struct {
		share int
		kbps  *int64
	}{{s.hello.Options.TargetPercent, &s.options.TargetKbps}, {s.hello.Options.MinPercent, &s.options.MinKbps}} {
		if of.share == 0 {
			continue
		}
		if s.capKbps == 0 {
			return fail.New(fail.Usage, "the server sets no highest rate of which %d%% could be taken: give a rate", of.share)
		}
		*of.kbps = max(1, s.capKbps*int64(of.share)/100)
	}
	s.options.TargetKbps = s.withinCap(s.options.TargetKbps)
	s.options.MinKbps = s.withinCap(s.options.MinKbps)
	if s.options.TargetKbps > 0 {
		s.options.MinKbps = min(s.options.MinKbps, s.options.TargetKbps)
	}
	if s.hello.Options.RatePolicy == "" && g.Policy != "" &&
		(g.Policy != string(engine.PolicyFixed) || s.options.TargetKbps > 0) {
		s.options.RatePolicy = g.Policy
	}
	return nil
}

// withinCap is a rate, of which 0 stays what it means, held to the highest that the session may have.
func (s *session) withinCap(kbps int64) int64 {
	if kbps > 0 {
		return leastPositive(kbps, s.capKbps)
	}
	return kbps
}
