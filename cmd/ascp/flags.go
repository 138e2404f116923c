package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transferspec"
	"github.com/spf13/pflag"
)

var errHelp = errors.New("help")

// flags are the options of the command line, under their published names.
type flags struct {
	mode, host, user, token, cipher, sshfp, policy, overwrite, resume, links         string
	dest64                                                                           bool
	fileList, pairList, prefix64, base64, tags, tags64, spec, session, checksum      string
	fileCrypt                                                                        string
	webSocket                                                                        bool
	failBadPass                                                                      bool
	targetRate, minRate, newer, older                                                string
	sshPort, udpPort, management, datagram                                           int
	splitFrom                                                                        int64
	retryTimeout                                                                     time.Duration
	identities, exclude                                                              []string
	createDir, preserve, preserveTime, quiet, debug, noEncryption, skipSpecial, help bool
	preserveAccess, preserveUID, preserveGID                                         bool
	xattrs, remoteXattrs, acls, remoteACLs                                           string
}

func newFlags() (*pflag.FlagSet, *flags) {
	f := &flags{}
	s := pflag.NewFlagSet("ascp", pflag.ContinueOnError)
	s.SortFlags = false
	s.StringVar(&f.mode, "mode", "", "`send` or recv")
	s.StringVar(&f.host, "host", "", "server `name` or address")
	s.StringVar(&f.user, "user", "", "transfer user `name` on the server")
	s.IntVarP(&f.sshPort, "ssh-port", "P", defaultSSHPort, "TCP `port` of the server")
	s.BoolVar(&f.webSocket, "ws-connect", false, "begin over TLS WebSocket instead of SSH (default port 9093)")
	s.IntVarP(&f.udpPort, "udp-port", "O", 0, "UDP `port` of the server (default: what the server says)")
	s.StringArrayVarP(&f.identities, "identity", "i", nil, "private SSH key `file` (with a token none is needed); with --ws-connect: certificate to trust")
	s.StringVarP(&f.token, "token", "W", "", "authorization `token` (better: environment ASPERA_SCP_TOKEN)")
	s.StringVar(&f.sshfp, "check-sshfp", "", "`fingerprint` (SHA-1 or SHA-256) that the server's SSH key must have")
	s.StringVarP(&f.targetRate, "target-rate", "l", "", "target `rate` in kbit/s, or with suffix K, M, G")
	s.StringVarP(&f.minRate, "min-rate", "m", "", "minimum `rate`, likewise")
	s.StringVar(&f.policy, "policy", "", "rate `policy`: fair, high, low, fixed")
	s.StringVarP(&f.resume, "resume", "k", "", "resume `policy`: 0 none, 1 attributes, 2 sparse checksums (default), 3 full checksums")
	s.StringVar(&f.overwrite, "overwrite", "", "`when`: never, always, diff (default), older, diff+older")
	s.BoolVarP(&f.createDir, "create-dir", "d", false, "create the destination folder")
	s.BoolVarP(&f.preserve, "preserve", "p", false, "keep modification times and permissions")
	s.BoolVar(&f.preserveTime, "preserve-modification-time", false, "keep modification times")
	s.BoolVar(&f.preserveAccess, "preserve-access-time", false, "keep access times")
	s.BoolVar(&f.preserveUID, "preserve-file-owner-uid", false, "keep owners, by number (who receives must be root)")
	s.BoolVar(&f.preserveGID, "preserve-file-owner-gid", false, "keep groups, likewise")
	s.StringVar(&f.xattrs, "preserve-xattrs", "", "keep extended attributes of users: `native` or none (default)")
	s.StringVar(&f.acls, "preserve-acls", "", "keep POSIX access control lists: `native` or none (default)")
	s.StringVar(&f.remoteXattrs, "remote-preserve-xattrs", "", "the same as --preserve-xattrs")
	s.StringVar(&f.remoteACLs, "remote-preserve-acls", "", "the same as --preserve-acls")
	s.Lookup("remote-preserve-xattrs").Hidden, s.Lookup("remote-preserve-acls").Hidden = true, true
	s.StringVar(&f.fileList, "file-list", "", "`file` with one source a line")
	s.StringVar(&f.pairList, "file-pair-list", "", "`file` with a source and a destination on alternate lines")
	s.StringVar(&f.prefix64, "source-prefix64", "", "`base64` of a folder to put before each source")
	s.StringVar(&f.base64, "src-base64", "", "`base64` of the part of sources that is not repeated at the destination")
	s.BoolVar(&f.dest64, "dest64", false, "the destination is base64")
	s.StringVar(&f.links, "symbolic-links", "", "`policy`: follow (default), copy, copy+force, skip")
	s.StringArrayVarP(&f.exclude, "exclude", "E", nil, "leave out names that match the `pattern`")
	s.StringVar(&f.newer, "exclude-newer-than", "", "leave out files newer than this `time` (seconds since 1970, negative: before now)")
	s.StringVar(&f.older, "exclude-older-than", "", "leave out files older than this `time`")
	s.BoolVar(&f.skipSpecial, "skip-special-files", false, "leave out devices, pipes and sockets without an error")
	s.StringVarP(&f.cipher, "cipher", "c", "", "`cipher`: aes128, aes192, aes256 (always GCM), none")
	s.IntVarP(&f.datagram, "datagram-size", "Z", 0, "largest UDP payload in `bytes` (default: found out)")
	s.StringVar(&f.tags, "tags", "", "`JSON` to store with the transfer")
	s.StringVar(&f.tags64, "tags64", "", "the same in `base64`")
	s.StringVar(&f.spec, "transfer-spec", "", "run the transfer spec (JSON) in `file`, - for standard input")
	s.StringVar(&f.checksum, "file-checksum", "", "also compute, compare and report this `digest` of each file: sha-512, sha-384, sha-256, sha1, md5, none (default)")
	s.StringVar(&f.fileCrypt, "file-crypt", "", "`encrypt` files that are sent, or decrypt those received, with the passphrase ASPERA_SCP_FILEPASS")
	s.BoolVar(&f.failBadPass, "fail-bad-filepass", false, "stop at the first file that has another passphrase")
	s.IntVarP(&f.management, "management-port", "M", 0, "report to a manager on this local `port`")
	s.StringVarP(&f.session, "session", "C", "", "move share `i:n` of the transfer, i from 1 to n; run n of them, here or on several machines, with the same arguments")
	s.Int64Var(&f.splitFrom, "multi-session-threshold", 0, "split files of so many `bytes` and more among the n sessions of -C (0: none)")
	s.DurationVar(&f.retryTimeout, "retry-timeout", 0, "when the connection is lost, connect again and resume for as much `time` (as 90s or 10m)")
	s.BoolVarP(&f.quiet, "quiet", "q", false, "no progress bar")
	s.BoolVarP(&f.debug, "debug", "D", false, "when sending, say once a second on standard error what the rate control sees and does")
	s.BoolVarP(&f.noEncryption, "no-encryption", "T", false, "authenticate the data and do not encrypt it, as -c none; the server has to allow it")
	s.BoolVarP(&f.help, "help", "h", false, "this text")
	addIgnored(s)
	addUnsupported(s)
	return s, f
}

// parse reads the command line and the environment. It returns errHelp when help was asked for.
func parse(args []string, env func(string) string) (*request, error) {
	set, f := newFlags()
	set.SetOutput(os.Stderr)
	set.Usage = func() {}
	if err := set.Parse(dropValueOfPreserve(args)); err != nil {
		return nil, err
	}
	if f.help || len(args) == 0 {
		return nil, errHelp
	}
	if err := refuseUnsupported(set); err != nil {
		return nil, err
	}
	r := &request{
		sshPort: f.sshPort, udpPort: f.udpPort, user: f.user, host: f.host, keyFiles: f.identities, fingerprint: f.sshfp,
		token: f.token, quiet: f.quiet, debug: f.debug, retryTimeout: f.retryTimeout, managementPort: f.management,
		keyPEM: env("ASPERA_SCP_KEY"), password: env("ASPERA_SCP_PASS"), cookie: env("ASPERA_SCP_COOKIE"),
		webSocket: f.webSocket,
		fileCrypt: f.fileCrypt, filePass: env("ASPERA_SCP_FILEPASS"), failBadPass: f.failBadPass,
	}
	if r.token == "" {
		r.token = env("ASPERA_SCP_TOKEN")
	}
	if f.webSocket && set.Changed("ssh-port") {
		r.webSocketPort = f.sshPort
	}
	if err := f.settings(r); err != nil {
		return nil, err
	}
	if f.spec != "" {
		if set.NArg() > 1 {
			return nil, fmt.Errorf("with --transfer-spec at most a local destination can be named")
		}
		if err := r.applySpecFile(f.spec); err != nil {
			return nil, err
		}
		if set.NArg() == 1 {
			if r.direction == transferspec.Send {
				return nil, fmt.Errorf("a transfer spec that sends names its own destination")
			}
			r.destination = set.Arg(0)
		}
		return r, r.complete()
	}
	if err := f.words(r, set.Args()); err != nil {
		return nil, err
	}
	return r, r.complete()
}

// settings reads what is neither a name nor a place.
func (f *flags) settings(r *request) error {
	o := &r.options
	o.Overwrite, o.Symlinks, o.CreateDir, o.RatePolicy, o.Exclude = f.overwrite, f.links, f.createDir, f.policy, f.exclude
	o.DatagramSize, o.SkipSpecial = f.datagram, f.skipSpecial
	o.PreserveTimes, o.PreserveModes = f.preserve || f.preserveTime, f.preserve
	o.PreserveAccessTimes, o.PreserveUID, o.PreserveGID = f.preserveAccess, f.preserveUID, f.preserveGID
	var err error
	if o.Xattrs, err = kept("--remote-preserve-xattrs", f.xattrs, f.remoteXattrs); err != nil {
		return err
	}
	if o.ACLs, err = kept("--remote-preserve-acls", f.acls, f.remoteACLs); err != nil {
		return err
	}
	if f.resume != "" {
		n, err := strconv.Atoi(f.resume)
		policies := []string{manifest.ResumeNone, manifest.ResumeAttrs, manifest.ResumeSparse, manifest.ResumeFull}
		if err != nil || n < 0 || n >= len(policies) {
			return fmt.Errorf("-k takes 0, 1, 2 or 3, not %q", f.resume)
		}
		o.Resume = policies[n]
	}
	if o.TargetKbps, err = kbps("-l", f.targetRate); err != nil {
		return err
	}
	if o.MinKbps, err = kbps("-m", f.minRate); err != nil {
		return err
	}
	if o.NewerThan, err = moment("--exclude-newer-than", f.newer); err != nil {
		return err
	}
	if o.OlderThan, err = moment("--exclude-older-than", f.older); err != nil {
		return err
	}
	if f.noEncryption {
		if f.cipher != "" && f.cipher != "none" {
			return fail.New(fail.Usage, "-T and -c %s exclude each other", f.cipher)
		}
		f.cipher = "none"
	}
	if o.Cipher, err = cipher(f.cipher); err != nil {
		return err
	}
	if o.Session, o.Sessions, err = sessionOf(f.session); err != nil {
		return err
	}
	o.SplitFrom = f.splitFrom
	o.Checksum = f.checksum
	if r.sourcePrefix, err = decode64("--source-prefix64", f.prefix64); err != nil {
		return err
	}
	if r.sourceBase, err = decode64("--src-base64", f.base64); err != nil {
		return err
	}
	tags := f.tags
	if f.tags64 != "" {
		if tags, err = decode64("--tags64", f.tags64); err != nil {
			return err
		}
	}
	if tags != "" {
		if !json.Valid([]byte(tags)) {
			return errors.New("the tags are not JSON")
		}
		r.tags = json.RawMessage(tags)
	}
	return nil
}

// kept is the policy for attributes that both ends have; the name is the one of the remote end's.
func kept(name, local, remote string) (string, error) {
	if remote != "" && remote != local {
		return "", fail.New(fail.Usage, "%s %s: attributes are kept in the same way at both ends, or not at all", name, remote)
	}
	return local, nil
}

// kbps reads a rate: a number of kbit/s, or with a suffix.
func kbps(name, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	number, factor := text, 1.0
	switch text[len(text)-1] {
	case 'k', 'K':
		number = text[:len(text)-1]
	case 'm', 'M':
		number, factor = text[:len(text)-1], 1e3
	case 'g', 'G':
		number, factor = text[:len(text)-1], 1e6
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || v < 0 || math.IsNaN(v) || v*factor > 1e12 {
		return 0, fmt.Errorf("%s takes a rate in kbit/s, such as 100000 or 100M, not %q", name, text)
	}
	return int64(v * factor), nil
}

// moment reads a time in seconds since 1970; negative numbers are seconds before now.
func moment(name, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return 0, fmt.Errorf("%s takes seconds since 1970 or a time such as 2026-01-02T15:04:05Z, not %q", name, text)
		}
		return at.Unix(), nil
	}
	if v < 0 {
		v += time.Now().Unix()
	}
	return v, nil
}

func cipher(text string) (string, error) {
	if text == "none" {
		return text, nil
	}
	plain := strings.ReplaceAll(strings.ToLower(text), "-", "")
	plain = strings.TrimSuffix(strings.TrimSuffix(plain, "gcm"), "cfb")
	switch plain {
	case "":
		return "", nil
	case "aes128", "aes192", "aes256":
		return "aes-" + plain[3:] + "-gcm", nil
	}
	return "", fail.New(fail.Usage, "cipher %q is not supported, use aes128, aes192, aes256 or none", text)
}

func decode64(name, text string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", fmt.Errorf("%s is not base64", name)
	}
	return string(b), nil
}

// dropValueOfPreserve removes a truth value after -p: some programs that drive ascp write one.
func dropValueOfPreserve(args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		out = append(out, args[i])
		if args[i] == "-p" && i+1 < len(args) && (args[i+1] == "true" || args[i+1] == "yes") {
			i++
		}
	}
	return out
}
