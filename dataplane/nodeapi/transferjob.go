package nodeapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/remote"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transferspec"
)

const (
	maxJobPaths   = 100_000
	maxHostBytes  = 255
	maxTokenBytes = 128 << 10
)

// notOfJobs are fields of transfer specs that jobs don't obey, and why. What asks for nothing is taken.
var notOfJobs = map[string]string{
	"content_protection":          "jobs encrypt and decrypt no files: use ascp",
	"content_protection_password": "jobs encrypt and decrypt no files: use ascp",
	"multi_session":               "a job has one session at a time",
	"proxy":                       "data goes straight to the remote node",
	"delete_source":               "jobs remove no sources",
	"remove_after_transfer":       "jobs remove no sources",
	"remove_empty_directories":    "jobs remove no sources",
	"remove_skipped":              "jobs remove no sources",
	"move_after_transfer":         "jobs move no sources",
	"preserve_file_owner_uid":     "the node may not give files to others",
	"preserve_file_owner_gid":     "the node may not give files to others",
	"preserve_xattrs":             "jobs carry no extended attributes",
	"remote_preserve_xattrs":      "jobs carry no extended attributes",
	"preserve_acls":               "jobs carry no access control lists",
	"remote_preserve_acls":        "jobs carry no access control lists",
	"exclude_older_than":          "jobs leave nothing out by its time",
	"exclude_newer_than":          "jobs leave nothing out by its time",
	"wss_cert_auth_path":          "the node's own authorities are trusted",
	"ssh_private_key_path":        "the node reads no files for jobs: give ssh_private_key",
}

// jobRequest is what a job is kept as: what was asked for, without secrets, and by whom.
type jobRequest struct {
	client.TransferJob
	Party party `json:"party"`
}

// startTransfer stores a transfer that some node makes as soon as it can.
func (s *Server) startTransfer(ctx context.Context, c *caller, r *http.Request) (any, error) {
	in, err := decodeJob(r)
	if err != nil {
		return nil, err
	}
	if s.Transfers == nil {
		return nil, &apiError{http.StatusServiceUnavailable, "this node makes no transfers"}
	}
	if err := checkJob(&in); err != nil {
		return nil, err
	}
	if !c.master() {
		if err := token.CheckTags(in.Tags); err != nil {
			return nil, errForbidden("tags.aspera.faspex is for the node user alone")
		}
	}
	if err := s.filesElsewhere(); err != nil {
		return nil, err
	}
	id := uuid.NewString()
	if in.Tags, err = jobTags(in, id); err != nil {
		return nil, err
	}
	req := jobRequest{TransferJob: in, Party: partyOf(c)}
	req.TransferJobSecrets = client.TransferJobSecrets{}
	// What is not permitted is said now, and looked at again whenever a session begins.
	if _, err := s.localEnd(ctx, c, id, req.TransferJob); err != nil {
		return nil, err
	}
	job := store.Job{ID: id, Kind: store.JobTransfer, AccessKey: c.keyID(), Owner: c.user}
	if job.Request, err = json.Marshal(req); err != nil {
		return nil, fmt.Errorf("encode job: %w", err)
	}
	secrets, err := json.Marshal(in.TransferJobSecrets)
	if err != nil {
		return nil, fmt.Errorf("encode secrets of job: %w", err)
	}
	if job.Secrets, err = s.Keys.SealSecret(jobPurpose(id), secrets); err != nil {
		return nil, err
	}
	if err := s.Store.CreateTransferJob(ctx, job, jobRecord(c, id, req.TransferJob)); err != nil {
		return nil, err
	}
	s.Log.Info("transfer job made", "transfer", id, "user", c.user, "direction", in.Direction, "remote", in.RemoteHost)
	s.transferJobs.poke()
	return client.TransferJobAnswer{ID: id, TransferJob: req.TransferJob}, nil
}

// jobPurpose ties the secrets of a job to it.
func jobPurpose(id string) string { return "transfer job " + id }

// decodeJob reads the body of a job, and refuses what jobs don't do.
func decodeJob(r *http.Request) (in client.TransferJob, err error) {
	text, err := body(r)
	if err != nil {
		return in, err
	}
	if err := decodeText(text, &in); err != nil {
		return in, err
	}
	var fields map[string]json.RawMessage
	if err := decodeText(text, &fields); err != nil {
		return in, err
	}
	for _, name := range slices.Sorted(maps.Keys(notOfJobs)) {
		if value, ok := fields[name]; ok && asksFor(value) && !(name == "multi_session" && string(value) == "1") {
			return in, errBadRequest(name + " is not supported in a job: " + notOfJobs[name])
		}
	}
	return in, nil
}

// asksFor reports whether a value of a field asks for anything.
func asksFor(value json.RawMessage) bool {
	switch text := strings.TrimSpace(string(value)); text {
	case "null", "false", "0", `""`, `"none"`, "[]", "{}":
		return false
	}
	return true
}

// checkJob brings a job into its form, and refuses what can't be one.
func checkJob(in *client.TransferJob) error {
	switch {
	case !in.Direction.Valid():
		return errBadRequest(`direction must be "send" or "receive"`)
	case in.RemoteHost == "":
		return errBadRequest("remote_host is missing")
	case len(in.RemoteHost) > maxHostBytes || strings.ContainsFunc(in.RemoteHost, notInHosts):
		return errBadRequest("remote_host must be a name or an address")
	case len(in.Paths) == 0 || len(in.Paths) > maxJobPaths:
		return errBadRequest(fmt.Sprintf("paths must have 1 to %d elements, each with a source", maxJobPaths))
	case len(in.Cookie) > maxCookieBytes:
		return errBadRequest("cookie is too long")
	case len(in.Tags) > maxTagsBytes:
		return errBadRequest("tags are too large")
	case len(in.Token) > maxTokenBytes:
		return errBadRequest("token is too long")
	case len(in.Title) > maxCookieBytes:
		return errBadRequest("title is too long")
	}
	for name, port := range map[string]int{"ssh_port": in.SSHPort, "fasp_port": in.FASPPort, "wss_port": in.WSSPort} {
		if port < 0 || port > 65535 {
			return errBadRequest(name + " must be a port")
		}
	}
	if in.RemotePassword == "" {
		in.RemotePassword = in.Password
	}
	in.Password = ""
	if in.Token == "" && in.RemotePassword == "" && in.SSHPrivateKey == "" {
		return errBadRequest("token is missing: the remote node asks for a transfer token, Basic or Bearer")
	}
	if in.SSHPrivateKey != "" {
		if err := remote.CheckKey(in.SSHPrivateKey, in.SSHPrivateKeyPassphrase); err != nil {
			return errBadRequest(err.Error())
		}
	}
	if in.RemoteUser == "" {
		in.RemoteUser = "xfer"
	}
	for i, p := range in.Paths {
		if p.Source == "" {
			return errBadRequest(fmt.Sprintf("paths[%d].source is missing", i))
		}
	}
	namePaths(in)
	if _, err := transfer.Normalize(jobOptions(*in)); err != nil {
		return errBadRequest(err.Error())
	}
	return nil
}

func notInHosts(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".-:_", r)
}

// namePaths gives every path a destination if one has: a path without keeps its name.
func namePaths(in *client.TransferJob) {
	named := slices.ContainsFunc(in.Paths, func(p transferspec.Path) bool { return p.Destination != "" })
	for i, p := range in.Paths {
		if named && p.Destination == "" {
			in.Paths[i].Destination = transfer.SentName(p.Source, in.SourceBase)
		}
	}
}

// jobOptions are the settings of a job's sessions.
func jobOptions(in client.TransferJob) control.Options {
	o := control.Options{
		Resume: in.ResumePolicy, Overwrite: in.Overwrite, Symlinks: in.SymlinkPolicy,
		CreateDir: in.CreateDir == nil || *in.CreateDir, DeleteExtra: in.DeleteBeforeTransfer,
		PreserveTimes: in.PreserveTimes || in.PreserveModTime, PreserveAccessTimes: in.PreserveAccessTime,
		Checksum: in.FileChecksum, RatePolicy: in.RatePolicy, TargetKbps: in.TargetRateKbps, MinKbps: in.MinRateKbps,
		DatagramSize: in.DatagramSize, Cipher: jobCipher(in.Cipher),
	}
	for _, f := range in.Filters {
		if f.Include != "" {
			o.Filters = append(o.Filters, control.Filter{Pattern: f.Include, Include: true})
		}
		if f.Exclude != "" {
			o.Filters = append(o.Filters, control.Filter{Pattern: f.Exclude})
		}
	}
	return o
}

// jobCipher is the cipher that a published name stands for: the mode is this protocol's.
func jobCipher(name string) string {
	if name == "" || name == "none" {
		return name
	}
	name = strings.TrimSuffix(strings.TrimSuffix(name, "-cfb"), "-gcm")
	return strings.Replace(strings.Replace(name, "aes", "aes-", 1), "--", "-", 1) + "-gcm"
}

// jobTags are the tags that the remote node gets: the id of the transfer, how long it is tried again, and the folder that
// is named by its id there.
func jobTags(in client.TransferJob, id string) (json.RawMessage, error) {
	tags := map[string]any{}
	if text := strings.TrimSpace(string(in.Tags)); text != "" && text != "null" {
		if err := json.Unmarshal(in.Tags, &tags); err != nil {
			return nil, errBadRequest("tags must be an object")
		}
	}
	aspera, ok := tags["aspera"].(map[string]any)
	if !ok {
		if tags["aspera"] != nil {
			return nil, errBadRequest("tags.aspera must be an object")
		}
		aspera = map[string]any{}
		tags["aspera"] = aspera
	}
	if aspera["xfer_id"] == nil {
		aspera["xfer_id"] = id
	}
	if aspera["xfer_retry"] == nil {
		aspera["xfer_retry"] = retrySeconds
	}
	there := in.DestinationRootID
	if in.Direction == transferspec.Receive {
		there = in.SourceRootID
	}
	if there != "" || in.RemoteAccessKey != "" {
		node, _ := aspera["node"].(map[string]any)
		if node == nil {
			node = map[string]any{}
		}
		if there != "" {
			node["file_id"] = there
		}
		if in.RemoteAccessKey != "" {
			node["access_key"] = in.RemoteAccessKey
		}
		aspera["node"] = node
	}
	out, err := json.Marshal(tags)
	if err != nil {
		return nil, errBadRequest("tags are not JSON")
	}
	if _, err := readPatience(out); err != nil {
		return nil, err
	}
	return out, nil
}

// patience is how long a job is tried again after nothing came of it, or how often if Times is not 0.
type patience struct {
	For   time.Duration
	Times int
}

func readPatience(tags json.RawMessage) (patience, error) {
	var in struct {
		Aspera struct {
			Retry int64 `json:"xfer_retry"`
			Times int   `json:"xfer_max_retries"`
		} `json:"aspera"`
	}
	if err := json.Unmarshal(tags, &in); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return patience{}, errBadRequest("tags." + wrong.Field + " must be a number")
		}
		return patience{}, errBadRequest("tags are not JSON")
	}
	if in.Aspera.Retry < 0 || in.Aspera.Times < 0 {
		return patience{}, errBadRequest("tags.aspera.xfer_retry and xfer_max_retries must not be negative")
	}
	return patience{For: time.Duration(min(in.Aspera.Retry, int64(token.MaxLife/time.Second))) * time.Second,
		Times: in.Aspera.Times}, nil
}

// jobRecord is what is written down of a job's transfer. It never looks like one of a transfer token, which Faspex would
// believe.
func jobRecord(c *caller, id string, in client.TransferJob) record.Transfer {
	kind := token.KindBasic
	if c.bearer {
		kind = token.KindBearer
	}
	o := jobOptions(in)
	spec := record.StartSpec{
		SourcePaths: []string{}, DestinationPath: in.DestinationRoot, RemoteHost: in.RemoteHost, SSHPort: in.SSHPort,
		FASPPort: in.FASPPort, Cipher: o.Cipher, RatePolicy: o.RatePolicy, TargetRateKbps: o.TargetKbps,
		MinRateKbps: o.MinKbps, ResumePolicy: o.Resume, OverwritePolicy: o.Overwrite, CreateDir: o.CreateDir,
		DatagramSize: o.DatagramSize, PreserveTimestamps: o.PreserveTimes, FileChecksumType: o.Checksum,
		RemoteAccessKey: in.RemoteAccessKey, SourceRootID: in.SourceRootID, DestinationRootID: in.DestinationRootID,
	}
	for _, p := range in.Paths[:min(len(in.Paths), maxFilesShown)] {
		spec.SourcePaths = append(spec.SourcePaths, p.Source)
	}
	t := record.Transfer{TransferID: id, Direction: in.Direction, AccessKey: c.keyID(), TokenUser: c.user, TokenKind: kind,
		RemoteUser: in.RemoteUser, Cookie: in.Cookie, Tags: in.Tags, StartSpec: spec}
	if c.key != nil {
		t.KeyCreatedUsec = c.key.CreatedUsec
	}
	return t
}
