package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transferspec"
)

// applySpecFile reads a transfer spec, as the APIs return it, from a file or from standard input. The spec may be wrapped as
// in the answers of a node: {"transfer_specs":[{"transfer_spec":{...}}]}. What the command line says goes first.
func (r *request) applySpecFile(name string) error {
	text, err := readSpec(name)
	if err != nil {
		return fail.New(fail.Usage, "the transfer spec can't be read: %w", err)
	}
	var answer struct {
		TransferSpec  *transferspec.Spec `json:"transfer_spec"`
		TransferSpecs []struct {
			TransferSpec transferspec.Spec `json:"transfer_spec"`
		} `json:"transfer_specs"`
	}
	var spec transferspec.Spec
	if err := json.Unmarshal(text, &answer); err != nil {
		return badSpec(err)
	}
	switch {
	case answer.TransferSpec != nil:
		spec = *answer.TransferSpec
	case len(answer.TransferSpecs) == 1:
		spec = answer.TransferSpecs[0].TransferSpec
	case len(answer.TransferSpecs) > 1:
		return fail.New(fail.Usage, "the file holds %d transfer specs, one is run at a time", len(answer.TransferSpecs))
	default:
		if err := json.Unmarshal(text, &spec); err != nil {
			return badSpec(err)
		}
	}
	return r.applySpec(spec)
}

// badSpec describes a spec that is not JSON, or has a wrong type, without its values: it holds a token.
func badSpec(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fail.New(fail.Usage, "transfer spec: field %s has a wrong type", wrong.Field)
	}
	return fail.New(fail.Usage, "the transfer spec is not JSON")
}

func readSpec(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(os.Stdin, 16<<20))
	}
	return os.ReadFile(name)
}

func (r *request) applySpec(s transferspec.Spec) error {
	if s.RemoveAfterTransfer || s.DeleteBeforeTransfer || s.RemoveEmptyDirectories {
		return fail.New(fail.Usage, "the transfer spec asks for files to be removed, which is not supported by this ascp")
	}
	for _, f := range []struct {
		to   *string
		from string
	}{
		{&r.host, s.RemoteHost}, {&r.user, s.RemoteUser}, {&r.token, s.Token}, {&r.cookie, s.Cookie}, {&r.fingerprint, s.SSHFP},
		{&r.keyPEM, s.SSHPrivateKey}, {&r.password, s.RemotePassword}, {&r.destination, s.DestinationRoot},
		{&r.sourcePrefix, s.SourceRoot}, {&r.options.RatePolicy, s.RatePolicy}, {&r.options.Overwrite, s.Overwrite},
		{&r.options.Resume, s.ResumePolicy}, {&r.options.Symlinks, s.SymlinkPolicy},
		{&r.fileCrypt, s.ContentProtection}, {&r.filePass, s.ContentProtectionPassword},
	} {
		if *f.to == "" {
			*f.to = f.from
		}
	}
	r.direction = s.Direction
	r.failBadPass = r.failBadPass || s.FailBadFilePass
	if s.SSHPort != 0 && r.sshPort == defaultSSHPort {
		r.sshPort = s.SSHPort
	}
	r.webSocket = r.webSocket || s.WSSEnabled && r.token != ""
	if r.webSocketPort == 0 {
		r.webSocketPort = s.WSSPort
	}
	if r.udpPort == 0 {
		r.udpPort = s.FASPPort
	}
	if len(r.tags) == 0 {
		r.tags = s.Tags
	}
	o := &r.options
	o.CreateDir = true // Whoever made the spec chose the destination; programs that run specs create it.
	o.PreserveTimes = o.PreserveTimes || s.PreserveTimes || s.PreserveModificationTime
	o.PreserveAccessTimes = o.PreserveAccessTimes || s.PreserveAccessTime
	o.PreserveUID, o.PreserveGID = o.PreserveUID || s.PreserveFileOwnerUID, o.PreserveGID || s.PreserveFileOwnerGID
	o.SkipSpecial = o.SkipSpecial || s.SkipSpecialFiles
	if o.TargetKbps == 0 {
		o.TargetKbps = s.TargetRateKbps
	}
	if o.MinKbps == 0 {
		o.MinKbps = s.MinRateKbps
	}
	if o.DatagramSize == 0 {
		o.DatagramSize = s.DatagramSize
	}
	var err error
	if o.Xattrs == "" {
		if o.Xattrs, err = kept("preserve_remote_extended_attrs", s.PreserveExtendedAttrs, s.PreserveRemoteExtendedAttrs); err != nil {
			return err
		}
	}
	if o.ACLs == "" {
		if o.ACLs, err = kept("preserve_remote_acls", s.PreserveACLs, s.PreserveRemoteACLs); err != nil {
			return err
		}
	}
	if o.Checksum == "" {
		o.Checksum = s.FileChecksum
	}
	if o.Cipher == "" && s.Cipher != "" {
		if o.Cipher, err = cipher(s.Cipher); err != nil {
			return err
		}
	}
	if o.NewerThan, err = moment("exclude_newer_than", s.ExcludeNewerThan); err != nil {
		return err
	}
	if o.OlderThan, err = moment("exclude_older_than", s.ExcludeOlderThan); err != nil {
		return err
	}
	if len(r.sources) == 0 {
		r.sources = s.Paths
	}
	return r.noticePairs()
}

// noticePairs finds out whether the paths of a spec name destinations: all or none do.
func (r *request) noticePairs() error {
	named := 0
	for _, p := range r.sources {
		if p.Destination != "" {
			named++
		}
	}
	if named != 0 && named != len(r.sources) {
		return fmt.Errorf("transfer spec: %d of %d paths have a destination, it must be all or none", named, len(r.sources))
	}
	r.pairs = named > 0
	return nil
}
