package main

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transferspec"
)

type spec = transferspec.Spec

// options are all options, those that work in the order of the help. TestOptionsAreComplete holds the published names
// against it.
var options = slices.Concat(working, withoutEffect, unsupported)

// working are the options that do what their published descriptions say.
var working = []option{
	{flag: "mode", fields: []string{"direction"}, usage: "`send` or recv", setting: direction},
	{flag: "host", fields: []string{"remote_host"}, usage: "server `name` or address",
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.host, s.RemoteHost })},
	{flag: "user", fields: []string{"remote_user"}, usage: "transfer user `name` on the server",
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.user, s.RemoteUser })},
	{flag: "ssh-port", short: "P", fields: []string{"ssh_port"}, usage: "TCP `port` of the server (default 33001)",
		setting: port(func(d *draft, s *spec) (*int, int) { return &d.sshPort, s.SSHPort })},
	{flag: "ws-connect", fields: []string{"wss_enabled"},
		usage: "begin over TLS WebSocket instead of SSH (default port 9093)", setting: webSocket},
	{fields: []string{"wss_port"},
		setting: port(func(d *draft, s *spec) (*int, int) { return &d.webSocketPort, s.WSSPort })},
	{flag: "udp-port", short: "O", fields: []string{"fasp_port"},
		usage:   "UDP `port` of the server (default: what the server says)",
		setting: number(func(d *draft, s *spec) (*int, int) { return &d.udpPort, s.FASPPort })},
	{flag: "identity", short: "i",
		usage:   "private SSH key `file` (with a token none is needed); with --ws-connect: certificate to trust",
		setting: list(func(d *draft) *[]string { return &d.keyFiles })},
	{fields: []string{"ssh_private_key_path"},
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.sshKeyFile, s.SSHPrivateKeyPath })},
	{fields: []string{"wss_cert_auth_path"},
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.authorityFile, s.WSSCertAuthPath })},
	{flag: "token", short: "W", env: "ASPERA_SCP_TOKEN", fields: []string{"token"},
		usage: "authorization `token` (better: environment ASPERA_SCP_TOKEN)", words: "authorization token",
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.token, s.Token })},
	{env: "ASPERA_SCP_KEY", fields: []string{"ssh_private_key"}, words: "private SSH key (PEM)",
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.keyPEM, s.SSHPrivateKey })},
	{env: "ASPERA_SCP_PASS", fields: []string{"remote_password"},
		words:   "passphrase of the SSH key, or password of the user",
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.password, s.RemotePassword })},
	{fields: []string{"ssh_private_key_passphrase"},
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.keyPassphrase, s.SSHPrivateKeyPassphrase })},
	{env: "ASPERA_SCP_COOKIE", fields: []string{"cookie"}, words: "text to store with the transfer",
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.cookie, s.Cookie })},
	{flag: "check-sshfp", fields: []string{"sshfp"},
		usage:   "`fingerprint` (SHA-1 or SHA-256) that the server's SSH key must have",
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.fingerprint, s.SSHFP })},
	{flag: "target-rate", short: "l", fields: []string{"target_rate_kbps"},
		usage: "target `rate` in kbit/s, or with suffix K, M, G; with % of the highest that the server allows",
		setting: rateOrShare(func(d *draft) (*int64, *int) { return &d.options.TargetKbps, &d.options.TargetPercent },
			func(s *spec) int64 { return s.TargetRateKbps })},
	{fields: []string{"target_rate_percentage"},
		setting: readBoth(func(d *draft, s *spec) (*int, string) { return &d.options.TargetPercent, s.TargetRatePercentage },
			"target_rate_percentage", percent)},
	{flag: "min-rate", short: "m", fields: []string{"min_rate_kbps"}, usage: "minimum `rate`, likewise",
		setting: rateOrShare(func(d *draft) (*int64, *int) { return &d.options.MinKbps, &d.options.MinPercent },
			func(s *spec) int64 { return s.MinRateKbps })},
	{flag: "policy", fields: []string{"rate_policy"}, usage: "rate `policy`: fair, high, low, fixed",
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.options.RatePolicy, s.RatePolicy })},
	{flag: "adaptive", short: "Q", usage: "as --policy fair; twice, as --policy low", setting: adaptive},
	{flag: "resume", short: "k", fields: []string{"resume_policy"},
		usage: "resume `policy`: 0 none, 1 attributes, 2 sparse checksums (default), 3 full checksums",
		setting: read("string", func(d *draft, s *spec) (*string, string) { return &d.options.Resume, s.ResumePolicy },
			resumePolicy)},
	{flag: "overwrite", fields: []string{"overwrite"}, usage: "`when`: never, always, diff (default), older, diff+older",
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.options.Overwrite, s.Overwrite })},
	{flag: "save-before-overwrite", fields: []string{"save_before_overwrite"},
		usage: "keep what is overwritten, under a name with the time",
		setting: truth(func(d *draft, s *spec) (*bool, bool) {
			return &d.options.SaveBeforeOverwrite, s.SaveBeforeOverwrite
		})},
	{flag: "delete-before-transfer", fields: []string{"delete_before_transfer"},
		usage:   "delete in the folders of the destination what those of the same names here do not hold",
		setting: truth(func(d *draft, s *spec) (*bool, bool) { return &d.options.DeleteExtra, s.DeleteBeforeTransfer })},
	{flag: "create-dir", short: "d", fields: []string{"create_dir"}, usage: "create the destination folder",
		setting: createDir},
	{flag: "preserve", short: "p", fields: []string{"preserve_times"}, usage: "keep modification times and permissions",
		setting: preserve},
	{flag: "preserve-modification-time", fields: []string{"preserve_modification_time"}, usage: "keep modification times",
		setting: truth(func(d *draft, s *spec) (*bool, bool) {
			return &d.options.PreserveTimes, s.PreserveModificationTime
		})},
	{flag: "preserve-access-time", fields: []string{"preserve_access_time"}, usage: "keep access times",
		setting: truth(func(d *draft, s *spec) (*bool, bool) {
			return &d.options.PreserveAccessTimes, s.PreserveAccessTime
		})},
	{flag: "preserve-file-owner-uid", fields: []string{"preserve_file_owner_uid"},
		usage:   "keep owners, by number (who receives must be root)",
		setting: truth(func(d *draft, s *spec) (*bool, bool) { return &d.options.PreserveUID, s.PreserveFileOwnerUID })},
	{flag: "preserve-file-owner-gid", fields: []string{"preserve_file_owner_gid"}, usage: "keep groups, likewise",
		setting: truth(func(d *draft, s *spec) (*bool, bool) { return &d.options.PreserveGID, s.PreserveFileOwnerGID })},
	{flag: "preserve-xattrs", fields: []string{"preserve_extended_attrs", "preserve_xattrs"},
		usage:   "keep extended attributes of users: `native` or none (default)",
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.options.Xattrs, s.PreserveExtendedAttrs })},
	{flag: "preserve-acls", fields: []string{"preserve_acls"},
		usage:   "keep POSIX access control lists: `native` or none (default)",
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.options.ACLs, s.PreserveACLs })},
	{flag: "remote-preserve-xattrs", fields: []string{"preserve_remote_extended_attrs", "remote_preserve_xattrs"},
		hidden:  true,
		usage:   "the same as --preserve-xattrs",
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.remoteXattrs, s.PreserveRemoteExtendedAttrs })},
	{flag: "remote-preserve-acls", fields: []string{"preserve_remote_acls", "remote_preserve_acls"}, hidden: true,
		usage:   "the same as --preserve-acls",
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.remoteACLs, s.PreserveRemoteACLs })},
	{flag: "file-list", usage: "`file` with one source a line",
		setting: text(ofFlag(func(d *draft) *string { return &d.fileList }))},
	{flag: "file-pair-list", usage: "`file` with a source and a destination on alternate lines",
		setting: text(ofFlag(func(d *draft) *string { return &d.pairList }))},
	{fields: []string{"paths"}, setting: paths},
	{flag: "source-prefix", usage: "`folder` to put before each source",
		setting: text(ofFlag(func(d *draft) *string { return &d.sourcePrefix }))},
	{flag: "source-prefix64", fields: []string{"source_root"}, usage: "the same, `base64`",
		setting: decodedAgain(func(d *draft, s *spec) (*string, string) { return &d.sourcePrefix, s.SourceRoot },
			"--source-prefix")},
	{flag: "src-base", usage: "`folder` whose name is not repeated at the destination; what follows it in a source is",
		setting: text(ofFlag(func(d *draft) *string { return &d.sourceBase }))},
	{flag: "src-base64", fields: []string{"src_base"}, usage: "the same, `base64`",
		setting: decodedAgain(func(d *draft, s *spec) (*string, string) { return &d.sourceBase, s.SourceBase },
			"--src-base")},
	{fields: []string{"src_base64"},
		setting: readBoth(func(d *draft, s *spec) (*string, string) { return &d.sourceBase, s.SourceBase64 },
			"src_base64", decode64)},
	{flag: "dest64", usage: "the destination is base64",
		setting: truth(ofFlag(func(d *draft) *bool { return &d.dest64 }))},
	{fields: []string{"destination_root"},
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.destination, s.DestinationRoot })},
	{flag: "symbolic-links", fields: []string{"symlink_policy"},
		usage:   "`policy`: follow (default), copy, copy+force, skip",
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.options.Symlinks, s.SymlinkPolicy })},
	{flag: "remove-after-transfer", fields: []string{"remove_after_transfer"},
		usage:   "remove each file once the receiver has verified it",
		setting: truth(func(d *draft, s *spec) (*bool, bool) { return &d.after.remove, s.RemoveAfterTransfer })},
	{flag: "remove-skipped", fields: []string{"remove_skipped"}, usage: "likewise files that the receiver had already",
		setting: truth(func(d *draft, s *spec) (*bool, bool) { return &d.after.skipped, s.RemoveSkipped })},
	{flag: "remove-empty-directories", fields: []string{"remove_empty_directories"},
		usage:   "remove empty folders beneath the sources when all is sent",
		setting: truth(func(d *draft, s *spec) (*bool, bool) { return &d.after.emptyFolders, s.RemoveEmptyDirectories })},
	{flag: "remove-empty-source-directory", fields: []string{"remove_empty_source_directory", "remove_empty_source_dir"},
		usage:   "likewise the sources themselves",
		setting: truth(func(d *draft, s *spec) (*bool, bool) { return &d.after.emptySources, s.RemoveEmptySourceDirectory })},
	{fields: []string{"delete_source"},
		setting: truth(func(d *draft, s *spec) (*bool, bool) { return &d.after.deleteEverything, s.DeleteSource })},
	{flag: "move-after-transfer", fields: []string{"move_after_transfer"},
		usage:   "move each file that is sent into this `folder` once the receiver has verified it",
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.after.archive, s.MoveAfterTransfer })},
	{flag: "exclude", short: "E", usage: "leave out names that match the `pattern` (below)", setting: filter(false)},
	{flag: "include", short: "N", usage: "keep names that match the `pattern`, whatever -E follows",
		setting: filter(true)},
	{flag: "exclude-newer-than", fields: []string{"exclude_newer_than"},
		usage: "leave out files newer than this `time` (seconds since 1970, negative: before now)",
		setting: readBoth(func(d *draft, s *spec) (*int64, string) { return &d.options.NewerThan, s.ExcludeNewerThan },
			"exclude_newer_than", moment)},
	{flag: "exclude-older-than", fields: []string{"exclude_older_than"}, usage: "leave out files older than this `time`",
		setting: readBoth(func(d *draft, s *spec) (*int64, string) { return &d.options.OlderThan, s.ExcludeOlderThan },
			"exclude_older_than", moment)},
	{flag: "skip-special-files", fields: []string{"skip_special_files"},
		usage:   "leave out devices, pipes and sockets without an error",
		setting: truth(func(d *draft, s *spec) (*bool, bool) { return &d.options.SkipSpecial, s.SkipSpecialFiles })},
	{flag: "cipher", short: "c", fields: []string{"cipher"}, usage: "`cipher`: aes128, aes192, aes256 (always GCM), none",
		setting: readBoth(func(d *draft, s *spec) (*string, string) { return &d.options.Cipher, s.Cipher }, "cipher",
			func(_, text string) (string, error) { return cipher(text) })},
	{flag: "datagram-size", short: "Z", fields: []string{"dgram_size"},
		usage:   "largest UDP payload in `bytes` (default: found out)",
		setting: number(func(d *draft, s *spec) (*int, int) { return &d.options.DatagramSize, s.DatagramSize })},
	{flag: "tags64", fields: []string{"tags64"}, usage: "`base64` of JSON to store with the transfer",
		setting: tags(func(s *spec) string { return s.Tags64 }, decode64)},
	{flag: "tags", fields: []string{"tags"}, usage: "the same, `JSON` as it is",
		setting: tags(func(s *spec) string { return string(s.Tags) },
			func(_, text string) (string, error) { return text, nil })},
	{flag: "transfer-spec", usage: "run the transfer spec (JSON) in `file`, - for standard input",
		setting: text(ofFlag(func(d *draft) *string { return &d.specFile }))},
	{flag: "file-checksum", fields: []string{"file_checksum"},
		usage: "also compute, compare and report this `digest` of each file: " +
			"sha-512, sha-384, sha-256, sha1, md5, none (default)",
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.options.Checksum, s.FileChecksum })},
	{flag: "file-crypt", fields: []string{"content_protection"},
		usage:   "`encrypt` files that are sent, or decrypt those received, with the passphrase ASPERA_SCP_FILEPASS",
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.fileCrypt, s.ContentProtection })},
	{env: "ASPERA_SCP_FILEPASS", fields: []string{"content_protection_password"},
		words:   "passphrase of --file-crypt; without it nobody can read the files",
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.filePass, s.ContentProtectionPassword })},
	{flag: "fail-bad-filepass", fields: []string{"fail_bad_filepass"},
		usage:   "stop at the first file that has another passphrase",
		setting: truth(func(d *draft, s *spec) (*bool, bool) { return &d.failBadPass, s.FailBadFilePass })},
	{fields: []string{"obfuscate_file_names"}, words: "send files and folders under names that tell nothing",
		setting: truth(func(d *draft, s *spec) (*bool, bool) { return &d.maskNames, s.ObfuscateFileNames })},
	{fields: []string{"obfuscation_key"}, words: "what these names follow from; random without it",
		setting: text(func(d *draft, s *spec) (*string, string) { return &d.maskKey, s.ObfuscationKey })},
	{flag: "management-port", short: "M", usage: "report to a manager on this local `port`",
		setting: number(ofFlag(func(d *draft) *int { return &d.managementPort }))},
	{flag: "keepalive", fields: []string{"keepalive"},
		usage:   "send the files that the manager names, until it says that there are no more",
		setting: truth(func(d *draft, s *spec) (*bool, bool) { return &d.keepalive, s.Keepalive })},
	{flag: "session", short: "C",
		usage: "move share `i:n` of the transfer, i from 1 to n; run n of them, here or on several machines, " +
			"with the same arguments",
		setting: share},
	{flag: "multi-session-threshold", fields: []string{"multi_session_threshold"},
		usage:   "split files of so many `bytes` and more among the n sessions of -C (0: none)",
		setting: number(func(d *draft, s *spec) (*int64, int64) { return &d.options.SplitFrom, s.MultiSessionThreshold })},
	{flag: "retry-timeout",
		usage:   "when the connection is lost, connect again and resume for as much `time` (as 90s, 10m, or 90: seconds)",
		setting: duration(ofFlag(func(d *draft) *time.Duration { return &d.retryTimeout }))},
	{flag: "file-manifest", usage: "write a list of all files of the transfer: `text`, or none (default)",
		setting: text(ofFlag(func(d *draft) *string { return &d.list.form }))},
	{flag: "file-manifest-path", usage: "`folder` for that list (default: the current one)",
		setting: text(ofFlag(func(d *draft) *string { return &d.list.folder }))},
	{flag: "file-manifest-inprogress-suffix", usage: "`suffix` that the list has until it is complete",
		setting: text(ofFlag(func(d *draft) *string { return &d.list.suffix }))},
	{flag: "local-log", short: "L",
		usage:   "write a log into this `folder` (:n behind it bounds it to n MB), - for standard error",
		setting: text(ofFlag(func(d *draft) *string { return &d.logFolder }))},
	{flag: "quiet", short: "q", usage: "no progress bar",
		setting: truth(ofFlag(func(d *draft) *bool { return &d.quiet }))},
	{flag: "debug", short: "D",
		usage:   "when sending, say once a second on standard error what the rate control sees and does",
		setting: truth(ofFlag(func(d *draft) *bool { return &d.debug }))},
	{flag: "no-encryption", short: "T",
		usage:   "do not encrypt the data, only authenticate it, where the server permits that",
		setting: truth(ofFlag(func(d *draft) *bool { return &d.inClear }))},
	{flag: "version", short: "A", usage: "say which version this is", setting: askedFor},
	{flag: "help", short: "h", usage: "this text", setting: askedFor},
}

// Settings of a kind of their own.
var (
	direction = setting{kind: "string",
		flag: func(d *draft, _ string, texts []string) error { d.mode = texts[len(texts)-1]; return nil },
		spec: func(d *draft, s *spec) error { d.direction = s.Direction; return nil },
	}
	// A spec's WebSocket is of no use without a token: nothing else authorizes over it. The token may come later in the
	// table.
	webSocket = setting{kind: "bool",
		flag: truth(ofFlag(func(d *draft) *bool { return &d.webSocket })).flag,
		spec: func(d *draft, s *spec) error { d.offersWebSocket = s.WSSEnabled; return nil },
	}
	// Whoever made a spec chose the destination. Programs that run specs create it, whatever the field says.
	createDir = setting{kind: "bool",
		flag: truth(ofFlag(func(d *draft) *bool { return &d.options.CreateDir })).flag,
		spec: func(d *draft, _ *spec) error { d.options.CreateDir = true; return nil },
	}
	// The flag keeps permissions, too.
	preserve = setting{kind: "bool",
		flag: func(d *draft, name string, texts []string) error {
			err := truth(ofFlag(func(d *draft) *bool { return &d.options.PreserveModes })).flag(d, name, texts)
			d.options.PreserveTimes = d.options.PreserveTimes || d.options.PreserveModes
			return err
		},
		spec: func(d *draft, s *spec) error { fill(&d.options.PreserveTimes, s.PreserveTimes); return nil },
	}
	adaptive = setting{kind: kindCount, flag: func(d *draft, _ string, texts []string) error {
		policy := engine.PolicyFair
		if len(texts) > 1 {
			policy = engine.PolicyLow
		}
		fill(&d.options.RatePolicy, string(policy))
		return nil
	}}
	paths = setting{spec: func(d *draft, s *spec) error {
		if len(d.sources) == 0 {
			d.sources = s.Paths
		}
		return d.noticePairs()
	}}
	// What is asked for instead of a transfer is looked for before anything else is read.
	askedFor = setting{kind: "bool", flag: func(*draft, string, []string) error { return nil }}
	share    = setting{kind: "string", flag: func(d *draft, _ string, texts []string) (err error) {
		d.options.Session, d.options.Sessions, err = sessionOf(texts[len(texts)-1])
		return err
	}}
)

// rateOrShare is a rate, or on the command line a share of the highest that the server allows.
func rateOrShare(of func(*draft) (*int64, *int), ofSpec func(*spec) int64) setting {
	return setting{kind: "string",
		flag: func(d *draft, name string, texts []string) (err error) {
			rate, share := of(d)
			text := texts[len(texts)-1]
			if part, ok := cutPercent(text); ok {
				*share, err = percent(name, part)
				return err
			}
			*rate, err = kbps(name, text)
			return err
		},
		spec: func(d *draft, s *spec) error {
			if rate, share := of(d); *share == 0 {
				fill(rate, ofSpec(s))
			}
			return nil
		},
	}
}

// tags are JSON in one of two forms.
func tags(of func(*spec) string, decode func(name, text string) (string, error)) setting {
	set := func(d *draft, name, text string) error {
		text, err := decode(name, text)
		switch {
		case err != nil:
			return err
		case text == "" || len(d.tags) > 0:
			return nil
		case !json.Valid([]byte(text)):
			return errors.New("the tags are not JSON")
		}
		d.tags = json.RawMessage(text)
		return nil
	}
	return setting{kind: "string",
		flag: func(d *draft, name string, texts []string) error { return set(d, name, texts[len(texts)-1]) },
		spec: func(d *draft, s *spec) error { return set(d, "transfer spec: tags64", of(s)) },
	}
}

// resumePolicy reads the number that stands for a policy on the command line.
func resumePolicy(name, text string) (string, error) {
	policies := []string{manifest.ResumeNone, manifest.ResumeAttrs, manifest.ResumeSparse, manifest.ResumeFull}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n >= len(policies) {
		return "", errors.New(name + " takes 0, 1, 2 or 3, not " + strconv.Quote(text))
	}
	return policies[n], nil
}
